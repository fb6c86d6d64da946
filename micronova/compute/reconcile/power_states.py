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
                shown = dict(
                    c.execute(
                        sa.select(servers.c.id, servers.c.power_state).where(
                            servers.c.host == host.name, servers.c.deleted_at.is_(None), servers.c.task_state.is_(None)
                        )
                    ).all()
                )
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
        changed = self._db.transact(lambda c: record(c, event.host, event.server_id, event.state))
        if changed:
            log.info("server %s is %s now: %s (%s)", event.server_id, changed, event.state.name, event.reason)


def record(c: Connection, host: HostName, server_id: ServerId, state: PowerState) -> str | None:
    """Write a power state; gives the new vm_state if that changed with it, else None.

    Only while nothing is being done to the server: an operation writes its own result.  A running server whose guest
    went off becomes stopped, as Nova's sync_power_states has it.
    """
    idle_here = sa.and_(
        servers.c.id == server_id,
        servers.c.host == host,
        servers.c.deleted_at.is_(None),
        servers.c.task_state.is_(None),
        servers.c.power_state != int(state),
    )
    c.execute(servers.update().where(idle_here).values(power_state=int(state), updated_at=utcnow()))
    if state not in _OFF:
        return None
    stopped = c.execute(
        servers.update()
        .where(
            servers.c.id == server_id,
            servers.c.host == host,
            servers.c.task_state.is_(None),
            servers.c.vm_state == VmState.ACTIVE,
        )
        .values(vm_state=str(VmState.STOPPED))
    )
    return str(VmState.STOPPED) if stopped.rowcount else None
