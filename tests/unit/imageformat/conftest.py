"""Real image files of every format, made by qemu-img once per session."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

MIB = 1024 * 1024
SIZE = 16 * MIB

# name -> (declared disk_format, what inspect() calls it, arguments for qemu-img create)
QEMU_IMAGES = {
    "raw": ("raw", "raw", ["-f", "raw"]),
    "qcow2-v3": ("qcow2", "qcow2", ["-f", "qcow2", "-o", "compat=1.1"]),
    "qcow2-v2": ("qcow2", "qcow2", ["-f", "qcow2", "-o", "compat=0.10"]),
    "qcow2-zstd": ("qcow2", "qcow2", ["-f", "qcow2", "-o", "compression_type=zstd"]),
    "qcow2-4k": ("qcow2", "qcow2", ["-f", "qcow2", "-o", "cluster_size=4096"]),
    "qed": ("qed", "qed", ["-f", "qed"]),
    "vmdk-sparse": ("vmdk", "vmdk", ["-f", "vmdk", "-o", "subformat=monolithicSparse"]),
    "vmdk-stream": ("vmdk", "vmdk", ["-f", "vmdk", "-o", "subformat=streamOptimized"]),
    "vdi": ("vdi", "vdi", ["-f", "vdi"]),
    "vdi-static": ("vdi", "vdi", ["-f", "vdi", "-o", "static=on"]),
    "vhd": ("vhd", "vhd", ["-f", "vpc", "-o", "force_size=on"]),
    "vhd-fixed": ("vhd", "vhd", ["-f", "vpc", "-o", "subformat=fixed,force_size=on"]),
    "vhdx": ("vhdx", "vhdx", ["-f", "vhdx"]),
}


def qemu_img(*args: str | Path) -> None:
    """Run qemu-img on files that this test made."""
    subprocess.run(["qemu-img", *map(str, args)], check=True, stdout=subprocess.DEVNULL, timeout=60)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All of QEMU_IMAGES, an ISO, a GPT disk, an MBR disk and a LUKS disk, by name."""
    root = tmp_path_factory.mktemp("images")
    made: dict[str, Path] = {}
    for name, (_, _, args) in QEMU_IMAGES.items():
        made[name] = root / name
        qemu_img("create", "-q", *args, made[name], str(SIZE))
    made["luks"] = root / "luks"
    secret = ["--object", "secret,id=s,data=abc", "-o", "key-secret=s,iter-time=10"]
    qemu_img("create", "-q", "-f", "luks", *secret, made["luks"], str(MIB))

    mbr = bytearray(SIZE)
    mbr[446:462] = bytes.fromhex("80202100 83fe ffff 00080000 00780000".replace(" ", ""))
    mbr[510:512] = b"\x55\xaa"
    made["mbr"] = root / "mbr"
    made["mbr"].write_bytes(mbr)
    gpt = bytearray(SIZE)
    gpt[446:462] = bytes.fromhex("00000200 eeff ffff 01000000 ff7f0000".replace(" ", ""))
    gpt[510:512] = b"\x55\xaa"
    gpt[512:520] = b"EFI PART"
    made["gpt"] = root / "gpt"
    made["gpt"].write_bytes(gpt)
    made["iso"] = root / "iso"
    made["iso"].write_bytes(iso_bytes())
    return made


def iso_bytes() -> bytes:
    """An ISO 9660 volume with one file, made by the library that makes config drives."""
    import io

    import pycdlib

    iso = pycdlib.PyCdlib()
    iso.new(vol_ident="test")
    iso.add_fp(io.BytesIO(b"hello"), 5, "/HELLO.;1")
    out = io.BytesIO()
    iso.write_fp(out)
    iso.close()
    return out.getvalue()
