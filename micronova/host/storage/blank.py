"""Disks that start empty but are ready for use: swap space, and a file system for ephemeral disks.

They are raw files whatever the store: each is made for its server, so that no cache of blank disks can grow
(SECURITY.md T-IMG5), and nothing of one server's is ever another's base (T-IMG7).
"""

from __future__ import annotations

import struct
import subprocess
import uuid
from pathlib import Path

from micronova.host.atomic_file import storage_error
from micronova.host.storage.flat import make_empty_raw
from micronova.model.errors import OurFault, StorageFull

_PAGE = 4096
_MKFS_TIMEOUT_S = 120


def make_swap(path: Path, size_bytes: int) -> None:
    """A disk of that size with the signature of Linux swap space, version 1, on it."""
    make_empty_raw(path, size_bytes)
    last_page = size_bytes // _PAGE - 1
    header = struct.pack("<III16s", 1, last_page, 0, uuid.uuid4().bytes)
    try:
        with path.open("r+b") as stream:
            stream.seek(1024)
            stream.write(header)
            stream.seek(_PAGE - 10)
            stream.write(b"SWAPSPACE2")
    except OSError as err:
        path.unlink(missing_ok=True)
        raise storage_error(err, f"make {path}") from err


def make_file_system(path: Path, size_bytes: int, label: str) -> None:
    """A disk of that size with an empty ext4 on it."""
    make_empty_raw(path, size_bytes)
    limits = ["prlimit", "--as=1073741824", f"--cpu={_MKFS_TIMEOUT_S}", "--core=0", "--"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs, path and label of ours
            [*limits, "/sbin/mkfs.ext4", "-q", "-F", "-L", label, "--", str(path)],
            capture_output=True,
            text=True,
            timeout=_MKFS_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        path.unlink(missing_ok=True)
        raise OurFault("The server's disk cannot be made.", detail=f"mkfs.ext4: {err}") from err
    if done.returncode != 0:
        path.unlink(missing_ok=True)
        kind = StorageFull if "No space left" in done.stderr else OurFault
        raise kind("The server's disk cannot be made.", detail=f"mkfs.ext4: {done.stderr.strip()[:500]}")
