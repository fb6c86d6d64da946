"""Real files of every format: recognised, measured, and matched against what was declared (T-IMG14)."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from micronova.imageformat import Inspector, check_declared, inspect, require_safe
from micronova.model.errors import Invalid
from tests.unit.imageformat.conftest import MIB, QEMU_IMAGES, SIZE

FOUND = {name: found for name, (_, found, _) in QEMU_IMAGES.items()} | {
    "mbr": "gpt",
    "gpt": "gpt",
    "iso": "iso",
    "luks": "luks",
}
DECLARABLE = ("raw", "qcow2", "qed", "vmdk", "vdi", "vhd", "vhdx", "iso")


@pytest.mark.parametrize("name", sorted(QEMU_IMAGES))
def test_real_files_are_safe_and_measured(images: dict[str, Path], name: str) -> None:
    info = inspect(images[name])
    assert (info.format, info.problems) == (FOUND[name], ())
    footer = 512 if name == "vhd-fixed" else 0
    assert info.virtual_size in (SIZE, SIZE + footer)
    assert info.convert_only is (name == "qed")


@pytest.mark.parametrize("chunk", [1000, 65536, 3 * MIB])
@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_stream_says_the_same_as_the_file(images: dict[str, Path], name: str, chunk: int) -> None:
    inspector = Inspector()
    with images[name].open("rb") as stream:
        while data := stream.read(chunk):
            inspector.feed(data)
    assert inspector.finish(images[name].stat().st_size) == inspect(images[name])


@pytest.mark.parametrize("declared", DECLARABLE)
@pytest.mark.parametrize("name", sorted(FOUND))
def test_T_IMG14_declared_against_actual(images: dict[str, Path], name: str, declared: str) -> None:
    found = FOUND[name]
    if declared == found or (declared == "raw" and found == "gpt"):
        assert require_safe(images[name], declared).format == found
    else:
        with pytest.raises(Invalid, match="declared as disk_format"):
            require_safe(images[name], declared)


def test_luks_is_recognised_and_refused(images: dict[str, Path]) -> None:
    info = inspect(images["luks"])
    assert info.encrypted and not info.safe


def test_a_bootable_iso_is_an_iso(images: dict[str, Path]) -> None:
    data = bytearray(images["iso"].read_bytes())
    data[446:462] = images["mbr"].read_bytes()[446:462]
    data[510:512] = b"\x55\xaa"
    assert require_safe(io.BytesIO(data), "iso").format == "iso"
    with pytest.raises(Invalid, match="set disk_format to 'iso'"):
        require_safe(io.BytesIO(data), "raw")


def test_a_kernel_and_a_boot_sector_are_raw() -> None:
    sector = bytes(510) + b"\x55\xaa"
    for declared in ("raw", "aki", "ari", "ami"):
        require_safe(io.BytesIO(sector), declared)
    require_safe(io.BytesIO(b""), "raw")
    require_safe(io.BytesIO(b"#!/bin/sh\necho hello\n"), "raw")


def test_several_formats_at_once_are_refused(images: dict[str, Path]) -> None:
    data = bytearray(images["iso"].read_bytes())
    data[: 64 * 1024 // 2] = images["qcow2-v3"].read_bytes()[: 32 * 1024]
    info = inspect(io.BytesIO(data))
    assert info.format == "ambiguous"
    for declared in ("qcow2", "iso", "raw"):
        with pytest.raises(Invalid):
            check_declared(info, declared)


def test_a_short_stream_is_refused() -> None:
    inspector = Inspector()
    inspector.feed(b"abc")
    with pytest.raises(Invalid, match="3 bytes came instead of 4"):
        inspector.finish(4)


@pytest.mark.parametrize("size", [1, 71, 72, 100, 400, 511])
def test_cut_headers_are_refused(images: dict[str, Path], size: int) -> None:
    for name, (declared, _, _) in QEMU_IMAGES.items():
        if declared != "raw":
            data = images[name].read_bytes()[:size]
            with pytest.raises(Invalid):
                require_safe(io.BytesIO(data), declared)


def test_unknown_declared_formats_are_refused() -> None:
    with pytest.raises(Invalid, match="cannot be checked"):
        require_safe(io.BytesIO(b""), "exe")
