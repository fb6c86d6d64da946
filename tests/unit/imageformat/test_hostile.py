"""Images made to make QEMU open something else, or allocate too much: all refused (T-IMG1, 2, 4, 12, 13, 20)."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from micronova.imageformat import ImageInfo, inspect, require_safe
from micronova.model.errors import Invalid
from tests.unit.imageformat.conftest import QEMU_IMAGES, qemu_img


def refused(data: bytes | bytearray, declared: str, why: str) -> ImageInfo:
    """Assert that the image is refused because of ``why``; its info."""
    with pytest.raises(Invalid, match=why):
        require_safe(io.BytesIO(data), declared)
    return inspect(io.BytesIO(data))


def changed(path: Path, *edits: tuple[int, bytes]) -> bytearray:
    """The file's bytes with some of them replaced."""
    data = bytearray(path.read_bytes())
    for offset, new in edits:
        data[offset : offset + len(new)] = new
    return data


@pytest.mark.parametrize("kind", ["qcow2", "qed"])
def test_T_IMG1_backing_file(tmp_path: Path, kind: str) -> None:
    image = tmp_path / "image"
    qemu_img("create", "-q", "-u", "-f", kind, "-b", "/etc/passwd", "-F", "raw", image, "1M")
    assert refused(image.read_bytes(), kind, "backing file").backing_file


def test_T_IMG1_backing_file_in_vmdk(images: dict[str, Path], tmp_path: Path) -> None:
    image = tmp_path / "child.vmdk"
    options = f"subformat=monolithicSparse,backing_file={images['vmdk-sparse']}"
    qemu_img("create", "-q", "-f", "vmdk", "-F", "vmdk", "-o", options, image)
    assert refused(image.read_bytes(), "vmdk", "parent").backing_file


def test_T_IMG1_differencing_vhd_vdi_vhdx(images: dict[str, Path]) -> None:
    vhd = changed(images["vhd"], (60, struct.pack(">I", 4)))
    assert refused(vhd, "vhd", "differencing").backing_file
    vdi = changed(images["vdi"], (0x1A8, b"\x01" * 16))
    assert refused(vdi, "vdi", "difference").backing_file
    vhdx = bytearray(images["vhdx"].read_bytes())
    parameters = bytes.fromhex("3767a1ca36fa434db3b633f0aa44e76b")
    entry = vhdx.index(parameters)
    (offset,) = struct.unpack_from("<I", vhdx, entry + 16)
    metadata = vhdx.index(b"metadata")
    vhdx[metadata + offset + 4] |= 2
    assert refused(vhdx, "vhdx", "differencing").backing_file


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "C:\\\\x", "a/b"])
def test_T_IMG2_vmdk_extent_with_a_path(images: dict[str, Path], name: str) -> None:
    data = bytearray(images["vmdk-sparse"].read_bytes())
    old = b'"vmdk-sparse"'
    at = data.index(old)
    end = data.index(b"\x00", at)
    text = bytes(data[at:end]).replace(old, f'"{name}"'.encode()).ljust(end - at + 64, b"\x00")
    data[at : at + len(text)] = text
    refused(data, "vmdk", "extent")


