"""Images on this host, as bases that disks stand on or are copied from.

    source ── hard link or copy ──> .part ── hash, header ──> (convert to raw) ──> cache/<image id>.<hash>.<format>

What has its final name was verified and is whole; what has not is removed at the next start.  The built-in store's own
file is taken by a hard link where that is safe: same file system, ours, and of a format that QEMU can stand a disk on.
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from micronova import imageformat
from micronova.host.atomic_file import storage_error
from micronova.host.interface import Cancel, ImageRef, ImageSource
from micronova.host.locks import KeyedLocks
from micronova.host.storage import qemu_img
from micronova.host.storage.interface import Base
from micronova.host.storage.layout import Layout
from micronova.model.errors import Invalid, Unsupported

_CHUNK = 4 << 20
_PART = ".part"

# Glance's disk_format -> how QEMU reads it.
_QEMU_FORMATS = {
    "raw": qemu_img.Format.RAW,
    "iso": qemu_img.Format.RAW,
    "qcow2": qemu_img.Format.QCOW2,
    "vmdk": qemu_img.Format.VMDK,
    "vdi": qemu_img.Format.VDI,
    "vhd": qemu_img.Format.VHD,
    "vhdx": qemu_img.Format.VHDX,
    "qed": qemu_img.Format.QED,
}
_BASE_FORMATS = (qemu_img.Format.RAW, qemu_img.Format.QCOW2)
SUPPORTED = tuple(_QEMU_FORMATS)


class ImageCache:
    """The folder of bases.  ``force_raw``: keep every base as raw (``force_raw_images``), at the price of a copy."""

    def __init__(self, layout: Layout, source: ImageSource, *, force_raw: bool) -> None:
        self._layout = layout
        self._source = source
        self._force_raw = force_raw
        self._locks = KeyedLocks()

    def prepare(self) -> None:
        """Remove what an interrupted download left."""
        for path in self._layout.cache.iterdir():
            if path.name.endswith(_PART):
                path.unlink(missing_ok=True)

    def ensure(self, image: ImageRef, cancel: Cancel) -> Base:
        """The image's base; made if it is not there, once however many ask.

        Invalid if the bytes are not what was declared; NotFound if the image is gone; StorageFull without space.
        """
        form = self._base_format(image)
        path = self._path(image, form)
        if not path.exists():
            with self._locks.holding(image.id):
                if not path.exists():
                    cancel.check()
                    self._make(image, form, path, cancel)
        return Base(path=path, format=form, virtual_size=image.virtual_size)

    def _base_format(self, image: ImageRef) -> qemu_img.Format:
        form = _QEMU_FORMATS.get(image.disk_format)
        if form is None:
            raise Unsupported(
                f"Servers cannot be booted from an image of format {image.disk_format};"
                f" possible are {', '.join(SUPPORTED)}."
            )
        return form if form in _BASE_FORMATS and not self._force_raw else qemu_img.Format.RAW

    def _path(self, image: ImageRef, form: qemu_img.Format) -> Path:
        digest = hashlib.sha256(f"{image.hash_algo}:{image.hash_value}".encode()).hexdigest()[:16]
        return self._layout.cache / f"{image.id}.{digest}.{form}"

    def _make(self, image: ImageRef, form: qemu_img.Format, path: Path, cancel: Cancel) -> None:
        part = path.with_name(f".{path.name}{_PART}")
        converted = path.with_name(f".{path.name}.converted{_PART}")
        try:
            part.unlink(missing_ok=True)
            self._fetch(image, form, part, cancel)
            _check(image, part)
            cancel.check()
            source_format = _QEMU_FORMATS[image.disk_format]
            if source_format is form:
                finished = part
            else:
                converted.unlink(missing_ok=True)
                qemu_img.convert(part, source_format, converted, form)
                finished = converted
            self._layout.share_with_qemu(finished)
            finished.replace(path)
        except OSError as err:
            raise storage_error(err, f"cache image {image.id}") from err
        finally:
            part.unlink(missing_ok=True)
            converted.unlink(missing_ok=True)

    def _fetch(self, image: ImageRef, form: qemu_img.Format, part: Path, cancel: Cancel) -> None:
        """Have the bytes at ``part``, verified by their hash."""
        local = self._source.local_path(image.id)
        if local is not None and _QEMU_FORMATS[image.disk_format] is form and _link(local, part):
            with part.open("rb") as stream:
                _verify(image, _pass_through(image, stream, None, cancel))
            return
        with self._source.open(image.id) as stream, part.open("xb") as out:
            part.chmod(0o600)
            digest = _pass_through(image, stream, out, cancel)
            out.flush()
            os.fsync(out.fileno())
        _verify(image, digest)


def _pass_through(image: ImageRef, stream: BinaryIO, out: BinaryIO | None, cancel: Cancel) -> str:
    """Read to the end and give the hexadecimal digest; copy to ``out``, with zeros left as holes."""
    digest = hashlib.new(image.hash_algo)
    size = 0
    while chunk := stream.read(_CHUNK):
        cancel.check()
        size += len(chunk)
        if size > image.size:
            break  # longer than recorded: the hash cannot fit, and nobody pays for the rest
        digest.update(chunk)
        if out is None:
            continue
        if chunk.count(0) == len(chunk):
            out.seek(len(chunk), os.SEEK_CUR)
        else:
            out.write(chunk)
    if out is not None:
        out.truncate(size)
    return digest.hexdigest()


def _verify(image: ImageRef, digest: str) -> None:
    if digest != image.hash_value.lower():
        raise Invalid(
            "The image's bytes are not those that were uploaded.",
            detail=f"image {image.id}: {image.hash_algo} is {digest}, recorded {image.hash_value}",
        )


def _check(image: ImageRef, part: Path) -> None:
    """Our own look at the header (DESIGN.md 7.2): the declared format, no other files, no more than it said."""
    info = imageformat.require_safe(part, image.disk_format)
    if info.virtual_size > image.virtual_size:
        raise Invalid(
            "The image's disk is larger than recorded.",
            detail=f"image {image.id}: virtual size {info.virtual_size}, recorded {image.virtual_size}",
        )


def _link(local: Path, part: Path) -> bool:
    """Take the store's file by a hard link; False where that cannot be, or where the file is not ours alone."""
    found = local.lstat()
    if local.is_symlink() or found.st_uid != os.geteuid():
        return False
    try:
        os.link(local, part, follow_symlinks=False)
    except OSError as err:
        if err.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.EACCES):
            return False
        raise
    return True
