"""Folders and files on this host, and who may pass.

    instances/<server id>/    root ephemeral0 swap config.iso   disks   0600
                              console.log                       virtlogd's, 0600
                              disks.json                        what was made, 0600
    cache/                    images, as bases                  0640, of QEMU's group: read, never written

Folders are 0700.  Where QEMU runs as a user of its own (system libvirt), it must pass through them to its disks: they
are then 0710 and of QEMU's group, which lets it enter but not list, and libvirt gives it the one file that it may open.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from micronova.host.libvirt.node import QemuUser
from micronova.model.errors import OurFault
from micronova.model.ids import ServerId, is_uuid

CONSOLE_LOG = "console.log"


class Layout:
    """The folders of the host role under the state folder."""

    def __init__(self, state: Path, instances: Path) -> None:
        self._state = state
        self.instances = instances
        self.cache = instances / "_base"
        self.ports = state / "host" / "ports"
        self.networks = state / "host" / "networks"
        self.facts = state / "host"
        self._qemu: QemuUser | None = None

    def prepare(self, qemu: QemuUser | None) -> None:
        """Make the folders; OurFault with the remedy if QEMU cannot get to its disks through their parents."""
        self._qemu = qemu if os.geteuid() == 0 else None
        self.facts.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.instances, self.cache):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._qemu is None:
            return
        for folder in (self.cache, self.instances, *self.instances.parents):
            if folder.is_relative_to(self._state) or folder.is_relative_to(self.instances):
                self._let_pass(folder)
            elif not _can_pass(folder, self._qemu):
                raise OurFault(
                    "QEMU cannot reach the disks of this host.",
                    detail=f"QEMU runs as uid {self._qemu.uid}, which may not enter {folder}: choose a --state-dir (or"
                    f" [DEFAULT] instances_path) elsewhere, such as under /var/lib, or: chmod o+x {folder}",
                )

    def make_server(self, server_id: ServerId) -> Path:
        """The server's folder, made if it is not there."""
        folder = self.server(server_id)
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._qemu is not None:
            self._let_pass(folder)
        return folder

    def server(self, server_id: ServerId) -> Path:
        """The server's folder, there or not."""
        if not is_uuid(server_id):
            raise ValueError(f"not a server id: {server_id!r}")
        return self.instances / server_id

    def console_log(self, server_id: ServerId) -> Path:
        """The file that virtlogd writes."""
        return self.server(server_id) / CONSOLE_LOG

    def remove_server(self, server_id: ServerId) -> None:
        """Remove the server's folder and all in it, there or not."""
        folder = self.server(server_id)
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            # Either it is gone, or virtlogd rotated a file away under us: then there is more to remove.
            if folder.exists():
                shutil.rmtree(folder)

    def servers(self) -> Iterator[ServerId]:
        """Servers that have a folder."""
        for path in self.instances.iterdir():
            if is_uuid(path.name):
                yield ServerId(path.name)

    def strangers(self) -> Iterator[str]:
        """Names beside the servers' folders that are not ours."""
        for path in self.instances.iterdir():
            if not is_uuid(path.name) and path != self.cache:
                yield str(path)

    def share_with_qemu(self, path: Path) -> None:
        """Let QEMU's group read this file; nobody but us writes it."""
        if self._qemu is not None:
            os.chown(path, os.geteuid(), self._qemu.gid)
            path.chmod(0o640)
        else:
            path.chmod(0o600)

    def _let_pass(self, folder: Path) -> None:
        if self._qemu is None:
            return
        found = folder.stat()
        if found.st_gid != self._qemu.gid:
            os.chown(folder, -1, self._qemu.gid)
        if stat.S_IMODE(found.st_mode) != 0o710:
            folder.chmod(0o710)


def _can_pass(folder: Path, who: QemuUser) -> bool:
    found = folder.stat()
    if found.st_uid == who.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == who.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def supports_direct_io(folder: Path) -> bool:
    """Whether files there can be opened with O_DIRECT, as ``cache=none`` does."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".direct-io.")
    os.close(descriptor)
    try:
        os.close(os.open(name, os.O_RDWR | os.O_DIRECT))
    except OSError:
        return False
    finally:
        Path(name).unlink()
    return True
