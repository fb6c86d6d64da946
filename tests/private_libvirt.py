"""A libvirtd and a virtlogd of a test's own: real ones, that a test may kill, beside those of the machine.

They run in a mount namespace where /run/libvirt, /var/lib/libvirt and /var/cache/libvirt are folders of the test's, so
that sockets, states and domains are apart.  Guests, bridges and nftables are the machine's.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_FOLDERS = ("/run/libvirt", "/var/lib/libvirt", "/var/cache/libvirt")


class PrivateLibvirt:
    """Starts and stops the two daemons in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        for path in _FOLDERS:
            own = self._own(path)
            own.mkdir(parents=True)
            own.chmod(0o755)
        cached = Path("/var/cache/libvirt/qemu/capabilities")
        if cached.is_dir():  # what QEMU can takes seconds to find out anew
            shutil.copytree(cached, self._own("/var/cache/libvirt") / "qemu/capabilities")

    @property
    def uri(self) -> str:
        """Where the private libvirtd is."""
        return f"qemu+unix:///system?socket={self._socket}"

    def start(self) -> None:
        """Start both and wait until libvirtd's socket is there."""
        self._start("virtlogd")
        self.start_libvirtd()

    def start_libvirtd(self) -> None:
        """Start libvirtd and wait for its socket."""
        self._socket.unlink(missing_ok=True)
        self._start("libvirtd")
        wait_for(self._socket.exists, 20, "libvirtd's socket")

    def kill_libvirtd(self) -> None:
        """``kill -9``."""
        daemon = self._daemons.pop("libvirtd")
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()

    def stop(self) -> None:
        """End both."""
        for daemon in self._daemons.values():
            os.killpg(daemon.pid, signal.SIGTERM)
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()
        self._daemons.clear()

    @property
    def _socket(self) -> Path:
        return self._own("/run/libvirt") / "libvirt-sock"

    def _own(self, path: str) -> Path:
        return self._folder / path.strip("/").replace("/", "-")

    def _start(self, program: str) -> None:
        mounts = " && ".join(f"mount --bind {self._own(path)} {path}" for path in _FOLDERS)
        with (self._folder / f"{program}.log").open("ab") as log:
            self._daemons[program] = subprocess.Popen(
                [
                    "unshare",
                    "--mount",
                    "sh",
                    "-c",
                    f"{mounts} && exec /usr/sbin/{program} -p /run/libvirt/{program}.pid",
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def wait_for(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(0.02)
