"""Images as bases: linked or copied, checked, whole or not there, once however many ask."""

from __future__ import annotations

import hashlib
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from micronova.host.interface import ImageRef
from micronova.host.storage.image_cache import ImageCache
from micronova.host.storage.layout import Layout
from micronova.model.errors import Conflict, Invalid, MicronovaError, NotFound, Unsupported
from micronova.model.ids import ImageId, new_uuid
from tests.host_contract import NoCancel

MIB = 1 << 20


class Store:
    """A folder of images; ``shared`` decides whether the host may see the files."""

    def __init__(self, folder: Path, *, shared: bool = True) -> None:
        self.folder, self.shared = folder, shared
        self.opened = 0
        folder.mkdir()

    def local_path(self, image_id: ImageId) -> Path | None:
        return self.folder / image_id if self.shared else None

    def open(self, image_id: ImageId) -> BinaryIO:
        self.opened += 1
        try:
            return (self.folder / image_id).open("rb")
        except FileNotFoundError as err:
            raise NotFound("gone") from err

    def add(self, content: bytes, disk_format: str, virtual_size: int) -> ImageRef:
        image_id = ImageId(new_uuid())
        (self.folder / image_id).write_bytes(content)
        return ImageRef(
            id=image_id,
            disk_format=disk_format,
            size=len(content),
            virtual_size=virtual_size,
            hash_algo="sha256",
            hash_value=hashlib.sha256(content).hexdigest(),
        )


