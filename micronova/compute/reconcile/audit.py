"""Everything has an owner, both ways: what hosts, placement and network keep against the servers that there are.

Servers with an operation under way are left out: their operation is about to settle them.  Hosts are read before the
database, so that whatever is created meanwhile is not taken for an orphan.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute.states import VmState
from micronova.db.database import Database
from micronova.db.tables.compute import server_disks, servers
from micronova.host.interface import Holdings, Host
from micronova.model.errors import HostUnreachable, MicronovaError
from micronova.model.ids import HostName, NetworkId, ServerId
from micronova.network import bindings, ports
from micronova.operations import history
from micronova.placement import allocations
from micronova.placement.consumers import servers_with_claims

log = logging.getLogger(__name__)


class Kind(enum.StrEnum):
    """What was found."""

    DOMAIN = "domain without server"
    DISKS = "disks without server"
    HOST_PORT = "network entry on a host without port"
    HOST_NETWORK = "network on a host that does not exist any more"
    UNKNOWN = "something on a host that nobody can place"
    CLAIM = "allocation without server"
    PORT = "port without server"
    DISK_ROW = "disk row without server"
    NO_DOMAIN = "server without domain"
    NO_CLAIM = "server without allocation"
    UNREACHABLE = "host that could not be asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing without its other half.  ``owner`` is the id it bears, ``host`` where it lies ("" in the database)."""

    kind: Kind
    owner: str
    host: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.owner}" + (f" on {self.host}" if self.host else "")


def audit(database: Database, hosts: Sequence[Host]) -> list[Finding]:
    """All findings; an empty list is a clean house."""
    held: dict[HostName, Holdings] = {}
    findings: list[Finding] = []
    for host in hosts:
        try:
            held[host.name] = host.holdings()
        except HostUnreachable:
            findings.append(Finding(kind=Kind.UNREACHABLE, owner=host.name, host=host.name))
    with database.read() as c:
        findings += _compare(c, held)
    return findings


def repair(database: Database, hosts: Sequence[Host], findings: Sequence[Finding]) -> list[Finding]:
    """Remove what has no owner; gives what could not be repaired, now or without a person."""
    by_name = {str(host.name): host for host in hosts}
    left = []
    for finding in findings:
        try:
            repaired = _repair(database, by_name.get(finding.host), finding)
        except MicronovaError as err:
            log.warning("%s: not repaired: %s", finding, err)
            repaired = False
        if repaired:
            log.warning("repaired: %s", finding)
        else:
            left.append(finding)
    return left


def _repair(database: Database, host: Host | None, finding: Finding) -> bool:
    """Whether there is a repair, which was then done."""
    owner = ServerId(finding.owner)
    if finding.kind is Kind.DOMAIN and host is not None:
        host.remove_domain(owner)
    elif finding.kind is Kind.DISKS and host is not None:
        host.remove_disks(owner)
    elif finding.kind is Kind.HOST_NETWORK and host is not None:
        host.remove_network(NetworkId(finding.owner))
    elif finding.kind is Kind.CLAIM:
        database.transact(lambda c: allocations.release(c, owner))
    elif finding.kind is Kind.PORT:
        database.transact(lambda c: ports.remove_ports(c, server_id=owner))
    else:
        return False
    return True


def _compare(c: Connection, held: dict[HostName, Holdings]) -> Iterator[Finding]:
    busy = history.active_subjects(c)
    rows = c.execute(sa.select(servers.c.id, servers.c.host, servers.c.vm_state).where(servers.c.deleted_at.is_(None)))
    live: dict[str, tuple[str | None, str]] = {row.id: (row.host, row.vm_state) for row in rows}
    bound = bindings.servers_of_ports(c)
    known_networks = bindings.network_ids(c)
    for host, holdings in held.items():
        for server_id in holdings.domains:
            if _stray(live, busy, server_id, host):
                yield Finding(kind=Kind.DOMAIN, owner=server_id, host=host)
        for server_id in holdings.disks:
            if _stray(live, busy, server_id, host):
                yield Finding(kind=Kind.DISKS, owner=server_id, host=host)
        for port_id in holdings.ports:
            if bound.get(port_id) not in live and bound.get(port_id) not in busy:
                yield Finding(kind=Kind.HOST_PORT, owner=port_id, host=host)
        for network_id in holdings.networks - known_networks:
            yield Finding(kind=Kind.HOST_NETWORK, owner=network_id, host=host)
        for text in holdings.unknown:
            yield Finding(kind=Kind.UNKNOWN, owner=text, host=host)
    claimed = servers_with_claims(c)
    for consumer in claimed:
        if consumer not in live and consumer not in busy:
            yield Finding(kind=Kind.CLAIM, owner=consumer)
    for server_id in set(bound.values()):
        if server_id not in live and server_id not in busy:
            yield Finding(kind=Kind.PORT, owner=server_id)
    for row in c.execute(sa.select(server_disks.c.server_id, server_disks.c.host).distinct()):
        if row.server_id not in live and row.server_id not in busy:
            yield Finding(kind=Kind.DISK_ROW, owner=row.server_id, host=row.host)
    domains: dict[str, Holdings] = {str(name): holdings for name, holdings in held.items()}
    for owner, (host_name, vm_state) in live.items():
        if owner in busy or host_name is None or vm_state in (VmState.ERROR, VmState.SHELVED_OFFLOADED):
            continue
        if owner not in claimed:
            yield Finding(kind=Kind.NO_CLAIM, owner=owner)
        if host_name in domains and owner not in domains[host_name].domains:
            yield Finding(kind=Kind.NO_DOMAIN, owner=owner, host=host_name)


def _stray(live: dict[str, tuple[str | None, str]], busy: set[str], server_id: str, host: str) -> bool:
    server = live.get(server_id)
    return server_id not in busy and (server is None or server[0] != host)
