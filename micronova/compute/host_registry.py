"""Which hosts there are: the rows behind os-services and os-hypervisors, written by whoever runs a host's role.

A host registers when it starts and then says regularly that it lives; one that did not for service_down_time is down.
The resource provider of a host (placement) has the UUID of its compute node.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.compute_resources import compute_nodes, compute_services
from micronova.host.interface import HostFacts, HostUsage
from micronova.model.clock import utcnow
from micronova.model.errors import NotFound
from micronova.model.ids import new_uuid

COMPUTE = "nova-compute"
# The parts of the control plane that clients expect to see as services.
CONTROL = ("nova-conductor", "nova-scheduler")


_NODES = sa.select(compute_nodes).order_by(compute_nodes.c.id)
_COMPUTE_HOSTS = sa.select(
    compute_services.c.host,
    compute_services.c.disabled,
    compute_services.c.disabled_reason,
    compute_services.c.forced_down,
    compute_services.c.heartbeat_at,
).where(compute_services.c.binary == COMPUTE)


@cache
def _services_statement(*, by_host: bool, by_binary: bool) -> sa.Select[Any]:
    statement = sa.select(compute_services).order_by(compute_services.c.id)
    if by_host:
        statement = statement.where(compute_services.c.host == sa.bindparam("b_host"))
    if by_binary:
        statement = statement.where(compute_services.c.binary == sa.bindparam("b_binary"))
    return statement


class ComputeHost(NamedTuple):
    """What decides whether a host may get servers: of its service, only what the scheduler asks about."""

    host: str
    disabled: bool
    disabled_reason: str | None
    forced_down: bool
    heartbeat_at: datetime

    def is_up(self, now: datetime, service_down_time_s: int) -> bool:
        """Whether it said in time that it lives, and nobody declared it dead."""
        return _is_up(self, now, service_down_time_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeService:
    """A part of the system on a machine.  ``forced_down``: an admin, or a fencing system, says that it is dead."""

    id: int
    uuid: str
    host: str
    binary: str
    disabled: bool
    disabled_reason: str | None
    forced_down: bool
    heartbeat_at: datetime
    created_at: datetime
    updated_at: datetime | None

    def is_up(self, now: datetime, service_down_time_s: int) -> bool:
        """Whether it said in time that it lives, and nobody declared it dead."""
        return _is_up(self, now, service_down_time_s)


def _is_up(service: ComputeHost | ComputeService, now: datetime, service_down_time_s: int) -> bool:
    return not service.forced_down and now - service.heartbeat_at <= timedelta(seconds=service_down_time_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeNode:
    """A hypervisor: what it has, and what of it was in use when it last said so."""

    id: int
    uuid: str
    service_id: int
    hostname: str
    hypervisor_type: str
    hypervisor_version: int
    host_ip: str
    cpu_info: str  # JSON
    vcpus: int
    memory_mib: int
    disk_gib: int
    running_vms: int
    memory_used_mib: int
    disk_used_gib: int
    disk_free_gib: int
    uptime: str
    created_at: datetime
    updated_at: datetime | None


def register(conn: Connection, facts: HostFacts, usage: HostUsage) -> ComputeNode:
    """Have the rows of a host that starts, with what it is now.  Keeps ids, and whether an admin disabled it."""
    service_id = _ensure_service(conn, facts.hostname, COMPUTE)
    values: dict[str, Any] = dict(
        service_id=service_id,
        hypervisor_type=facts.hypervisor_type,
        hypervisor_version=facts.hypervisor_version,
        host_ip=facts.host_ip,
        cpu_info=msgspec.json.encode(dict(facts.cpu_info)).decode(),
        vcpus=facts.vcpus,
        memory_mib=facts.memory_mib,
        disk_gib=facts.disk_gib,
        **_usage(usage),
        updated_at=utcnow(),
    )
    mine = compute_nodes.c.hostname == facts.hostname
    if conn.execute(sa.update(compute_nodes).where(mine).values(values)).rowcount == 0:
        conn.execute(
            sa.insert(compute_nodes).values(uuid=new_uuid(), hostname=facts.hostname, created_at=utcnow(), **values)
        )
    return _node(conn.execute(sa.select(compute_nodes).where(mine)).one())


def register_control(conn: Connection, host: str) -> None:
    """Have the rows of a control plane that starts on machine ``host``."""
    for binary in CONTROL:
        _ensure_service(conn, host, binary)


def heartbeat(conn: Connection, host: str, usage: HostUsage | None = None) -> None:
    """``host`` lives (all of its services do); with ``usage``, what is in use there now."""
    conn.execute(sa.update(compute_services).where(compute_services.c.host == host).values(heartbeat_at=utcnow()))
    if usage is not None:
        conn.execute(
            sa.update(compute_nodes)
            .where(compute_nodes.c.hostname == host)
            .values(**_usage(usage), updated_at=utcnow())
        )


def services(conn: Connection, *, host: str | None = None, binary: str | None = None) -> list[ComputeService]:
    """All services, by number."""
    statement = _services_statement(by_host=host is not None, by_binary=binary is not None)
    return [ComputeService(**row._mapping) for row in conn.execute(statement, {"b_host": host, "b_binary": binary})]


def compute_hosts(conn: Connection) -> list[ComputeHost]:
    """The hosts of servers, with what decides whether they may get more."""
    return [ComputeHost(*row) for row in conn.execute(_COMPUTE_HOSTS)]


def nodes(conn: Connection) -> list[ComputeNode]:
    """All hypervisors, by number."""
    return [_node(row) for row in conn.execute(_NODES)]


def usable_hosts(conn: Connection, now: datetime, service_down_time_s: int) -> set[str]:
    """Hosts that may get new servers: up, and not disabled."""
    return {
        service.host
        for service in compute_hosts(conn)
        if not service.disabled and service.is_up(now, service_down_time_s)
    }


def change_service(conn: Connection, service: ComputeService, **changes: Any) -> ComputeService:
    """Set ``disabled``, ``disabled_reason`` or ``forced_down``."""
    row = conn.execute(
        sa.update(compute_services)
        .where(compute_services.c.id == service.id)
        .values(updated_at=utcnow(), **changes)
        .returning(*compute_services.c)
    ).one_or_none()
    if row is None:
        raise NotFound(f"Service {service.uuid} not found.")
    return ComputeService(**row._mapping)


def delete_service(conn: Connection, service: ComputeService) -> None:
    """Forget a service, and its hypervisor.  It comes back when it registers again."""
    conn.execute(sa.delete(compute_services).where(compute_services.c.id == service.id))


def _ensure_service(conn: Connection, host: str, binary: str) -> int:
    now = utcnow()
    table = compute_services
    mine = (table.c.host == host, table.c.binary == binary)
    conn.execute(sa.update(table).where(*mine).values(heartbeat_at=now))
    found = conn.execute(sa.select(table.c.id).where(*mine)).scalar()
    if found is not None:
        return int(found)
    values = {"uuid": new_uuid(), "host": host, "binary": binary, "heartbeat_at": now, "created_at": now}
    return int(conn.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one())


def _usage(usage: HostUsage) -> dict[str, Any]:
    return {
        "running_vms": usage.running_vms,
        "memory_used_mib": usage.memory_used_mib,
        "disk_used_gib": usage.disk_used_gib,
        "disk_free_gib": usage.disk_free_gib,
        "uptime": usage.uptime[:255],
    }


def _node(row: sa.Row[Any]) -> ComputeNode:
    return ComputeNode(**row._mapping)
