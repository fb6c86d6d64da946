"""The one door to qemu-img (DESIGN.md 7.1, SECURITY.md T-IMG11, T-IMG15).

Every call names every format, puts ``--`` before names, runs under limits of address space and processor time and
with a timeout.  Names are absolute paths of ours, so that none can be taken for an option or a protocol.
"""

from __future__ import annotations

import enum
import os
import subprocess
from pathlib import Path

from micronova.model.errors import OurFault, StorageFull

_ADDRESS_SPACE = 1 << 30
# Up to 64 threads of qemu-img share that space: with glibc's defaults (8 MiB of stack, 64 MiB of heap each) a busy
# machine runs out of it ("qemu_thread_create: Resource temporarily unavailable").
_STACK = 2 << 20
_FEW_HEAPS = {"MALLOC_ARENA_MAX": "2"}
_QUICK_S = 30
_LONG_S = 7200


class Format(enum.StrEnum):
    """QEMU's names of the formats that we let it open."""

    RAW = "raw"
    QCOW2 = "qcow2"
    VMDK = "vmdk"
    VDI = "vdi"
    VHD = "vpc"
    VHDX = "vhdx"
    QED = "qed"


def create(path: Path, form: Format, size_bytes: int) -> None:
    """An empty disk."""
    _run(["create", "-q", "-f", form, "--", _name(path), str(size_bytes)], path, _QUICK_S)


def create_overlay(path: Path, size_bytes: int, base: Path, base_format: Format) -> None:
    """A qcow2 file over ``base``, which was verified before and is therefore not opened again (``-u``)."""
    arguments = ["create", "-q", "-u", "-f", Format.QCOW2, "-F", base_format, "-b", _name(base)]
    _run([*arguments, "--", _name(path), str(size_bytes)], path, _QUICK_S)


def convert(source: Path, source_format: Format, target: Path, target_format: Format) -> None:
    """Copy the content into a new file, sparse where it is zero."""
    arguments = ["convert", "-q", "-f", source_format, "-O", target_format]
    _run([*arguments, "--", _name(source), _name(target)], target, _LONG_S)


def resize(path: Path, form: Format, size_bytes: int) -> None:
    """Make the disk larger; it is removed if that fails."""
    _run(["resize", "-q", "-f", form, "--", _name(path), str(size_bytes)], path, _QUICK_S)


def _name(path: Path) -> str:
    if not path.is_absolute() or "\0" in str(path):
        raise ValueError(f"not an absolute path: {path}")
    return str(path)


def _run(arguments: list[str], product: Path, timeout_s: int) -> None:
    """Run qemu-img; whatever goes wrong, ``product`` is not left half made."""
    limits = ["prlimit", f"--as={_ADDRESS_SPACE}", f"--stack={_STACK}", f"--cpu={timeout_s}", "--core=0", "--"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs, paths of ours
            [*limits, "/usr/bin/qemu-img", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            umask=0o077,
            env={**os.environ, **_FEW_HEAPS},
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        product.unlink(missing_ok=True)
        raise OurFault("The server's disk cannot be made.", detail=f"qemu-img {arguments[0]}: {err}") from err
    if done.returncode == 0:
        return
    product.unlink(missing_ok=True)
    words = done.stderr.strip()[:500] or f"exit status {done.returncode}"
    detail = f"qemu-img {arguments[0]} of {product}: {words}"
    if "No space left on device" in words or "Disk quota exceeded" in words or "File too large" in words:
        raise StorageFull("There is no space left for the server's disks.", detail=detail)
    raise OurFault("The server's disk cannot be made.", detail=detail)
