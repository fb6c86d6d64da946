"""What a guest does behind our back shows in its server: by the host's events at once, by the clock if one was lost."""

from __future__ import annotations

import logging
import queue
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute.reconcile.loop import Loop
from micronova.compute.states import VmState
from micronova.db.database import Database
from micronova.db.tables.compute import servers
from micronova.host.interface import Host, PowerEvent, PowerState
from micronova.model.clock import utcnow
from micronova.model.errors import HostUnreachable
from micronova.model.ids import HostName, ServerId

log = logging.getLogger(__name__)

_OFF = (PowerState.SHUTDOWN, PowerState.CRASHED)

_STATE: sa.BindParameter[int] = sa.bindparam("b_state")
# Nothing is being done to it: an operation writes its own result.
_IDLE_HERE = sa.and_(
    servers.c.id == sa.bindparam("b_id"),
    servers.c.host == sa.bindparam("b_host"),
    servers.c.deleted_at.is_(None),
    servers.c.task_state.is_(None),
)
_SHOWN = sa.select(servers.c.power_state, servers.c.vm_state).where(_IDLE_HERE)
_RECORD = (
    servers.update()
    .where(_IDLE_HERE, servers.c.power_state != _STATE)
    .values(power_state=_STATE, updated_at=sa.bindparam("b_now"))
)
_STOP = servers.update().where(_IDLE_HERE, servers.c.vm_state == VmState.ACTIVE).values(vm_state=str(VmState.STOPPED))
_ALL_IDLE = sa.select(servers.c.id, servers.c.power_state).where(
    servers.c.host == sa.bindparam("b_host"), servers.c.deleted_at.is_(None), servers.c.task_state.is_(None)
)


class PowerStates:
    """Listens to the hosts of this process, and compares all of their guests every ``interval_s`` (and at start)."""

    def __init__(self, database: Database, hosts: Sequence[Host], interval_s: float) -> None:
        self._db = database
        self._hosts = hosts
        self._events: queue.SimpleQueue[PowerEvent] = queue.SimpleQueue()
        self._on_event = Loop("power events", self._drain, 3600.0)
        self._by_clock = Loop("power states", self.compare_all, interval_s)

    def start(self) -> None:
        """Subscribe, compare once, keep going."""
        for host in self._hosts:
            host.subscribe(self._hear)
        self._on_event.start()
        self._by_clock.start()
        self._by_clock.wake()

    def stop(self) -> None:
        """No further changes."""
        self._on_event.stop()
        self._by_clock.stop()

    def compare_all(self) -> None:
        """Compare what each host has with what its servers show."""
        for host in self._hosts:
            try:
                seen = host.holdings().domains
            except HostUnreachable as err:
                log.warning("power states of %s are not known: %s", host.name, err)
                continue
            with self._db.read() as c:
                shown = dict(c.execute(_ALL_IDLE, {"b_host": host.name}).all())
            for server_id, state in shown.items():
                now = seen.get(ServerId(server_id))
                if now is not None and now != state:
                    self._record(PowerEvent(host=host.name, server_id=ServerId(server_id), state=now, reason="clock"))

    def _hear(self, event: PowerEvent) -> None:
        self._events.put(event)
        self._on_event.wake()

    def _drain(self) -> None:
        while True:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                return
            self._record(event)

    def _record(self, event: PowerEvent) -> None:
        # Most events are echoes of our own operations and change nothing: that costs a look, not a turn to write.
        with self._db.read() as c:
            if not _is_news(c, event):
                return
        changed = self._db.transact(lambda c: record(c, event.host, event.server_id, event.state))
        if changed:
            log.info("server %s is %s now: %s (%s)", event.server_id, changed, event.state.name, event.reason)


def _is_news(c: Connection, event: PowerEvent) -> bool:
    shown = c.execute(_SHOWN, {"b_id": event.server_id, "b_host": event.host}).first()
    if shown is None:
        return False  # busy (the clock finds what its operation did not see), deleted, or somewhere else
    power_state, vm_state = shown
    return power_state != event.state or (event.state in _OFF and vm_state == VmState.ACTIVE)


def record(c: Connection, host: HostName, server_id: ServerId, state: PowerState) -> str | None:
    """Write a power state; gives the new vm_state if that changed with it, else None.

    Only while nothing is being done to the server: an operation writes its own result.  A running server whose guest
    went off becomes stopped, as Nova's sync_power_states has it.
    """
    here = {"b_id": server_id, "b_host": host}
    c.execute(_RECORD, {**here, "b_state": int(state), "b_now": utcnow()})
    if state not in _OFF:
        return None
    stopped = c.execute(_STOP, here)
    return str(VmState.STOPPED) if stopped.rowcount else None
