"""A server's disks: both stores, blank disks, records, sizes, full disks, and qemu-img's one door."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import micronova
from micronova.host.interface import Disk, DiskRole, DiskSpec
from micronova.host.storage import qemu_img
from micronova.host.storage.disks import ServerDisks
from micronova.host.storage.flat import FlatStore
from micronova.host.storage.image_cache import ImageCache
from micronova.host.storage.interface import DiskStore
from micronova.host.storage.layout import Layout
from micronova.host.storage.qcow2 import Qcow2Store
from micronova.model.errors import Invalid, MicronovaError, OurFault, StorageFull
from micronova.model.ids import ServerId, new_uuid
from tests.host_contract import NoCancel
from tests.unit.host.test_image_cache import MIB, Store, qcow2

SERVER = ServerId(new_uuid())
STORES: list[Callable[[], DiskStore]] = [Qcow2Store, FlatStore]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An image store."""
    return Store(tmp_path / "store")


@pytest.fixture(params=STORES, ids=["qcow2", "flat"])
def disks(request: pytest.FixtureRequest, layout: Layout, store: Store) -> ServerDisks:
    """On either store."""
    return ServerDisks(layout, request.param(), ImageCache(layout, store, force_raw=False))


def info(disk: Disk) -> dict[str, object]:
    """What qemu-img says of a disk, with its recorded format."""
    output = subprocess.check_output(["qemu-img", "info", "-f", disk.format, "--output=json", disk.location])
    found: dict[str, object] = json.loads(output)
    return found


def content(disk: Disk, tmp_path: Path) -> bytes:
    """What a guest would read."""
    out = tmp_path / "content"
    subprocess.run(["qemu-img", "convert", "-f", disk.format, "-O", "raw", disk.location, str(out)], check=True)
    return out.read_bytes()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size``: the nearest thing to a full disk that a test may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_root_disk_has_the_images_content_and_the_asked_size(
    disks: ServerDisks, store: Store, tmp_path: Path
) -> None:
    image = store.add(b"marker".ljust(MIB, b"\1"), "raw", MIB)
    [disk] = disks.ensure(SERVER, [DiskSpec(role=DiskRole.ROOT, size_bytes=4 * MIB, image=image)], NoCancel())
    found = info(disk)
    assert (found["format"], found["virtual-size"]) == (disk.format, 4 * MIB)
    assert content(disk, tmp_path) == b"marker".ljust(MIB, b"\1").ljust(4 * MIB, b"\0")
    assert Path(disk.location).stat().st_mode & 0o777 == 0o600


def test_an_overlay_names_its_base_with_its_format(layout: Layout, store: Store, tmp_path: Path) -> None:
    disks = ServerDisks(layout, Qcow2Store(), ImageCache(layout, store, force_raw=False))
    image = store.add(qcow2(tmp_path), "qcow2", MIB)
    [disk] = disks.ensure(SERVER, [DiskSpec(role=DiskRole.ROOT, size_bytes=2 * MIB, image=image)], NoCancel())
    found = info(disk)
    assert found["backing-filename-format"] == "qcow2"
    chain = disks.source(SERVER, disk).chain
    assert chain.backing is not None
    assert (found["backing-filename"], chain.backing.format) == (chain.backing.path, "qcow2")


def test_flat_keeps_qcow2_whole_unless_raw_is_forced(layout: Layout, store: Store, tmp_path: Path) -> None:
    image = store.add(qcow2(tmp_path), "qcow2", MIB)
    spec = DiskSpec(role=DiskRole.ROOT, size_bytes=2 * MIB, image=image)
    for force, form in ((False, "qcow2"), (True, "raw")):
        disks = ServerDisks(layout, FlatStore(), ImageCache(layout, store, force_raw=force))
        [disk] = disks.ensure(ServerId(new_uuid()), [spec], NoCancel())
        found = info(disk)
        assert (found["format"], found["virtual-size"]) == (form, 2 * MIB)
        assert "backing-filename" not in found


def test_what_is_there_stays_as_it_is(disks: ServerDisks, store: Store) -> None:
    image = store.add(b"\1" * MIB, "raw", MIB)
    specs = [
        DiskSpec(role=DiskRole.ROOT, size_bytes=MIB, image=image),
        DiskSpec(role=DiskRole.EPHEMERAL, size_bytes=MIB),
        DiskSpec(role=DiskRole.SWAP, size_bytes=MIB),
    ]
    first = disks.ensure(SERVER, specs, NoCancel())
    before = [Path(disk.location).stat() for disk in first]
    assert disks.ensure(SERVER, specs, NoCancel()) == first
    assert [Path(disk.location).stat() for disk in first] == before


