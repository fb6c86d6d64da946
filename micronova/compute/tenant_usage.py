"""Which servers ran how long in a span of time, from their rows (deleted ones too)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute.servers import UNREADABLE_FLAVOR, ServerFlavor, decoded
from micronova.compute.states import status_of
from micronova.db.tables.compute import servers
from micronova.model.clock import utcnow
from micronova.model.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHours:
    """One server in the span; ``hours`` is its part of the span."""

    server_id: str
    project_id: str
    name: str
    status: str
    flavor: str
    vcpus: int
    memory_mib: int
    disk_gib: int
    started_at: datetime
    ended_at: datetime | None
    hours: float
    uptime_s: int


def read(
    conn: Connection,
    start: datetime,
    stop: datetime,
    *,
    project_id: str | None,
    marker: str | None,
    limit: int,
) -> list[ServerHours]:
    """Servers that were launched before ``stop`` and not ended before ``start``, by project and number."""
    statement = sa.select(servers).where(
        servers.c.launched_at.is_not(None),
        servers.c.launched_at < stop,
        sa.or_(servers.c.terminated_at.is_(None), servers.c.terminated_at > start),
    )
    if project_id is not None:
        statement = statement.where(servers.c.project_id == project_id)
    if marker is not None:
        at = conn.execute(sa.select(servers.c.project_id, servers.c.number).where(servers.c.id == marker)).one_or_none()
        if at is None:
            raise Invalid(f"Marker {marker[:64]} could not be found.")
        after = sa.and_(servers.c.project_id == at.project_id, servers.c.number > at.number)
        statement = statement.where(sa.or_(servers.c.project_id > at.project_id, after))
    now = utcnow()
    found = []
    for row in conn.execute(statement.order_by(servers.c.project_id, servers.c.number).limit(limit)):
        end = row.terminated_at or now
        inside = min(end, stop) - max(row.launched_at, start)
        found.append(
            ServerHours(
                server_id=row.id,
                project_id=row.project_id,
                name=row.name,
                status="terminated" if row.terminated_at else status_of(row.vm_state, None).lower(),
                flavor=decoded(row.flavor, ServerFlavor, UNREADABLE_FLAVOR).name,
                vcpus=row.vcpus,
                memory_mib=row.memory_mib,
                disk_gib=row.root_gib + row.ephemeral_gib,
                started_at=row.launched_at,
                ended_at=row.terminated_at,
                hours=max(inside.total_seconds(), 0.0) / 3600,
                uptime_s=int((end - row.launched_at).total_seconds()),
            )
        )
    return found
