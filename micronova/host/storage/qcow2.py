"""Disks as qcow2 overlays on a cached image: nothing is copied, and space is taken as the guest writes."""

from __future__ import annotations

from pathlib import Path

from micronova.host.interface import DiskSpec
from micronova.host.platform.sources import FileChain
from micronova.host.storage import qemu_img
from micronova.host.storage.interface import Base


class Qcow2Store:
    """``images_type = qcow2``."""

    backend = "qcow2"
    keeps_base = True

    def create(self, path: Path, spec: DiskSpec, base: Base | None) -> FileChain:
        """See DiskStore."""
        if base is None:
            qemu_img.create(path, qemu_img.Format.QCOW2, spec.size_bytes)
            return FileChain(path=str(path), format="qcow2")
        qemu_img.create_overlay(path, spec.size_bytes, base.path, qemu_img.Format(base.format))
        return FileChain(path=str(path), format="qcow2", backing=FileChain(path=str(base.path), format=base.format))
