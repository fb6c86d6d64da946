"""Fixtures of tests on real libvirt: a private libvirtd, a LocalHost on it, images on disk, a bootable guest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from micronova.host.interface import ImageRef, ImageSource
from micronova.host.local import LocalHost, LocalHostConfig
from micronova.model.errors import NotFound
from micronova.model.ids import HostName, ImageId, new_uuid
from tests.private_libvirt import PrivateLibvirt

REPOSITORY = Path(__file__).resolve().parent.parent


class FolderImages:
    """An ImageSource: a file for each image."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened = 0

    def add(self, source: Path, disk_format: str, virtual_size: int) -> ImageRef:
        """Copy the file into the store."""
        image_id = ImageId(new_uuid())
        path = self.folder / image_id
        shutil.copyfile(source, path)
        path.chmod(0o600)
        digest = hashlib.sha512(path.read_bytes()).hexdigest()
        return ImageRef(
            id=image_id,
            disk_format=disk_format,
            size=path.stat().st_size,
            virtual_size=virtual_size,
            hash_algo="sha512",
            hash_value=digest,
        )

    def local_path(self, image_id: ImageId) -> Path | None:
        """The file."""
        return self.folder / image_id

    def open(self, image_id: ImageId) -> BinaryIO:
        """The bytes."""
        self.opened += 1
        try:
            return (self.folder / image_id).open("rb")
        except FileNotFoundError as err:
            raise NotFound("no such image") from err


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that QEMU's user can get to: pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="micronova-test-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def require_root() -> None:
    """Skip where we may not change interfaces and rules."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


@contextmanager
def private_libvirt() -> Iterator[PrivateLibvirt]:
    """A libvirtd of one's own; skipped where that cannot be."""
    if os.geteuid() != 0 or shutil.which("unshare") is None or not Path("/usr/sbin/libvirtd").exists():
        pytest.skip("a private libvirtd needs root and Debian's libvirt packages")
    with open_folder() as folder:
        daemons = PrivateLibvirt(folder)
        daemons.start()
        try:
            yield daemons
        finally:
            daemons.stop()


def make_host(daemons: PrivateLibvirt, state: Path, images: ImageSource, **settings: object) -> LocalHost:
    """A LocalHost that was not started, under emulation so that it runs everywhere."""
    values: dict[str, object] = {"virt_type": "qemu", **settings}
    return LocalHost(
        LocalHostConfig(
            name=HostName("test-host"),
            uri=daemons.uri,
            state_dir=state,
            instances_dir=state / "instances",
            **values,  # type: ignore[arg-type]
        ),
        images,
    )


def bootable_image() -> tuple[Path, int]:
    """The guest that scripts/guest-image builds (once), and its virtual size."""
    found = subprocess.run([str(REPOSITORY / "scripts/guest-image")], stdout=subprocess.PIPE, text=True, check=True)
    path = Path(found.stdout.strip().splitlines()[-1])
    info = subprocess.run(
        ["qemu-img", "info", "-f", "qcow2", "--output=json", str(path)], capture_output=True, check=True
    )
    return path, int(json.loads(info.stdout)["virtual-size"])
