"""Server groups: servers that should share a host, or should not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute import quotas
from micronova.compute.api import QuotaLimits
from micronova.db.tables.compute import servers
from micronova.db.tables.compute_resources import server_group_members, server_groups
from micronova.model.clock import utcnow
from micronova.model.errors import NotFound, QuotaExceeded
from micronova.model.ids import new_uuid

_GROUP: sa.BindParameter[int] = sa.bindparam("b_group")
_ONE = sa.select(server_groups).where(server_groups.c.uuid == sa.bindparam("b_uuid"))
_MEMBERS = (
    sa.select(server_group_members.c.group_id, server_group_members.c.server_id)
    .join(servers, servers.c.id == server_group_members.c.server_id)
    .where(
        server_group_members.c.group_id.in_(sa.bindparam("b_groups", expanding=True)), servers.c.deleted_at.is_(None)
    )
    .order_by(servers.c.number)
)
_N_MEMBERS = (
    sa.select(sa.func.count())
    .select_from(server_group_members.join(servers, servers.c.id == server_group_members.c.server_id))
    .where(server_group_members.c.group_id == _GROUP, servers.c.deleted_at.is_(None))
)
_OF_SERVERS = (
    sa.select(server_group_members.c.server_id, server_groups.c.uuid)
    .join(server_groups, server_groups.c.id == server_group_members.c.group_id)
    .where(server_group_members.c.server_id.in_(sa.bindparam("b_servers", expanding=True)))
    .order_by(server_groups.c.id)
)
_ADD_MEMBER = server_group_members.insert()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerGroup:
    """A group of servers; ``policy`` is affinity, anti-affinity, soft-affinity or soft-anti-affinity.

    ``members`` are its live servers.
    """

    id: int
    uuid: str
    name: str
    project_id: str
    user_id: str
    policy: str
    rules: Mapping[str, int] = field(default_factory=dict)
    members: Sequence[str] = ()


def get(conn: Connection, uuid: str, *, project_id: str | None) -> ServerGroup:
    """A group of that project (None: of any).  Raises NotFound."""
    found = _read(conn, conn.execute(_ONE, {"b_uuid": uuid}).all())
    if not found or (project_id is not None and found[0].project_id != project_id):
        raise NotFound(f"Instance group {uuid[:64]} could not be found.")
    return found[0]


def list_groups(conn: Connection, *, project_id: str | None, limit: int, offset: int) -> list[ServerGroup]:
    """Groups of a project (None: of all), oldest first."""
    statement = sa.select(server_groups).order_by(server_groups.c.id).limit(limit).offset(offset)
    if project_id is not None:
        statement = statement.where(server_groups.c.project_id == project_id)
    return _read(conn, conn.execute(statement).all())


def create(
    conn: Connection,
    defaults: QuotaLimits,
    *,
    project_id: str,
    user_id: str,
    name: str,
    policy: str,
    rules: Mapping[str, int],
) -> ServerGroup:
    """Make a group.  Raises QuotaExceeded."""
    quotas.check_server_group_quota(conn, defaults, project_id=project_id, user_id=user_id)
    uuid = new_uuid()
    conn.execute(
        sa.insert(server_groups).values(
            uuid=uuid,
            name=name,
            project_id=project_id,
            user_id=user_id,
            policy=policy,
            rules=msgspec.json.encode(rules).decode(),
            created_at=utcnow(),
        )
    )
    return get(conn, uuid, project_id=None)


def delete(conn: Connection, group: ServerGroup) -> None:
    """Remove a group; its servers stay."""
    conn.execute(sa.delete(server_groups).where(server_groups.c.id == group.id))


def add_member(conn: Connection, defaults: QuotaLimits, group: ServerGroup, server_id: str) -> None:
    """Put a new server in.  Raises QuotaExceeded."""
    limit = quotas.of_project(conn, defaults, group.project_id)["server_group_members"]
    present = conn.execute(_N_MEMBERS, {"b_group": group.id}).scalar_one()
    if limit != quotas.UNLIMITED and present >= limit:
        raise QuotaExceeded("Quota exceeded, too many servers in group")
    conn.execute(_ADD_MEMBER, {"group_id": group.id, "server_id": server_id})


def of_servers(conn: Connection, server_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """UUIDs of the groups of each server; servers in none are absent."""
    found: dict[str, list[str]] = {}
    for server_id, uuid in conn.execute(_OF_SERVERS, {"b_servers": server_ids}):
        found.setdefault(server_id, []).append(uuid)
    return found


def _read(conn: Connection, rows: Sequence[sa.Row[Any]]) -> list[ServerGroup]:
    members: dict[int, list[str]] = {}
    for group_id, server_id in conn.execute(_MEMBERS, {"b_groups": [row.id for row in rows]}):
        members.setdefault(group_id, []).append(server_id)
    return [
        ServerGroup(
            id=row.id,
            uuid=row.uuid,
            name=row.name,
            project_id=row.project_id,
            user_id=row.user_id,
            policy=row.policy,
            rules=msgspec.json.decode(row.rules, type=dict[str, int]),
            members=members.get(row.id, []),
        )
        for row in rows
    ]
