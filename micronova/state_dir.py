"""The state directory of one micronova: locked, private, and with what must outlive the process.

lock            held by the running process (flock), with its pid in it
id              this installation's name among the owners of operations
keys/           token signing keys (0600)
micronova.db    the embedded database
images/         the built-in image store
clouds.yaml, openrc     how clients log in (0600)
hosts/          simulated hosts' memory
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Callable
from pathlib import Path

from micronova.model.errors import OurFault


class StateDir:
    """An open, locked state directory.  Raises OurFault when another process has it, or it cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.path.stat().st_uid == os.geteuid():
                self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)  # QEMU's user passes through to its disks
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise OurFault(f"--state-dir {self.path}: {err.strerror}; name a directory that can be written") from err
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            pid = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._lock)
            raise OurFault(
                f"--state-dir {self.path} is in use by another micronova (pid {pid}); "
                "stop that one, or give this one a --state-dir and a --listen of its own"
            ) from err
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        self.id = self._keep("id", lambda: str(uuid.uuid4()).encode()).decode().strip()

    def subdir(self, name: str, mode: int = 0o700) -> Path:
        """A directory below, made if needed."""
        path = self.path / name
        path.mkdir(exist_ok=True, mode=mode)
        return path

    def write_private(self, name: str, content: bytes) -> Path:
        """A file of mode 0600, replaced in one go."""
        path = self.path / name
        beside = path.with_name(path.name + ".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        return path

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._lock)

    def _keep(self, name: str, make: Callable[[], bytes]) -> bytes:
        path = self.path / name
        if not path.exists():
            self.write_private(name, make())
        return path.read_bytes()
