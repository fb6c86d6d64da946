"""Host aggregates: named groups of hosts with metadata; one that names an availability zone makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute import host_registry, usage
from micronova.db.tables.compute_resources import aggregate_hosts, aggregate_metadata, aggregates
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Invalid, MicronovaError, NotFound
from micronova.model.ids import new_uuid

ZONE = "availability_zone"
_ZONES_BY_HOST = (
    sa.select(aggregate_hosts.c.host, aggregate_metadata.c.value)
    .join(aggregate_metadata, aggregate_metadata.c.aggregate_id == aggregate_hosts.c.aggregate_id)
    .where(aggregate_metadata.c.key == ZONE)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """An aggregate.  Its zone, if it makes one, is in ``metadata``."""

    id: int
    uuid: str
    name: str
    hosts: Sequence[str]
    metadata: Mapping[str, str]
    created_at: datetime
    updated_at: datetime | None

    @property
    def availability_zone(self) -> str | None:
        """The zone that its hosts are in because of it."""
        return self.metadata.get(ZONE)


def list_aggregates(conn: Connection) -> list[Aggregate]:
    """All aggregates, by number.  Three queries."""
    return _read(conn, sa.true())


def get(conn: Connection, aggregate_id: int) -> Aggregate:
    """One aggregate.  Raises NotFound."""
    found = _read(conn, aggregates.c.id == aggregate_id)
    if not found:
        raise NotFound(f"Aggregate {aggregate_id} could not be found.")
    return found[0]


def zones_by_host(conn: Connection) -> Mapping[str, str]:
    """The availability zone of each host that an aggregate put in one."""
    return dict(conn.execute(_ZONES_BY_HOST).all())


def create(conn: Connection, name: str, availability_zone: str | None) -> Aggregate:
    """Make an aggregate.  Raises Conflict if the name is taken."""
    _name_is_free(conn, name)
    values = {"uuid": new_uuid(), "name": name, "created_at": utcnow()}
    try:
        aggregate_id = conn.execute(sa.insert(aggregates).values(values).returning(aggregates.c.id)).scalar_one()
    except sa.exc.IntegrityError as err:
        raise Conflict(f"Aggregate {name} already exists.") from err
    if availability_zone is not None:
        _write_metadata(conn, aggregate_id, {ZONE: availability_zone})
    return get(conn, aggregate_id)


def update(conn: Connection, aggregate: Aggregate, changes: Mapping[str, str | None]) -> Aggregate:
    """Change ``name`` or ``availability_zone``.  Raises Conflict, Invalid."""
    name = changes.get("name")
    if name is not None and name != aggregate.name:
        _name_is_free(conn, name)
        conn.execute(sa.update(aggregates).where(aggregates.c.id == aggregate.id).values(name=name))
    if ZONE in changes:
        _check_zone(conn, aggregate, changes[ZONE], "update_aggregate")
        _write_metadata(conn, aggregate.id, {ZONE: changes[ZONE]})
    return _touched(conn, aggregate)


def set_metadata(conn: Connection, aggregate: Aggregate, changes: Mapping[str, str | None]) -> Aggregate:
    """Set metadata; None removes a key.  Raises Invalid."""
    if ZONE in changes:
        _check_zone(conn, aggregate, changes[ZONE], "update_aggregate_metadata")
    _write_metadata(conn, aggregate.id, changes)
    return _touched(conn, aggregate)


def delete(conn: Connection, aggregate: Aggregate) -> None:
    """Remove an aggregate without hosts.  Raises Invalid."""
    if aggregate.hosts:
        raise _refused(Invalid, "delete", aggregate, "Host aggregate is not empty")
    conn.execute(sa.delete(aggregates).where(aggregates.c.id == aggregate.id))


def add_host(conn: Connection, aggregate: Aggregate, host: str) -> Aggregate:
    """Put a host in.  Raises NotFound for an unknown host, Conflict if it is in, or in another zone."""
    if not host_registry.services(conn, host=host, binary=host_registry.COMPUTE):
        raise NotFound(f"Compute host {host} could not be found.")
    if host in aggregate.hosts:
        raise Conflict(f"Aggregate {aggregate.id} already has host {host}.")
    zone, present = aggregate.availability_zone, zones_by_host(conn).get(host)
    if zone is not None and present not in (None, zone):
        raise _refused(
            Conflict, "add_host_to_aggregate", aggregate, f"Host {host} already in availability zone {present}"
        )
    if zone is not None and present is None and usage.servers_on(conn, [host]):
        raise _refused(
            Conflict, "add_host_to_aggregate", aggregate, "One or more hosts contain instances in another zone"
        )
    conn.execute(sa.insert(aggregate_hosts).values(aggregate_id=aggregate.id, host=host))
    return _touched(conn, aggregate)


def remove_host(conn: Connection, aggregate: Aggregate, host: str) -> Aggregate:
    """Take a host out.  Raises NotFound if it is not in, Conflict if its servers would change their zone."""
    if host not in aggregate.hosts:
        raise NotFound(f"Aggregate {aggregate.id} has no host {host}.")
    if aggregate.availability_zone is not None and usage.servers_on(conn, [host]):
        raise _refused(
            Conflict, "remove_host_from_aggregate", aggregate, "One or more hosts contain instances in this zone"
        )
    table = aggregate_hosts
    conn.execute(sa.delete(table).where(table.c.aggregate_id == aggregate.id, table.c.host == host))
    return _touched(conn, aggregate)


def _read(conn: Connection, condition: sa.ColumnElement[bool]) -> list[Aggregate]:
    rows = conn.execute(sa.select(aggregates).where(condition).order_by(aggregates.c.id)).all()
    ids = [row.id for row in rows]
    hosts: dict[int, list[str]] = {}
    for aggregate_id, host in conn.execute(
        sa.select(aggregate_hosts).where(aggregate_hosts.c.aggregate_id.in_(ids)).order_by(aggregate_hosts.c.host)
    ):
        hosts.setdefault(aggregate_id, []).append(host)
    values: dict[int, dict[str, str]] = {}
    for aggregate_id, key, value in conn.execute(
        sa.select(aggregate_metadata)
        .where(aggregate_metadata.c.aggregate_id.in_(ids))
        .order_by(aggregate_metadata.c.key)
    ):
        values.setdefault(aggregate_id, {})[key] = value
    return [
        Aggregate(
            id=row.id,
            uuid=row.uuid,
            name=row.name,
            hosts=hosts.get(row.id, []),
            metadata=values.get(row.id, {}),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def _check_zone(conn: Connection, aggregate: Aggregate, zone: str | None, action: str) -> None:
    """Hosts are in one zone only, and one with servers stays in its zone."""
    if zone == aggregate.availability_zone:
        return
    if zone == "":
        raise _refused(Invalid, action, aggregate, "Availability zone must not be empty")
    present = zones_by_host(conn)
    if aggregate.availability_zone is None and any(present.get(host, zone) != zone for host in aggregate.hosts):
        raise _refused(Invalid, action, aggregate, "One or more hosts already in different availability zone(s)")
    if usage.servers_on(conn, aggregate.hosts):
        raise _refused(Invalid, action, aggregate, "One or more hosts contain instances in this zone")


def _write_metadata(conn: Connection, aggregate_id: int, changes: Mapping[str, str | None]) -> None:
    table = aggregate_metadata
    conn.execute(sa.delete(table).where(table.c.aggregate_id == aggregate_id, table.c.key.in_(list(changes))))
    rows: list[dict[str, Any]] = [
        {"aggregate_id": aggregate_id, "key": key, "value": value}
        for key, value in changes.items()
        if value is not None
    ]
    if rows:
        conn.execute(sa.insert(table), rows)


def _touched(conn: Connection, aggregate: Aggregate) -> Aggregate:
    conn.execute(sa.update(aggregates).where(aggregates.c.id == aggregate.id).values(updated_at=utcnow()))
    return get(conn, aggregate.id)


def _name_is_free(conn: Connection, name: str) -> None:
    if conn.execute(sa.select(aggregates.c.id).where(aggregates.c.name == name)).first():
        raise Conflict(f"Aggregate {name} already exists.")


def _refused(kind: type[MicronovaError], action: str, aggregate: Aggregate, reason: str) -> MicronovaError:
    return kind(f"Cannot perform action '{action}' on aggregate {aggregate.id}. Reason: {reason}.")
