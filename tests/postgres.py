"""A private PostgreSQL: a cluster made in a temporary folder, for one test session, without any installed service."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

_SETTINGS = {"listen_addresses": "127.0.0.1", "max_connections": "300", "log_min_messages": "fatal"}
# For tests: nothing needs to survive a power cut.
_VOLATILE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
}
_START_TIMEOUT_S = 30
# A container's default /dev/shm of 64 MiB is too small.
_MEMORY_BYTES = 1 << 30


def _binaries() -> Path:
    """The folder of initdb and postgres: the newest that Debian has, else the one on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise RuntimeError("PostgreSQL is not installed; run: make setup")
    return Path(on_path).resolve().parent


def _memory_folder() -> str | None:
    """Where making a database (300 files) is quickest: 12 ms in memory, up to 200 ms on a disk."""
    folder = Path("/dev/shm")
    if os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > _MEMORY_BYTES:
        return str(folder)
    return None


class PostgresCluster:
    """One running server on a free port of 127.0.0.1, with databases made on demand.

    ``durable`` leaves the settings as an operator has them, and the files on a disk: for measuring.  Use as a context
    manager.  PostgreSQL refuses to run as root, so root runs it as the user ``postgres``.
    """

    def __init__(self, *, durable: bool = False) -> None:
        folder = None if durable else _memory_folder()
        self.folder = Path(tempfile.mkdtemp(prefix="micronova-postgres-", dir=folder))
        self._settings = _SETTINGS if durable else _SETTINGS | _VOLATILE
        self.password = secrets.token_hex(16)
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._server: subprocess.Popen[bytes] | None = None
        self._admin: psycopg.Connection[tuple[object, ...]] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def __enter__(self) -> PostgresCluster:
        try:
            self._initialise()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database of this cluster."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database as a copy of another that nobody is connected to; returns its URL."""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, and whoever is connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """End the server that this object started and remove its folder."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            self._server.wait(timeout=_START_TIMEOUT_S)
            self._server = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        for path in (self.folder, password_file):
            shutil.chown(path, self._user)
        self._run(
            *("initdb", "--no-sync", "--no-locale", "--encoding=UTF8", "--username=postgres"),
            *("--auth=scram-sha-256", f"--pwfile={password_file}", f"--pgdata={self.folder / 'data'}"),
        )

    def _run(self, command: str, *arguments: str) -> None:
        done = subprocess.run(
            [_binaries() / command, *arguments],
            **self._identity(),  # type: ignore[call-overload]
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command} failed: {done.stderr or done.stdout}")

    def _identity(self) -> dict[str, object]:
        return {"user": self._user, "group": self._user, "extra_groups": []} if os.geteuid() == 0 else {}

    def _start(self) -> None:
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        log = self.folder / "log"
        with log.open("wb") as output:
            self._server = subprocess.Popen(
                [
                    _binaries() / "postgres",
                    f"-D{self.folder / 'data'}",
                    f"-k{self.folder}",
                    f"-p{self.port}",
                    *settings,
                ],
                **self._identity(),  # type: ignore[call-overload]
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C on pytest must not end it before the tests have
            )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                self._admin = psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5)
                return
            except psycopg.OperationalError as err:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}") from err
                time.sleep(0.02)

    def _execute(self, statement: str) -> None:
        assert self._admin is not None, "the cluster is not running"
        self._admin.execute(statement.encode())