def test_what_an_interrupted_try_left_is_made_anew(disks: ServerDisks, layout: Layout, store: Store) -> None:
    """Killed after a file was begun and before it was recorded."""
    image = store.add(b"\1" * MIB, "raw", MIB)
    for name in ("root", "ephemeral0", "swap"):
        (layout.make_server(SERVER) / name).write_bytes(b"half")
    specs = [
        DiskSpec(role=DiskRole.ROOT, size_bytes=MIB, image=image),
        DiskSpec(role=DiskRole.EPHEMERAL, size_bytes=MIB),
        DiskSpec(role=DiskRole.SWAP, size_bytes=MIB),
    ]
    for disk in disks.ensure(SERVER, specs, NoCancel()):
        assert info(disk)["virtual-size"] == MIB


def test_swap_and_ephemeral_are_formatted(disks: ServerDisks) -> None:
    specs = [
        DiskSpec(role=DiskRole.SWAP, size_bytes=8 * MIB),
        DiskSpec(role=DiskRole.EPHEMERAL, index=1, size_bytes=8 * MIB),
    ]
    swap, ephemeral = disks.ensure(SERVER, specs, NoCancel())
    assert "swap" in subprocess.check_output(["/sbin/blkid", "-p", "-o", "value", swap.location], text=True)
    tags = subprocess.check_output(["/sbin/blkid", "-p", ephemeral.location], text=True)
    assert 'LABEL="ephemeral1"' in tags and 'TYPE="ext4"' in tags
    assert subprocess.run(["/sbin/e2fsck", "-fn", ephemeral.location], capture_output=True).returncode == 0


def test_t_img4_sizes_are_checked_before_anything_is_made(disks: ServerDisks, layout: Layout, store: Store) -> None:
    image = store.add(b"\1" * MIB, "raw", MIB)
    specs = [
        DiskSpec(role=DiskRole.SWAP, size_bytes=MIB),
        DiskSpec(role=DiskRole.ROOT, size_bytes=MIB - 1, image=image),
    ]
    with pytest.raises(Invalid, match="smaller than the image"):
        disks.ensure(SERVER, specs, NoCancel())
    with pytest.raises(Invalid):
        disks.ensure(SERVER, [DiskSpec(role=DiskRole.SWAP, size_bytes=0)], NoCancel())
    assert not layout.server(SERVER).exists()


def test_t_img5_blank_disks_leave_nothing_in_the_cache(disks: ServerDisks, layout: Layout) -> None:
    for size in range(1, 6):
        spec = DiskSpec(role=DiskRole.EPHEMERAL, size_bytes=size * MIB)
        disks.ensure(ServerId(new_uuid()), [spec], NoCancel())
    assert list(layout.cache.iterdir()) == []


