"""A connection to libvirt that comes back by itself.

    closed ── start ──> away ── opened ──> up ── end of file, keepalive ──> away ── ...

A keeper thread opens the connection, and opens it again whenever it breaks; callers get it if it is up, wait a
moment if it is not, and then get HostUnreachable.  libvirt's own event loop runs in one thread for the process.
Whoever subscribed is told of each (re)connection, to register callbacks again and to look at what was missed.

Calls do not share that connection: libvirtd works on five requests of a client at a time (``max_client_requests``), so
that twenty starts of guests, and every small question behind them, would wait for each other.  Each call borrows a
connection of its own from a pool that grows with the number of callers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import libvirt

from micronova.host.libvirt.faults import is_lost, translate
from micronova.model.errors import HostUnreachable

_log = logging.getLogger(__name__)
T = TypeVar("T")

_KEEPALIVE_INTERVAL_S = 5
_KEEPALIVE_COUNT = 3
_FIRST_RETRY_S = 0.1
_LAST_RETRY_S = 2.0
_MOST_IDLE = 32
_PATIENCE_S = 3.0  # how long a call waits for a connection that is away: a restart of libvirtd takes about a second


class _EventLoop:
    """libvirt's event loop, of which there is one in a process, begun before the first connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = False

    def ensure(self) -> None:
        with self._lock:
            if self._running:
                return
            libvirt.virEventRegisterDefaultImpl()
            # libvirt would print each error; they are ours to report.
            libvirt.registerErrorHandler(lambda _context, _error: None, None)
            threading.Thread(target=self._run, name="libvirt-events", daemon=True).start()
            self._running = True

    @staticmethod
    def _run() -> None:
        while True:
            try:
                libvirt.virEventRunDefaultImpl()
            except libvirt.libvirtError as err:
                _log.error("libvirt's event loop: %s", err)


_event_loop = _EventLoop()


class Connection:
    """A connection to ``uri`` that survives a restart of the daemon."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._changed = threading.Condition()
        self._connection: libvirt.virConnect | None = None
        self._reason = "not started"
        self._closing = False
        self._keeper: threading.Thread | None = None
        self._idle: list[libvirt.virConnect] = []  # guarded by _changed
        self._listeners: list[Callable[[libvirt.virConnect], None]] = []

    def on_connected(self, listener: Callable[[libvirt.virConnect], None]) -> None:
        """Call ``listener`` with each new connection, in the keeper's thread.  Before ``start``."""
        self._listeners.append(listener)

    def start(self, timeout_s: float = 10.0) -> None:
        """Begin to connect; HostUnreachable if there is no connection within the time."""
        _event_loop.ensure()
        with self._changed:
            self._closing = False
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="libvirt-keeper", daemon=True)
                self._keeper.start()
        self.current(timeout_s)

    def close(self) -> None:
        """Disconnect and stay so."""
        with self._changed:
            self._closing = True
            connection, self._connection = self._connection, None
            self._reason = "closed"
            self._changed.notify_all()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None
        self._close_idle()
        if connection is not None:
            _close_quietly(connection)

    def is_up(self) -> bool:
        """Whether libvirt is connected right now."""
        with self._changed:
            return self._connection is not None

    def why_away(self) -> str:
        """The last reason for not being connected, for admins."""
        with self._changed:
            return self._reason

    def current(self, patience_s: float = _PATIENCE_S) -> libvirt.virConnect:
        """The live connection; HostUnreachable if there is none within the time."""
        with self._changed:
            self._changed.wait_for(lambda: self._connection is not None or self._closing, patience_s)
            if self._connection is None:
                raise HostUnreachable(
                    "The server's host does not answer.", detail=f"libvirt at {self.uri}: {self._reason}"
                )
            return self._connection

    def call(self, what: str, function: Callable[[libvirt.virConnect], T]) -> T:
        """Run ``function``, which must be safe to run twice: again, for a moment, if the connection breaks under it.

        ``what`` completes "cannot ..." in the error's detail.
        """
        give_up: float | None = None
        while True:
            self.current()
            try:
                return self._borrowing(function)
            except libvirt.libvirtError as err:
                if not is_lost(err):
                    raise translate(err, what) from err
                self._close_idle()
                give_up = give_up or time.monotonic() + _PATIENCE_S
                if time.monotonic() > give_up:
                    raise translate(err, what) from err
            time.sleep(_FIRST_RETRY_S)

    def _borrowing(self, function: Callable[[libvirt.virConnect], T]) -> T:
        with self._changed:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = libvirt.open(self.uri)
            connection.setKeepAlive(_KEEPALIVE_INTERVAL_S, _KEEPALIVE_COUNT)
        try:
            return function(connection)
        finally:
            with self._changed:
                keep = len(self._idle) < _MOST_IDLE and self._connection is not None and connection.isAlive() == 1
                if keep:
                    self._idle.append(connection)
            if not keep:
                _close_quietly(connection)

    def _close_idle(self) -> None:
        with self._changed:
            idle, self._idle = self._idle, []
        for connection in idle:
            _close_quietly(connection)

    def _lost(self, connection: libvirt.virConnect, reason: str) -> None:
        with self._changed:
            if self._connection is not connection:
                return
            self._connection = None
            self._reason = reason
            self._changed.notify_all()
        self._close_idle()
        _log.warning("libvirt at %s is away: %s", self.uri, reason)

    def _keep(self) -> None:
        delay = _FIRST_RETRY_S
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._connection is None or self._closing)
                if self._closing:
                    return
            try:
                connection = self._open()
            except libvirt.libvirtError as err:
                with self._changed:
                    self._reason = str(err)
                    self._changed.wait_for(lambda: self._closing, delay)
                delay = min(delay * 2, _LAST_RETRY_S)
                continue
            delay = _FIRST_RETRY_S
            with self._changed:
                if self._closing:
                    _close_quietly(connection)
                    return
                self._connection = connection
                self._changed.notify_all()
            self._tell(connection)

    def _open(self) -> libvirt.virConnect:
        connection = libvirt.open(self.uri)
        # Only remote drivers, which is what qemu:///... is to us, have a socket to watch.
        connection.setKeepAlive(_KEEPALIVE_INTERVAL_S, _KEEPALIVE_COUNT)
        connection.registerCloseCallback(self._on_close, None)
        return connection

    def _on_close(self, connection: libvirt.virConnect, reason: int, _opaque: object) -> None:
        names = {
            libvirt.VIR_CONNECT_CLOSE_REASON_ERROR: "connection error",
            libvirt.VIR_CONNECT_CLOSE_REASON_EOF: "the daemon closed the connection",
            libvirt.VIR_CONNECT_CLOSE_REASON_KEEPALIVE: "the daemon stopped answering",
            libvirt.VIR_CONNECT_CLOSE_REASON_CLIENT: "closed by us",
        }
        with self._changed:
            mine = self._connection
        # libvirt hands over a new wrapper; there is only one connection at a time.
        if mine is not None and mine.isAlive() == 0:
            self._lost(mine, names.get(reason, f"reason {reason}"))

    def _tell(self, connection: libvirt.virConnect) -> None:
        for listener in self._listeners:
            try:
                listener(connection)
            except libvirt.libvirtError as err:
                _log.warning("after connecting to %s: %s", self.uri, err)
                if is_lost(err):
                    self._lost(connection, str(err))


def _close_quietly(connection: libvirt.virConnect) -> None:
    try:
        connection.close()
    except libvirt.libvirtError as err:
        _log.debug("closing: %s", err)
