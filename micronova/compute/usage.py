"""What projects and users have in use, counted where it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute.states import VmState
from micronova.db.tables.compute import servers
from micronova.db.tables.compute_resources import keypairs, server_groups

_PROJECT: sa.BindParameter[str] = sa.bindparam("b_project")
_USER: sa.BindParameter[str] = sa.bindparam("b_user")
_OF_PROJECT = sa.select(
    sa.func.count(),
    sa.func.coalesce(sa.func.sum(servers.c.vcpus), 0),
    sa.func.coalesce(sa.func.sum(servers.c.memory_mib), 0),
).where(
    servers.c.project_id == _PROJECT,
    servers.c.deleted_at.is_(None),
    servers.c.vm_state != VmState.SOFT_DELETED,
)
_OF_USER = _OF_PROJECT.where(servers.c.user_id == _USER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUsage:
    """Servers that count: not deleted, not waiting for their deletion."""

    instances: int
    cores: int
    memory_mib: int


def of_servers(conn: Connection, project_id: str, user_id: str | None = None) -> ServerUsage:
    """Servers of a project, or of one user in it."""
    statement = _OF_PROJECT if user_id is None else _OF_USER
    instances, cores, memory_mib = conn.execute(statement, {"b_project": project_id, "b_user": user_id}).one()
    return ServerUsage(instances=instances, cores=int(cores), memory_mib=int(memory_mib))


def of_keypairs(conn: Connection, user_id: str) -> int:
    """Keypairs of a user."""
    return conn.execute(sa.select(sa.func.count()).where(keypairs.c.user_id == user_id)).scalar_one()


def of_server_groups(conn: Connection, project_id: str, user_id: str | None = None) -> int:
    """Server groups of a project, or of one user in it."""
    statement = sa.select(sa.func.count()).where(server_groups.c.project_id == project_id)
    if user_id is not None:
        statement = statement.where(server_groups.c.user_id == user_id)
    return conn.execute(statement).scalar_one()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLoad:
    """What servers take on one host.  ``under_way``: servers to which something is being done right now."""

    servers: int = 0
    vcpus: int = 0
    memory_mib: int = 0
    disk_gib: int = 0
    under_way: int = 0


NO_LOAD = HostLoad()


def of_hosts(conn: Connection) -> Mapping[str, HostLoad]:
    """Load by host; hosts without servers are absent."""
    rows = conn.execute(
        sa.select(
            servers.c.host,
            sa.func.count(),
            sa.func.sum(servers.c.vcpus),
            sa.func.sum(servers.c.memory_mib),
            sa.func.sum(servers.c.root_gib + servers.c.ephemeral_gib),
            sa.func.count(servers.c.task_state),
        )
        .where(servers.c.host.is_not(None), servers.c.deleted_at.is_(None))
        .group_by(servers.c.host)
    )
    return {
        host: HostLoad(servers=n, vcpus=int(vcpus), memory_mib=int(memory), disk_gib=int(disk), under_way=under_way)
        for host, n, vcpus, memory, disk, under_way in rows
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectLoad:
    """What a project's servers take on one host."""

    project_id: str
    vcpus: int
    memory_mib: int
    disk_gib: int


def of_projects_on(conn: Connection, host: str) -> list[ProjectLoad]:
    """Load on one host by project."""
    rows = conn.execute(
        sa.select(
            servers.c.project_id,
            sa.func.sum(servers.c.vcpus),
            sa.func.sum(servers.c.memory_mib),
            sa.func.sum(servers.c.root_gib + servers.c.ephemeral_gib),
        )
        .where(servers.c.host == host, servers.c.deleted_at.is_(None))
        .group_by(servers.c.project_id)
        .order_by(servers.c.project_id)
    )
    return [
        ProjectLoad(project_id=project_id, vcpus=int(vcpus), memory_mib=int(memory), disk_gib=int(disk))
        for project_id, vcpus, memory, disk in rows
    ]


def servers_on(conn: Connection, hosts: Collection[str]) -> Mapping[str, list[tuple[str, str]]]:
    """(id, name) of the live servers by host, oldest first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for host, server_id, name in conn.execute(
        sa.select(servers.c.host, servers.c.id, servers.c.name)
        .where(servers.c.host.in_(hosts), servers.c.deleted_at.is_(None))
        .order_by(servers.c.number)
    ):
        found.setdefault(host, []).append((server_id, name))
    return found