def test_t_img8_a_guests_qcow2_header_on_a_raw_disk_is_data(layout: Layout, store: Store, tmp_path: Path) -> None:
    """The format was recorded when the disk was made; nothing looks at the bytes again."""
    disks = ServerDisks(layout, FlatStore(), ImageCache(layout, store, force_raw=False))
    spec = DiskSpec(role=DiskRole.ROOT, size_bytes=4 * MIB, image=store.add(b"\1" * MIB, "raw", MIB))
    [disk] = disks.ensure(SERVER, [spec], NoCancel())
    evil = qcow2(tmp_path, "-u", "-F", "raw", "-b", "/etc/passwd")
    with Path(disk.location).open("r+b") as stream:
        stream.write(evil)
    assert disks.ensure(SERVER, [spec], NoCancel()) == [disk]
    chain = disks.source(SERVER, disk).chain
    assert (chain.format, chain.backing) == ("raw", None)
    qemu_img.resize(Path(disk.location), qemu_img.Format.RAW, 8 * MIB)
    assert content(disk, tmp_path)[: len(evil)] == evil


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Layout]:
    """A host whose file system has room for six mebibytes."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount = tmp_path / "small"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "micronova-test", str(mount)], check=True)
    try:
        layout = Layout(mount, mount / "instances")
        layout.prepare(None)
        yield layout
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_is_said_and_leaves_nothing_half(small_disk: Layout, store: Store, tmp_path: Path) -> None:
    store.shared = False
    image = store.add(b"\1" * (4 * MIB), "raw", 4 * MIB)
    root = DiskSpec(role=DiskRole.ROOT, size_bytes=4 * MIB, image=image)
    disks = ServerDisks(small_disk, FlatStore(), ImageCache(small_disk, store, force_raw=False))
    with pytest.raises(StorageFull):
        disks.ensure(SERVER, [root], NoCancel())
    assert list(small_disk.server(SERVER).iterdir()) == []
    # The conversion to raw, too: the image's base is not there afterwards.
    compressed = store.add(_compressed(tmp_path, 8 * MIB), "qcow2", 8 * MIB)
    with pytest.raises(StorageFull):
        ImageCache(small_disk, store, force_raw=True).ensure(compressed, NoCancel())
    assert [path.name for path in small_disk.cache.iterdir() if compressed.id in path.name] == []


def _compressed(folder: Path, size: int) -> bytes:
    """A small qcow2 file that unpacks to ``size`` bytes other than zero."""
    raw, packed = folder / "raw", folder / "packed"
    raw.write_bytes(b"\1" * size)
    subprocess.run(["qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", str(raw), str(packed)], check=True)
    return packed.read_bytes()


def test_a_full_disk_while_downloading(layout: Layout, tmp_path: Path) -> None:
    remote = Store(tmp_path / "remote", shared=False)
    image = remote.add(b"\1" * (8 * MIB), "raw", 8 * MIB)
    with file_size_limit(MIB), pytest.raises(StorageFull):
        ImageCache(layout, remote, force_raw=False).ensure(image, NoCancel())
    assert list(layout.cache.iterdir()) == []


def test_a_disk_that_was_never_made_is_no_guess(disks: ServerDisks) -> None:
    disk = Disk(role=DiskRole.ROOT, index=0, format="raw", backend="flat", location="/etc/passwd", size_bytes=1)
    with pytest.raises(OurFault):
        disks.source(SERVER, disk)


def test_an_unreadable_record_is_said(disks: ServerDisks, layout: Layout) -> None:
    (layout.make_server(SERVER) / "disks.json").write_bytes(b"\xff{")
    with pytest.raises(OurFault, match=re.escape("disks.json")):
        disks.ensure(SERVER, [DiskSpec(role=DiskRole.SWAP, size_bytes=MIB)], NoCancel())


def test_t_img15_only_one_module_runs_qemu_img() -> None:
    """And nothing runs it through a shell, or by another tool of its family."""
    root = Path(micronova.__file__).parent
    for path in root.rglob("*.py"):
        text = path.read_text()
        if path != root / "host/storage/qemu_img.py":
            assert '"qemu-img' not in text and "/qemu-img" not in text, path
        assert "qemu-nbd" not in text and "shell=True" not in text, path


def test_t_img15_formats_are_explicit_and_names_are_no_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []
    real = subprocess.run

    def spy(command: list[str], **options: object) -> object:
        calls.append(command)
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spy)
    base, overlay, copy = tmp_path / "base", tmp_path / "-o over,lay", tmp_path / "copy"
    raw, qcow = qemu_img.Format.RAW, qemu_img.Format.QCOW2
    qemu_img.create(base, raw, MIB)
    qemu_img.create_overlay(overlay, MIB, base, raw)
    qemu_img.convert(overlay, qcow, copy, raw)
    qemu_img.resize(copy, raw, 2 * MIB)
    assert len(calls) == 4
    for command in calls:
        words = command[command.index("/usr/bin/qemu-img") :]
        assert command[0] == "prlimit" and any(word.startswith("--as=") for word in command)
        assert "-f" in words and words.count("--") == 1
        assert all(not word.startswith("-") for word in words[words.index("--") + 1 :])


@pytest.mark.parametrize("name", ["relative", "json:{}", "nbd://host/x", "-o"])
def test_t_img15_only_absolute_paths(name: str) -> None:
    with pytest.raises(ValueError):
        qemu_img.create(Path(name), qemu_img.Format.RAW, MIB)


def test_t_img11_a_header_that_eats_memory_is_stopped(tmp_path: Path) -> None:
    """A table that QEMU would have to hold: it is refused within the limits, and nothing is left."""
    path, out = tmp_path / "bomb", tmp_path / "out"
    content = bytearray(qcow2(tmp_path, size="1M"))
    content[24:32] = (1 << 60).to_bytes(8, "big")
    content[36:40] = (0x7FFFFFFF).to_bytes(4, "big")
    path.write_bytes(content)
    with pytest.raises(MicronovaError):
        qemu_img.convert(path, qemu_img.Format.QCOW2, out, qemu_img.Format.RAW)
    assert not out.exists()
