"""A real ``micronova serve``, started as a process on a free port and ended by its pid."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / ".venv/bin/micronova"

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0


class ServeFailed(Exception):
    """micronova ended, or did not become healthy; the message has the end of its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def state_dir(name: str) -> Path:
    """Where a micronova of this checkout may keep its state so that QEMU can reach it (scripts/state-dir)."""
    found = subprocess.run([ROOT / "scripts/state-dir", name], stdout=subprocess.PIPE, text=True, check=True)
    return Path(found.stdout.strip())


class Serving:
    """One ``micronova serve``: its process, its folder, its URL.

    ``start`` and ``stop`` may alternate: the state, the port and so the URLs in clouds.yaml stay.  ``hosts`` is the
    number of simulated hosts; 0 uses the libvirt of this machine.
    """

    def __init__(
        self, folder: Path, *, hosts: int = 0, database: str | None = None, arguments: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.parent / f"{folder.name}.log"
        self.clouds_yaml = folder / "clouds.yaml"
        self.process: subprocess.Popen[bytes] | None = None
        self._command = [str(PROGRAM), "serve", "--state-dir", str(folder), "--listen", f"127.0.0.1:{self.port}"]
        if hosts:
            self._command += ["--simulated-hosts", str(hosts)]
        if database is not None:
            self._command += ["--database", database]
        self._command += arguments

    @property
    def command(self) -> str:
        """What is run, for people."""
        return " ".join(self._command)

    def start(self, timeout_s: float = START_TIMEOUT_S) -> float:
        """Run it until it answers that it is healthy; the seconds that took.  Raises ServeFailed."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with self.log.open("ab") as output:
            # Its own session: Ctrl-C is for us, who then end it in order.
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        answer = "no answer"
        while time.monotonic() - began < timeout_s:
            if (status := self.process.poll()) is not None:
                self.process = None
                raise ServeFailed(f"micronova ended with status {status}.\n{self.log_end()}")
            try:
                status, answer = self.health()
            except OSError:
                time.sleep(0.005)
                continue
            if status == 200:
                return time.monotonic() - began
            time.sleep(0.05)
        self.kill()
        raise ServeFailed(f"micronova is not healthy after {timeout_s:.0f} s: {answer}\n{self.log_end()}")

    def health(self) -> tuple[int, str]:
        """Status and body of GET /healthz; OSError while nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except http.client.HTTPException as err:
            raise ConnectionError(str(err)) from err
        finally:
            connection.close()

    def stop(self) -> float:
        """SIGTERM, and wait; the seconds that took.  Raises ServeFailed if it had to be killed or ended badly."""
        if self.process is None:
            return 0.0
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired as err:
            self.kill()
            raise ServeFailed(f"micronova ignored SIGTERM for {STOP_TIMEOUT_S:.0f} s.\n{self.log_end()}") from err
        self.process = None
        if status not in (0, -signal.SIGTERM):
            raise ServeFailed(f"micronova ended with status {status} on SIGTERM.\n{self.log_end()}")
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log_end(self, lines: int = 20) -> str:
        """The last lines of its log, and where the rest is."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join([f"{self.log} ends:", *text.splitlines()[-lines:]])

    def memory_pss_mib(self) -> float:
        """Proportional memory of the process and of all that it started, in MiB."""
        assert self.process is not None, "it does not run"
        return sum(_pss_kib(pid) for pid in _family(self.process.pid)) / 1024


def _family(root: int) -> list[int]:
    """The process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue  # it ended meanwhile
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _pss_kib(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except FileNotFoundError:
        return 0
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def client_environment(clouds_yaml: Path, cloud: str) -> dict[str, str]:
    """The environment in which the ``openstack`` command talks to this micronova and to no other cloud."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    return kept | {"OS_CLIENT_CONFIG_FILE": str(clouds_yaml), "OS_CLOUD": cloud}