@pytest.mark.parametrize("kind", sorted({declared for declared, _, _ in QEMU_IMAGES.values()} - {"raw", "vhd"}))
def test_T_IMG4_implausible_virtual_size(tmp_path: Path, kind: str) -> None:
    image = tmp_path / "image"
    qemu_img("create", "-q", "-f", kind, *(["-o", "cluster_size=2M"] if kind == "qcow2" else []), image, "1M")
    data = bytearray(image.read_bytes())
    offset, form, unit = {
        "qcow2": (24, ">Q", 1),
        "qed": (48, "<Q", 1),
        "vmdk": (12, "<Q", 512),
        "vdi": (0x170, "<Q", 1),
        "vhdx": (data.find(b"metadata") + 65536 + 8, "<Q", 1),
    }[kind]
    assert struct.unpack_from(form, data, offset)[0] * unit == 1024 * 1024
    for size in (10 * 1000**4, 2**62):
        struct.pack_into(form, data, offset, size // unit)
        with pytest.raises(Invalid, match=r"over the limit|impossible|cannot be where|cut off"):
            require_safe(io.BytesIO(data), kind)


def test_T_IMG4_a_small_file_that_really_is_10_tb(tmp_path: Path) -> None:
    image = tmp_path / "image"
    qemu_img("create", "-q", "-f", "qcow2", "-o", "cluster_size=2M", image, "10T")
    assert image.stat().st_size < 8 * 1024 * 1024
    refused(image.read_bytes(), "qcow2", "virtual size of 10995116277760 bytes is over the limit")


@pytest.mark.parametrize("subformat", ["monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat"])
@pytest.mark.parametrize("declared", ["vmdk", "raw"])
def test_T_IMG12_other_create_types(tmp_path: Path, subformat: str, declared: str) -> None:
    image = tmp_path / "image.vmdk"
    qemu_img("create", "-q", "-f", "vmdk", "-o", f"subformat={subformat}", image, "1M")
    info = refused(image.read_bytes(), declared, "refers to other files")
    assert info.create_type == subformat and info.data_file


@pytest.mark.parametrize(
    "text",
    [
        '# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 8 FLAT "/etc/passwd" 0\n',
        'version=1\nCREATETYPE="monolithicSparse"\nRW 8 SPARSE "/etc/passwd"\n',
        "#\n" * 300 + 'version=1\ncreateType="vmfs"\nRW 8 VMFS "/dev/sda"\n',
        " \n \n# a\nversion = 2\n",
    ],
)
@pytest.mark.parametrize("declared", ["vmdk", "raw", "qcow2"])
def test_T_IMG12_descriptor_alone(text: str, declared: str) -> None:
    for data in (text.encode(), text.encode() + bytes(4096)):
        assert inspect(io.BytesIO(data)).format == "vmdk"
        with pytest.raises(Invalid):
            require_safe(io.BytesIO(data), declared)


@pytest.mark.parametrize("kind", ["vmfsSparse", "fullDevice", "", "streamOptimizedX", "custom"])
def test_T_IMG12_embedded_descriptor_with_another_type(images: dict[str, Path], kind: str) -> None:
    data = images["vmdk-sparse"].read_bytes()
    old = b'createType="monolithicSparse"'
    new = f'createType="{kind}"'.encode()
    at = data.index(old)
    end = data.index(b"\x00", at)
    body = data[at:end].replace(old, new).ljust(end - at, b"\x00")
    refused(data[:at] + body + data[end:], "vmdk", "create type")


def test_T_IMG12_no_capacity_makes_qemu_read_the_descriptor(images: dict[str, Path]) -> None:
    refused(changed(images["vmdk-sparse"], (12, bytes(8))), "vmdk", "no capacity")


def test_T_IMG12_footer(images: dict[str, Path]) -> None:
    """VMware's streamOptimized files end with a copy of the header, which QEMU prefers."""
    data = changed(images["vmdk-stream"], (56, b"\xff" * 8))
    header = bytearray(data[:512])
    header[48:64] = struct.pack("<QQ", 21, 26)
    mark = struct.pack("<QII", 1, 0, 3).ljust(512, b"\x00")
    assert require_safe(io.BytesIO(data + mark + header + bytes(512)), "vmdk").safe
    header[12:20] = bytes(8)
    refused(data + mark + header + bytes(512), "vmdk", "footer does not agree")
    refused(data, "vmdk", "footer")


@pytest.mark.parametrize("raw", [True, False])
def test_T_IMG13_external_data_file(tmp_path: Path, raw: bool) -> None:
    image = tmp_path / "image"
    options = f"data_file={tmp_path / 'data'},data_file_raw={'on' if raw else 'off'}"
    qemu_img("create", "-q", "-f", "qcow2", "-o", options, image, "1M")
    assert refused(image.read_bytes(), "qcow2", "external data file").data_file


def test_T_IMG13_data_file_named_without_its_feature_bit(images: dict[str, Path]) -> None:
    name = struct.pack(">II", 0x44415441, 11) + b"/etc/passwd".ljust(16, b"\x00") + bytes(8)
    assert refused(changed(images["qcow2-v3"], (112, name)), "qcow2", "external data file").data_file


@pytest.mark.parametrize("bit", range(4, 64))
def test_T_IMG13_unknown_incompatible_bits(images: dict[str, Path], bit: int) -> None:
    data = changed(images["qcow2-v3"], (72, struct.pack(">Q", 1 << bit)))
    assert refused(data, "qcow2", "incompatible features").unknown_features == 1 << bit


@pytest.mark.parametrize("kind", [0x0537BE77, 0x23852875, 0xE2792ACA, 0x12345678])
def test_T_IMG13_header_extensions(images: dict[str, Path], kind: int) -> None:
    data = changed(images["qcow2-v3"], (112, struct.pack(">II8sQ", kind, 8, b"raw", 0)))
    refused(data, "qcow2", "encryption|bitmaps|format of a backing file|unknown header extension")


def test_T_IMG13_extension_longer_than_the_header(images: dict[str, Path]) -> None:
    data = changed(images["qcow2-v3"], (112, struct.pack(">II", 0x6803F857, 0xFFFFFFF0)))
    refused(data, "qcow2", "longer than the header")


def test_T_IMG13_dirty_corrupt_encrypted_and_old(images: dict[str, Path]) -> None:
    for bits, why in ((1, "dirty"), (2, "corrupt")):
        refused(changed(images["qcow2-v3"], (72, struct.pack(">Q", bits))), "qcow2", why)
    assert refused(changed(images["qcow2-v3"], (32, struct.pack(">I", 1))), "qcow2", "encrypted").encrypted
    refused(changed(images["qcow2-v3"], (4, struct.pack(">I", 1))), "qcow2", "convert it")
    refused(changed(images["qcow2-v3"], (4, struct.pack(">I", 4))), "qcow2", "version 4")


@pytest.mark.parametrize("bit", range(64))
def test_T_IMG20_qed_with_any_feature_is_refused(images: dict[str, Path], bit: int) -> None:
    refused(changed(images["qed"], (16, struct.pack("<Q", 1 << bit))), "qed", "refused")


def test_T_IMG20_qed_only_for_conversion(images: dict[str, Path]) -> None:
    assert require_safe(images["qed"], "qed").convert_only
