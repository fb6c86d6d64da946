"""Run an assembled micronova under uvicorn: bind, start, say so in one line, end in order on SIGTERM."""

from __future__ import annotations

import gc
import logging
import os
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from micronova.app import Assembly, Micronova
from micronova.model.errors import OurFault
from micronova.operations import Observer
from micronova.settings.settings import Settings
from micronova.state_dir import StateDir

log = logging.getLogger(__name__)

# How long requests and steps under way may take to end after SIGTERM; what does not is taken up at the next start.
GRACE_S = 10.0
# Threads hand the interpreter over this often: small, so that a request never waits long behind an operation's step.
SWITCH_INTERVAL_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line of ``serve`` says beyond the settings."""

    host: str
    port: int
    simulated_hosts: int = 0
    control_only: bool = False
    public_url: str | None = None
    policy_file: Path | None = None


def run(settings: Settings, options: Options, observer: Observer | None = None) -> None:
    """Serve until SIGTERM or SIGINT.  Raises OurFault, with the way out, when it cannot start."""
    began = time.monotonic()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    os.umask(0o077)  # whatever is written, by us or by a library, is ours alone
    listener = _bind(options.host, options.port)
    state = StateDir(settings.default.state_path)
    try:
        assembly = Assembly(
            settings=settings,
            state=state,
            listen_url=_url(options.host, listener.getsockname()[1]),
            public_url=options.public_url,
            simulated_hosts=options.simulated_hosts,
            control_only=options.control_only,
            policy_file=options.policy_file,
            observer=observer,
        )
        micronova = Micronova(assembly)
        try:
            micronova.start()
            _settle_garbage_collection()
            _Server(micronova, listener, assembly.listen_url, began).serve_until_told()
        finally:
            micronova.stop(GRACE_S)
    finally:
        state.close()


class _Server(uvicorn.Server):
    """uvicorn, which says when it really answers."""

    def __init__(self, micronova: Micronova, listener: socket.socket, url: str, began: float) -> None:
        super().__init__(
            uvicorn.Config(
                micronova.asgi,
                log_config=None,
                access_log=False,
                http="httptools",
                loop="uvloop",
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=int(GRACE_S),
                timeout_keep_alive=60,
                h11_max_incomplete_event_size=65536,
            )
        )
        self._listener = listener
        self._url = url
        self._began = began

    def serve_until_told(self) -> None:
        """Block until a signal."""
        self.run(sockets=[self._listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"micronova: ready at {self._url} after {time.monotonic() - self._began:.2f} s\n")
            sys.stdout.flush()


def _settle_garbage_collection() -> None:
    """What is there now stays: it need not be looked at again.  Lists of a thousand servers make few cycles."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


def _bind(host: str, port: int) -> socket.socket:
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as err:
        raise OurFault(f"--listen {host}:{port}: {err.strerror or err}; choose another address or port") from err
    return listener


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"
