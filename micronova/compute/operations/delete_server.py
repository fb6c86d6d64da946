"""Remove a server and all that belongs to it, whatever became of it before.

    remove_guest -> remove_nics -> remove_disks -> release (ports, allocation) -> (deleted)

A create that is under way was cancelled first and has undone its work.  A host that does not answer is waited for, and
the server shows ``deleting`` meanwhile; only a host that nobody knows any more is given up.
"""

from __future__ import annotations

import logging

import msgspec
from sqlalchemy.engine import Connection

from micronova.compute import host_registry, servers
from micronova.compute.states import VmState, move
from micronova.db.database import Database
from micronova.host.interface import Hosts, PowerState
from micronova.model.clock import utcnow
from micronova.model.errors import NotFound
from micronova.model.ids import HostName, ServerId
from micronova.network import ports
from micronova.operations.definition import Failure, Operation, Step, StepContext, TransactionStep
from micronova.placement import allocations

log = logging.getLogger(__name__)

_GONE = "what is deleted is not made again"
# A host may be away for a long time: weeks of tries, at most half a minute apart.
_PATIENCE = 1_000_000


class DeleteServer(msgspec.Struct, frozen=True, kw_only=True):
    """Which one; everything else is in its row."""

    server_id: str


def delete_server(database: Database, hosts: Hosts) -> Operation[DeleteServer]:
    """The operation, for an engine that works on these hosts."""
    steps = _Steps(database, hosts)
    return Operation(
        kind="delete_server",
        action="delete",
        state=DeleteServer,
        steps=(
            Step(name="remove_guest", do=steps.remove_guest, no_undo=_GONE, attempts=_PATIENCE),
            Step(name="remove_nics", do=steps.remove_nics, no_undo=_GONE, attempts=_PATIENCE),
            Step(name="remove_disks", do=steps.remove_disks, no_undo=_GONE, attempts=_PATIENCE),
            TransactionStep(name="release", do=_release, no_undo=_GONE),
        ),
        succeeded=_mark_deleted,
        failed=_mark_failed,
    )


class _Steps:
    def __init__(self, database: Database, hosts: Hosts) -> None:
        self._db = database
        self._hosts = hosts

    def _host_of(self, c: Connection, state: DeleteServer) -> HostName | None:
        """The server's host; None where there is none, or where it is known no more."""
        name = servers.host_of(c, state.server_id)
        if name is None:
            return None
        if name not in self._hosts.names() and not host_registry.services(c, host=name):
            log.warning("server %s: host %s is not known any more; deleting here only", state.server_id, name)
            return None
        return HostName(name)

    def remove_guest(self, context: StepContext, state: DeleteServer) -> None:
        with self._db.read() as c:
            host = self._host_of(c, state)
        if host is not None:
            self._hosts.get(host).remove_domain(ServerId(state.server_id))

    def remove_nics(self, context: StepContext, state: DeleteServer) -> None:
        with self._db.read() as c:
            host = self._host_of(c, state)
            nics = [] if host is None else ports.nics_of(c, ServerId(state.server_id))
        if host is not None:
            self._hosts.get(host).remove_nics(ServerId(state.server_id), nics)

    def remove_disks(self, context: StepContext, state: DeleteServer) -> None:
        with self._db.read() as c:
            host = self._host_of(c, state)
        if host is not None:
            self._hosts.get(host).remove_disks(ServerId(state.server_id))


def _release(c: Connection, context: StepContext, state: DeleteServer) -> None:
    ports.remove_ports(c, server_id=ServerId(state.server_id))
    allocations.release(c, state.server_id)
    servers.forget_disks(c, state.server_id)


def _mark_deleted(c: Connection, context: StepContext, state: DeleteServer) -> None:
    now = utcnow()
    try:
        move(c, state.server_id, VmState.DELETED, power_state=PowerState.NOSTATE, terminated_at=now, deleted_at=now)
    except NotFound:
        log.info("server %s was deleted before", state.server_id)


def _mark_failed(c: Connection, context: StepContext, state: DeleteServer, failure: Failure) -> None:
    """The host refused: the server is in ERROR and can be deleted again."""
    server = servers.get_any(c, state.server_id)
    if server is None or server.deleted_at is not None:
        return
    servers.set_fault(c, state.server_id, failure)
    move(c, state.server_id, VmState.ERROR, task_state=None)
