"""Lists of servers: filters, sorting and pages.

The common case (exact filters, newest first) is one indexed query.  Filters that are regular expressions, and other
sort orders, first read the few columns that they need of all candidates, decide here (so that SQLite and PostgreSQL
answer alike, and no expression runs in the database), and then read one page of servers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute.name_filter import name_matches
from micronova.compute.servers import COLUMNS, Server
from micronova.compute.states import states_of_status
from micronova.db.tables.compute import server_tags, servers
from micronova.model.errors import Invalid
from micronova.network import ports

# What clients may sort by, by the API's names.  What we do not have sorts by nothing.
SORT_COLUMNS: Mapping[str, sa.Column[Any]] = {
    "access_ip_v4": servers.c.access_ip_v4,
    "access_ip_v6": servers.c.access_ip_v6,
    "auto_disk_config": servers.c.auto_disk_config,
    "availability_zone": servers.c.availability_zone,
    "config_drive": servers.c.config_drive,
    "created_at": servers.c.created_at,
    "display_description": servers.c.description,
    "display_name": servers.c.name,
    "host": servers.c.host,
    "hostname": servers.c.hostname,
    "image_ref": servers.c.image_id,
    "instance_type_id": servers.c.flavor_id,
    "key_name": servers.c.key_name,
    "launch_index": servers.c.launch_index,
    "launched_at": servers.c.launched_at,
    "locked": servers.c.locked_by,
    "locked_by": servers.c.locked_by,
    "node": servers.c.host,
    "power_state": servers.c.power_state,
    "progress": servers.c.progress,
    "project_id": servers.c.project_id,
    "root_device_name": servers.c.root_device_name,
    "task_state": servers.c.task_state,
    "terminated_at": servers.c.terminated_at,
    "updated_at": servers.c.updated_at,
    "user_id": servers.c.user_id,
    "uuid": servers.c.id,
    "vm_state": servers.c.vm_state,
}
# Columns that must equal the filter's value, and those in which an expression must be found.
EXACT: Mapping[str, sa.Column[Any]] = {
    "project_id": servers.c.project_id,
    "user_id": servers.c.user_id,
    "image": servers.c.image_id,
    "flavor": servers.c.flavor_id,
    "vm_state": servers.c.vm_state,
    "task_state": servers.c.task_state,
    "host": servers.c.host,
    "uuid": servers.c.id,
    "reservation_id": servers.c.reservation_id,
}
MATCHED: Mapping[str, sa.Column[Any]] = {
    "name": servers.c.name,
    "description": servers.c.description,
    "hostname": servers.c.hostname,
    "key_name": servers.c.key_name,
    "availability_zone": servers.c.availability_zone,
    "node": servers.c.host,
    "root_device_name": servers.c.root_device_name,
    "access_ip_v4": servers.c.access_ip_v4,
    "access_ip_v6": servers.c.access_ip_v6,
    "locked_by": servers.c.locked_by,
    "power_state": servers.c.power_state,
    "progress": servers.c.progress,
    "launch_index": servers.c.launch_index,
    "created_at": servers.c.created_at,
    "launched_at": servers.c.launched_at,
    "terminated_at": servers.c.terminated_at,
}
FLAGS: Mapping[str, sa.Column[Any]] = {
    "config_drive": servers.c.config_drive,
    "auto_disk_config": servers.c.auto_disk_config,
}
_PLAIN_ADDRESS = re.compile(r"[0-9a-fA-F:.]+")
NEWEST_FIRST: tuple[tuple[str, bool], ...] = (("created_at", False),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerQuery:
    """Which servers, in which order.  ``None`` and empty: not asked for.

    ``exact``, ``matched`` and ``flags``: by the names of EXACT, MATCHED and FLAGS.  ``deleted`` None: both kinds.
    ``sort``: (key of SORT_COLUMNS, ascending).
    """

    exact: Mapping[str, str] = field(default_factory=dict)
    matched: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)
    statuses: Sequence[str] = ()
    deleted: bool | None = False
    locked: bool | None = None
    changes_since: datetime | None = None
    changes_before: datetime | None = None
    ip: str | None = None
    ip6: str | None = None
    tags: Sequence[str] = ()
    tags_any: Sequence[str] = ()
    not_tags: Sequence[str] = ()
    not_tags_any: Sequence[str] = ()
    sort: Sequence[tuple[str, bool]] = NEWEST_FIRST
    limit: int = 1000
    marker: str | None = None


def find(c: Connection, query: ServerQuery) -> tuple[list[Server], bool]:
    """A page of servers, and whether more follow.  Raises Invalid for a marker that is not there."""
    if query.limit == 0:
        return [], False
    conditions = _conditions(query)
    predicates = _predicates(query)
    if predicates or query.ip or query.ip6 or tuple(query.sort) != NEWEST_FIRST:
        return _chosen_here(c, query, conditions, predicates)
    statement = sa.select(*COLUMNS).where(*conditions)
    if query.marker is not None:
        created_at, number = _marker(c, query.marker)
        here = sa.tuple_(servers.c.created_at, servers.c.number)
        statement = statement.where(here < sa.tuple_(sa.literal(created_at), sa.literal(number)))
    statement = statement.order_by(servers.c.created_at.desc(), servers.c.number.desc()).limit(query.limit + 1)
    found = [Server(*row) for row in c.execute(statement).all()]
    return found[: query.limit], len(found) > query.limit


def _marker(c: Connection, marker: str) -> tuple[datetime, int]:
    found = c.execute(sa.select(servers.c.created_at, servers.c.number).where(servers.c.id == marker)).first()
    if found is None:
        raise _no_marker(marker)
    return found.created_at, found.number


def _no_marker(marker: str) -> Invalid:
    return Invalid(f"marker [{marker[:64]}] not found")


def _conditions(query: ServerQuery) -> list[sa.ColumnElement[bool]]:
    conditions = [EXACT[name] == value for name, value in query.exact.items()]
    conditions += [FLAGS[name].is_(value) for name, value in query.flags.items()]
    if query.deleted is not None:
        conditions.append(servers.c.deleted_at.is_not(None) if query.deleted else servers.c.deleted_at.is_(None))
    if query.locked is not None:
        conditions.append(servers.c.locked_by.is_not(None) if query.locked else servers.c.locked_by.is_(None))
    if query.changes_since is not None:
        conditions.append(servers.c.updated_at >= query.changes_since)
    if query.changes_before is not None:
        conditions.append(servers.c.updated_at <= query.changes_before)
    if query.statuses:
        conditions.append(_has_status(query.statuses))
    conditions += [_has_tag([tag]) for tag in query.tags]
    if query.tags_any:
        conditions.append(_has_tag(query.tags_any))
    if query.not_tags:
        conditions.append(sa.not_(sa.and_(*(_has_tag([tag]) for tag in query.not_tags))))
    if query.not_tags_any:
        conditions.append(sa.not_(_has_tag(query.not_tags_any)))
    return conditions


def _has_status(statuses: Sequence[str]) -> sa.ColumnElement[bool]:
    pairs = states_of_status(statuses)
    return sa.or_(
        sa.false(),
        *(
            servers.c.vm_state == vm_state
            if tasks is None
            else sa.and_(servers.c.vm_state == vm_state, servers.c.task_state.in_(sorted(tasks)))
            for vm_state, tasks in pairs
        ),
    )


def _has_tag(tags: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.exists().where(server_tags.c.server_id == servers.c.id, server_tags.c.tag.in_(list(tags)))


def _predicates(query: ServerQuery) -> list[tuple[sa.Column[Any], Callable[[str], bool]]]:
    return [(MATCHED[name], name_matches(pattern)) for name, pattern in query.matched.items()]


def _chosen_here(
    c: Connection,
    query: ServerQuery,
    conditions: Sequence[sa.ColumnElement[bool]],
    predicates: Sequence[tuple[sa.Column[Any], Callable[[str], bool]]],
) -> tuple[list[Server], bool]:
    sort = [(SORT_COLUMNS[key], ascending) for key, ascending in query.sort if key in SORT_COLUMNS]
    columns = {column.name: column for column in (servers.c.number, servers.c.id)}
    columns |= {column.name: column for column, _ in (*predicates, *sort)}
    rows: list[Any] = list(c.execute(sa.select(*columns.values()).where(*conditions)))
    for column, matches in predicates:
        name = column.name
        rows = [row for row in rows if (value := getattr(row, name)) is not None and matches(str(value))]
    rows = _with_address(c, query, rows)
    rows.sort(key=lambda row: row.number, reverse=not (sort and sort[0][1]))
    for column, ascending in reversed(sort):
        rows.sort(key=lambda row, name=column.name: _orderable(getattr(row, name)), reverse=not ascending)  # type: ignore[misc]
    if query.marker is not None:
        at = next((i for i, row in enumerate(rows) if row.id == query.marker), None)
        if at is None:
            raise _no_marker(query.marker)
        rows = rows[at + 1 :]
    page = [row.number for row in rows[: query.limit]]
    found = {row.number: Server(*row) for row in c.execute(sa.select(*COLUMNS).where(servers.c.number.in_(page)))}
    return [found[number] for number in page if number in found], len(rows) > query.limit


def _with_address(c: Connection, query: ServerQuery, rows: list[Any]) -> list[Any]:
    """Rows with an address in which the expression is found; a plain part of one is one query (T-API6)."""
    for version, pattern in ((4, query.ip), (6, query.ip6)):
        if not pattern:
            continue
        part = pattern.replace("\\.", ".").strip("^$")
        if _PLAIN_ADDRESS.fullmatch(part):
            having = ports.servers_with_address(c, part, version=version)
            rows = [row for row in rows if row.id in having]
        if part != pattern or not _PLAIN_ADDRESS.fullmatch(part):
            matches = name_matches(pattern)
            found = ports.addresses_of(c, [row.id for row in rows])
            rows = [row for row in rows if any(a.version == version and matches(a.ip) for a in found.get(row.id, ()))]
    return rows


def _orderable(value: Any) -> tuple[bool, Any]:
    """NULLs first, on both databases."""
    return (value is not None, 0 if value is None else value)
