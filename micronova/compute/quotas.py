"""Quotas: how much of each resource a project, or one of its users, may have, and the checks before taking more.

A limit is, in this order: the user's in the project, the project's, the class "default"'s, nova.conf's.  -1: no limit.
Checks take turns by owner (``_take_turn``), so that of two requests at once only one gets what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute import usage
from micronova.compute.api import QuotaLimits
from micronova.db.tables.compute_resources import quota_classes, quotas
from micronova.model.errors import Invalid, QuotaExceeded

UNLIMITED = -1
DEFAULT_CLASS = "default"
# Resources that may be limited for one user of a project.
_PER_USER = ("instances", "cores", "ram", "server_groups")

_CLASS: sa.BindParameter[str] = sa.bindparam("b_class")
_PROJECT: sa.BindParameter[str] = sa.bindparam("b_project")
_USER: sa.BindParameter[str] = sa.bindparam("b_user")
_OF_CLASS = sa.select(quota_classes.c.resource, quota_classes.c.hard_limit).where(quota_classes.c.class_name == _CLASS)
# The limits of a class, a project and a user in it; what is written in a later layer counts.
_LAYERS = sa.union_all(
    sa.select(sa.literal_column("0").label("layer"), quota_classes.c.resource, quota_classes.c.hard_limit).where(
        quota_classes.c.class_name == _CLASS
    ),
    sa.select(sa.case((quotas.c.user_id == "", 1), else_=2), quotas.c.resource, quotas.c.hard_limit).where(
        quotas.c.project_id == _PROJECT, quotas.c.user_id.in_(("", _USER))
    ),
)
_TAKE_TURN = sa.text(
    "INSERT INTO quota_turns (owner, n) VALUES (:owner, 1) ON CONFLICT (owner) DO UPDATE SET n = quota_turns.n + 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A limit and what of it is in use."""

    limit: int
    in_use: int


def configured(defaults: QuotaLimits) -> dict[str, int]:
    """nova.conf's limits by the API's names."""
    return {
        "instances": defaults.instances,
        "cores": defaults.cores,
        "ram": defaults.ram,
        "metadata_items": defaults.metadata_items,
        "injected_files": defaults.injected_files,
        "injected_file_content_bytes": defaults.injected_file_content_bytes,
        "injected_file_path_bytes": defaults.injected_file_path_length,
        "key_pairs": defaults.key_pairs,
        "server_groups": defaults.server_groups,
        "server_group_members": defaults.server_group_members,
    }


def of_class(conn: Connection, defaults: QuotaLimits, class_name: str = DEFAULT_CLASS) -> dict[str, int]:
    """The limits of a class; the class "default" is what projects without own limits have."""
    rows = conn.execute(_OF_CLASS, {"b_class": class_name})
    return configured(defaults) | {row.resource: row.hard_limit for row in rows}


def of_project(conn: Connection, defaults: QuotaLimits, project_id: str, user_id: str | None = None) -> dict[str, int]:
    """All limits of a project, or of one user in it."""
    return _limits(conn, defaults, project_id, user_id or "")[1]


def _limits(
    conn: Connection, defaults: QuotaLimits, project_id: str, user_id: str
) -> tuple[dict[str, int], dict[str, int]]:
    """The limits of a project, and those of one user in it ("": the project's again), by one query."""
    rows = conn.execute(_LAYERS, {"b_class": DEFAULT_CLASS, "b_project": project_id, "b_user": user_id})
    written: tuple[dict[str, int], ...] = ({}, {}, {})
    for layer, resource, hard_limit in rows:
        written[layer][resource] = hard_limit
    of_class, of_project, of_user = written
    limits = configured(defaults) | of_class | of_project
    return limits, limits | of_user


def used(conn: Connection, defaults: QuotaLimits, project_id: str, user_id: str | None = None) -> dict[str, Used]:
    """Limits with what is in use.  Resources that belong to a user or a server, not to a project, show 0."""
    servers = usage.of_servers(conn, project_id, user_id)
    in_use = {
        "instances": servers.instances,
        "cores": servers.cores,
        "ram": servers.memory_mib,
        "server_groups": usage.of_server_groups(conn, project_id, user_id),
    }
    limits = of_project(conn, defaults, project_id, user_id)
    return {name: Used(limit=limit, in_use=in_use.get(name, 0)) for name, limit in limits.items()}


def update(
    conn: Connection,
    defaults: QuotaLimits,
    project_id: str,
    changes: Mapping[str, int],
    *,
    user_id: str | None = None,
    force: bool = False,
) -> None:
    """Set limits.  Raises Invalid for less than is in use (unless ``force``), or for a user more than the project's."""
    present = used(conn, defaults, project_id, user_id)
    of_the_project = of_project(conn, defaults, project_id)
    for name, limit in changes.items():
        if user_id and name not in _PER_USER:
            raise Invalid(f"Quota {name} cannot be set for a user: it does not belong to a project.")
        if user_id and _value(limit) > _value(of_the_project[name]):
            raise Invalid(
                f"Quota limit {limit} for {name} must be less than or equal to {of_the_project[name]}.",
            )
        if not force and _value(limit) < present[name].in_use:
            raise Invalid(
                f"Quota limit {limit} for {name} must be greater than or equal to already used and reserved "
                f"{present[name].in_use}."
            )
    _take_turn(conn, f"limits {project_id}")
    table = quotas
    owner = (table.c.project_id == project_id, table.c.user_id == (user_id or ""))
    conn.execute(sa.delete(table).where(*owner, table.c.resource.in_(list(changes))))
    if changes:
        conn.execute(
            sa.insert(table),
            [
                {"project_id": project_id, "user_id": user_id or "", "resource": name, "hard_limit": limit}
                for name, limit in changes.items()
            ],
        )


