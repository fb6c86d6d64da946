"""A directory of image files: ``<image id>`` once complete, ``<image id>.part`` while it is written.

A file is written beside, flushed to the disk and renamed: what has its final name is complete and never changes.
Finished files are only ever unlinked, so a host may hard-link them as backing files; it may also give the inode to
QEMU's user, which is why nothing here relies on owning it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from micronova.model.errors import NotFound, StorageFull
from micronova.model.ids import ImageId, is_uuid

_PART = ".part"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ImageStore:
    """Images' bytes in one directory (mode 0700, files 0600).  Also the ``ImageSource`` of hosts in this process."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def local_path(self, image_id: ImageId) -> Path | None:
        """The image's complete file, which never changes; None if there is none."""
        path = self._path(image_id)
        return path if path.is_file() else None

    def open(self, image_id: ImageId) -> BinaryIO:
        """The image's bytes.  Raises NotFound if there are none."""
        try:
            return self._path(image_id).open("rb")
        except FileNotFoundError as err:
            raise NotFound(f"Image {image_id} has no data.", detail=f"no file in {self._root}") from err

    def write(self, image_id: ImageId) -> Writing:
        """A new file for the image; the caller makes sure that only one upload has the image."""
        return Writing(self._path(image_id))

    def remove(self, image_id: ImageId) -> None:
        """Remove what there is of the image, complete or not."""
        self._path(image_id).unlink(missing_ok=True)
        self.remove_part(image_id)

    def remove_part(self, image_id: ImageId) -> None:
        """Remove only what is not complete."""
        _part(self._path(image_id)).unlink(missing_ok=True)

    def complete(self) -> Iterator[ImageId]:
        """Ids of all complete images."""
        for path in self._root.iterdir():
            if is_uuid(path.name):
                yield ImageId(path.name)

    def partial(self) -> Iterator[ImageId]:
        """Ids of all images of which there is a part."""
        for path in self._root.glob(f"*{_PART}"):
            if is_uuid(path.name.removesuffix(_PART)):
                yield ImageId(path.name.removesuffix(_PART))

    def size(self, image_id: ImageId) -> int | None:
        """Bytes of the complete file; None if there is none."""
        try:
            return self._path(image_id).stat().st_size
        except FileNotFoundError:
            return None

    def _path(self, image_id: ImageId) -> Path:
        if not is_uuid(image_id):  # T-IMG2: an id is never a path
            raise NotFound(f"No image found with ID {image_id[:64]}")
        return self._root / image_id


class Writing:
    """A file being written: ``with store.write(id) as file: file.write(...); file.commit()``.

    Leaves nothing behind unless committed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = _part(path)
        self._file = -1

    def __enter__(self) -> Self:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self._beside, flags, 0o600)
        return self

    def write(self, chunk: bytes) -> None:
        """Append.  Raises StorageFull."""
        view = memoryview(chunk)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as err:
            raise _explained(err) from err

    def commit(self) -> None:
        """Make the file complete and lasting.  Raises StorageFull."""
        try:
            os.fsync(self._file)
            os.close(self._file)
            self._file = -1
            self._beside.replace(self._path)
            directory = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as err:
            raise _explained(err) from err

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._beside.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(path.name + _PART)


def _explained(err: OSError) -> Exception:
    if err.errno in _FULL:
        return StorageFull("There is not enough disk space on the image storage media.", detail=str(err))
    return err
