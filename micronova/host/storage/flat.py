"""Disks as whole files without a base: raw, or qcow2 where the image is and stays qcow2."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from micronova.host.atomic_file import storage_error
from micronova.host.interface import DiskSpec
from micronova.host.platform.sources import FileChain
from micronova.host.storage import qemu_img
from micronova.host.storage.interface import Base
from micronova.model.errors import OurFault, StorageFull

_COPY_TIMEOUT_S = 7200


class FlatStore:
    """``images_type = flat`` (or ``raw``)."""

    backend = "flat"
    keeps_base = False

    def create(self, path: Path, spec: DiskSpec, base: Base | None) -> FileChain:
        """See DiskStore."""
        if base is None:
            make_empty_raw(path, spec.size_bytes)
            return FileChain(path=str(path), format="raw")
        path.unlink(missing_ok=True)
        _copy(base.path, path)
        qemu_img.resize(path, qemu_img.Format(base.format), spec.size_bytes)
        return FileChain(path=str(path), format=base.format)


def make_empty_raw(path: Path, size_bytes: int) -> None:
    """A sparse file of that size, in place of what is there."""
    path.unlink(missing_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(descriptor, size_bytes)
        finally:
            os.close(descriptor)
    except OSError as err:
        path.unlink(missing_ok=True)
        raise storage_error(err, f"make {path}") from err


def _copy(source: Path, target: Path) -> None:
    """Copy with holes kept; where the file system can share blocks, nothing is copied at all."""
    command = ["cp", "--reflink=auto", "--sparse=always", "--no-preserve=all", "--", str(source), str(target)]
    try:
        done = subprocess.run(  # noqa: S603 - fixed program, absolute paths of ours
            command, capture_output=True, text=True, timeout=_COPY_TIMEOUT_S, check=False, umask=0o077
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        target.unlink(missing_ok=True)
        raise OurFault("The server's disk cannot be made.", detail=f"cp: {err}") from err
    if done.returncode == 0:
        target.chmod(0o600)
        return
    target.unlink(missing_ok=True)
    words = done.stderr.strip()[:500]
    if "No space left on device" in words or "File too large" in words:
        raise StorageFull("There is no space left for the server's disks.", detail=words)
    raise OurFault("The server's disk cannot be made.", detail=words)