def reset(conn: Connection, project_id: str, user_id: str | None = None) -> None:
    """Back to the defaults: the project with all of its users, or one user."""
    statement = sa.delete(quotas).where(quotas.c.project_id == project_id)
    if user_id is not None:
        statement = statement.where(quotas.c.user_id == user_id)
    conn.execute(statement)


def update_class(conn: Connection, class_name: str, changes: Mapping[str, int]) -> None:
    """Set limits of a class."""
    _take_turn(conn, f"class {class_name}"[:255])
    table = quota_classes
    conn.execute(sa.delete(table).where(table.c.class_name == class_name, table.c.resource.in_(list(changes))))
    if changes:
        conn.execute(
            sa.insert(table),
            [{"class_name": class_name, "resource": name, "hard_limit": limit} for name, limit in changes.items()],
        )


def check_server_quota(
    conn: Connection,
    defaults: QuotaLimits,
    *,
    project_id: str,
    user_id: str,
    instances: int,
    cores: int,
    ram_mib: int,
) -> None:
    """Raise QuotaExceeded if the project (or the user in it) may not have that much more.

    Call it in the transaction that writes the servers: until it ends nobody else of the project gets past here.
    """
    wanted = {"instances": instances, "cores": cores, "ram": ram_mib}
    for limits, taken in _server_room(conn, defaults, project_id, user_id):
        overs = sorted(name for name, n in wanted.items() if n > 0 and taken[name] + n > _value(limits[name]))
        if overs:
            raise _exceeded(overs, wanted, taken, limits)


def servers_allowed(
    conn: Connection,
    defaults: QuotaLimits,
    *,
    project_id: str,
    user_id: str,
    cores_each: int,
    ram_mib_each: int,
    minimum: int,
    maximum: int,
) -> int:
    """How many of ``maximum`` equal servers fit into the quota.  Raises QuotaExceeded if fewer than ``minimum`` do.

    Call it in the transaction that writes the servers: until it ends nobody else of the project gets past here.
    """
    each = {"instances": 1, "cores": cores_each, "ram": ram_mib_each}
    room = maximum
    for limits, taken in _server_room(conn, defaults, project_id, user_id):
        fits = [int(min(maximum, (_value(limits[name]) - taken[name]) // n)) for name, n in each.items() if n > 0]
        if min(fits, default=maximum) < minimum:
            wanted = {name: n * minimum for name, n in each.items()}
            overs = sorted(name for name, n in wanted.items() if n > 0 and taken[name] + n > _value(limits[name]))
            raise _exceeded(overs, wanted, taken, limits)
        room = min(room, *fits)
    return room


def check_keypair_quota(conn: Connection, defaults: QuotaLimits, *, project_id: str, user_id: str) -> None:
    """Raise QuotaExceeded if the user may not have another keypair."""
    _take_turn(conn, f"user {user_id}")
    limit = of_project(conn, defaults, project_id)["key_pairs"]
    if usage.of_keypairs(conn, user_id) >= _value(limit):
        raise QuotaExceeded("Quota exceeded, too many key pairs.")


def check_server_group_quota(conn: Connection, defaults: QuotaLimits, *, project_id: str, user_id: str) -> None:
    """Raise QuotaExceeded if the project, or the user in it, may not have another server group."""
    _take_turn(conn, f"project {project_id}")
    for who in (None, user_id):
        limit = of_project(conn, defaults, project_id, who)["server_groups"]
        if usage.of_server_groups(conn, project_id, who) >= _value(limit):
            raise QuotaExceeded("Quota exceeded, too many server groups.")


def _server_room(
    conn: Connection, defaults: QuotaLimits, project_id: str, user_id: str
) -> Iterable[tuple[Mapping[str, int], Mapping[str, int]]]:
    """(limits, in use) of the project and, where the user has own limits, of the user."""
    _take_turn(conn, f"project {project_id}")
    limits, of_user = _limits(conn, defaults, project_id, user_id)
    yield limits, _taken(usage.of_servers(conn, project_id))
    if of_user != limits:
        yield of_user, _taken(usage.of_servers(conn, project_id, user_id))


def _taken(servers: usage.ServerUsage) -> Mapping[str, int]:
    return {"instances": servers.instances, "cores": servers.cores, "ram": servers.memory_mib}


def _value(limit: int) -> float:
    return float("inf") if limit == UNLIMITED else limit


def _exceeded(
    overs: list[str], wanted: Mapping[str, int], taken: Mapping[str, int], limits: Mapping[str, int]
) -> QuotaExceeded:
    def joined(numbers: Mapping[str, int]) -> str:
        return ", ".join(str(numbers[name]) for name in overs)

    names = ", ".join(overs)
    return QuotaExceeded(
        f"Quota exceeded for {names}: Requested {joined(wanted)}, but already used {joined(taken)} "
        f"of {joined(limits)} {names}"
    )


def _take_turn(conn: Connection, owner: str) -> None:
    """Wait until no other transaction counts for ``owner``: this one's row is locked until it ends."""
    conn.execute(_TAKE_TURN, {"owner": owner})