def qcow2(folder: Path, *arguments: str, size: str = "1M") -> bytes:
    """The bytes of a qcow2 file."""
    path = folder / f"made-{new_uuid()}"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *arguments, str(path), size], check=True)
    return path.read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store on the same file system."""
    return Store(tmp_path / "store")


@pytest.fixture
def cache(layout: Layout, store: Store) -> ImageCache:
    """The cache in front of it."""
    return ImageCache(layout, store, force_raw=False)


def test_the_stores_file_serves_by_a_hard_link(cache: ImageCache, store: Store, tmp_path: Path) -> None:
    image = store.add(qcow2(tmp_path), "qcow2", MIB)
    base = cache.ensure(image, NoCancel())
    assert base.format == "qcow2"
    assert base.path.stat().st_ino == (store.folder / image.id).stat().st_ino
    assert store.opened == 0


def test_without_a_file_it_is_downloaded_once(layout: Layout, tmp_path: Path) -> None:
    store = Store(tmp_path / "remote", shared=False)
    image = store.add(b"x" * MIB + b"\0" * (8 * MIB), "raw", 9 * MIB)
    cache = ImageCache(layout, store, force_raw=False)
    base = cache.ensure(image, NoCancel())
    assert cache.ensure(image, NoCancel()) == base
    assert base.path.read_bytes() == (store.folder / image.id).read_bytes()
    assert base.path.stat().st_blocks * 512 < 8 * MIB  # zeros are holes
    assert base.path.stat().st_mode & 0o777 == 0o600
    assert store.opened == 1


def test_fifty_who_ask_at_once_cause_one_download(layout: Layout, tmp_path: Path) -> None:
    store = Store(tmp_path / "remote", shared=False)
    image = store.add(b"y" * MIB, "raw", MIB)
    cache = ImageCache(layout, store, force_raw=False)
    barrier, paths = threading.Barrier(50), list[Path]()

    def ask() -> None:
        barrier.wait()
        paths.append(cache.ensure(image, NoCancel()).path)

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 50 and len(set(paths)) == 1
    assert store.opened == 1


def test_raw_is_forced_by_conversion(layout: Layout, store: Store, tmp_path: Path) -> None:
    image = store.add(qcow2(tmp_path), "qcow2", MIB)
    base = ImageCache(layout, store, force_raw=True).ensure(image, NoCancel())
    assert (base.format, base.path.stat().st_size) == ("raw", MIB)
    assert _leftovers(layout) == []


@pytest.mark.parametrize("disk_format", ["vmdk", "vdi", "vhdx", "qed"])
def test_other_formats_become_raw(cache: ImageCache, store: Store, tmp_path: Path, disk_format: str) -> None:
    source, other = tmp_path / "raw", tmp_path / "other"
    source.write_bytes(b"marker".ljust(MIB, b"\1"))
    options = ["-o", "subformat=monolithicSparse"] if disk_format == "vmdk" else []
    subprocess.run(
        ["qemu-img", "convert", "-f", "raw", "-O", disk_format, *options, str(source), str(other)], check=True
    )
    image = store.add(other.read_bytes(), disk_format, MIB)
    base = cache.ensure(image, NoCancel())
    assert base.format == "raw"
    assert base.path.read_bytes()[:MIB] == source.read_bytes()
    assert _leftovers(cache._layout) == []


def test_t_img1_a_backing_file_in_the_header_is_refused(cache: ImageCache, store: Store, tmp_path: Path) -> None:
    image = store.add(qcow2(tmp_path, "-u", "-F", "raw", "-b", "/etc/passwd"), "qcow2", MIB)
    _assert_refused(cache, image, Invalid)


def test_t_img13_an_external_data_file_is_refused(cache: ImageCache, store: Store, tmp_path: Path) -> None:
    data = tmp_path / "data"
    image = store.add(qcow2(tmp_path, "-o", f"data_file={data},data_file_raw=on"), "qcow2", MIB)
    _assert_refused(cache, image, Invalid)


def test_t_img14_a_qcow2_that_was_declared_raw_is_refused(cache: ImageCache, store: Store, tmp_path: Path) -> None:
    content = qcow2(tmp_path)
    _assert_refused(cache, store.add(content, "raw", len(content)), Invalid)


def test_t_img4_a_disk_larger_than_recorded_is_refused(cache: ImageCache, store: Store, tmp_path: Path) -> None:
    image = store.add(qcow2(tmp_path, size="4T"), "qcow2", MIB)
    _assert_refused(cache, image, Invalid)


def test_t_img18_other_bytes_than_uploaded_are_refused(cache: ImageCache, store: Store, tmp_path: Path) -> None:
    image = store.add(qcow2(tmp_path), "qcow2", MIB)
    _assert_refused(cache, replace(image, hash_value="0" * 64), Invalid)
    longer = store.folder / image.id
    longer.write_bytes(longer.read_bytes() + b"more")
    _assert_refused(cache, image, Invalid)


def test_formats_that_boot_nothing_are_refused(cache: ImageCache, store: Store) -> None:
    _assert_refused(cache, store.add(b"x", "aki", 1), Unsupported)


def test_an_image_that_is_gone(layout: Layout, tmp_path: Path) -> None:
    store = Store(tmp_path / "remote", shared=False)
    image = replace(store.add(b"x", "raw", 1), id=ImageId(new_uuid()))
    _assert_refused(ImageCache(layout, store, force_raw=False), image, NotFound)


def test_a_symbolic_link_in_the_store_is_never_followed_into_the_cache(
    cache: ImageCache, store: Store, tmp_path: Path
) -> None:
    image = store.add(qcow2(tmp_path), "qcow2", MIB)
    path = store.folder / image.id
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    base = cache.ensure(image, NoCancel())
    assert not base.path.is_symlink()
    assert base.path.stat().st_ino != elsewhere.stat().st_ino


class _StopsAfter:
    """A Cancel that stops at its nth question."""

    def __init__(self, questions: int) -> None:
        self._left = questions

    def check(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Conflict("cancelled")


def test_stopping_anywhere_leaves_no_half_file_and_the_next_try_works(layout: Layout, tmp_path: Path) -> None:
    store = Store(tmp_path / "remote", shared=False)
    image = store.add(b"z" * (9 * MIB), "raw", 9 * MIB)
    cache = ImageCache(layout, store, force_raw=False)
    for questions in range(4):
        _assert_refused(cache, image, Conflict, _StopsAfter(questions))
    assert cache.ensure(image, NoCancel()).path.stat().st_size == 9 * MIB


def test_a_half_file_of_a_crash_is_removed_and_never_used(layout: Layout, tmp_path: Path) -> None:
    store = Store(tmp_path / "remote", shared=False)
    image = store.add(b"w" * MIB, "raw", MIB)
    final = ImageCache(layout, store, force_raw=False).ensure(image, NoCancel()).path
    final.rename(final.with_name(f".{final.name}.part"))  # killed just before the rename
    again = ImageCache(layout, store, force_raw=False)
    again.prepare()
    assert _leftovers(layout) == []
    assert again.ensure(image, NoCancel()).path.read_bytes() == b"w" * MIB
    assert store.opened == 2


def _leftovers(layout: Layout) -> list[str]:
    return [path.name for path in layout.cache.iterdir() if path.name.startswith(".")]


def _assert_refused(cache: ImageCache, image: ImageRef, kind: type[MicronovaError], cancel: object = None) -> None:
    with pytest.raises(kind):
        cache.ensure(image, cancel or NoCancel())  # type: ignore[arg-type]
    assert [path.name for path in cache._layout.cache.iterdir() if str(image.id) in path.name] == []
