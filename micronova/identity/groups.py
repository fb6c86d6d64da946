"""Groups of users and who is in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from starlette.datastructures import QueryParams

from micronova.db.tables import identity as t
from micronova.identity import projects, revocations
from micronova.identity.listing import filtered, paged
from micronova.identity.records import dumps, loads, merged, missing, split, unique
from micronova.model.errors import Invalid
from micronova.model.ids import new_hex

_COLUMNS = frozenset({"name", "domain_id", "description"})
_g = t.groups.c
_m = t.memberships.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of users; holds roles as a user does."""

    id: str
    name: str
    domain_id: str
    description: str
    extra: Mapping[str, Any] = field(default_factory=dict)


def get(conn: Connection, group_id: str) -> Group:
    """The group with this id.  Raises NotFound."""
    row = conn.execute(sa.select(t.groups).where(_g.id == group_id)).one_or_none()
    if row is None:
        raise missing("group", group_id)
    return _group(row)


def by_ids(conn: Connection, ids: Iterable[str]) -> Sequence[Group]:
    """Those of ``ids`` that exist, by id."""
    return [_group(row) for row in conn.execute(sa.select(t.groups).where(_g.id.in_(set(ids))).order_by(_g.id))]


def search(
    conn: Connection, query: QueryParams, *, domain_id: str | None, user_id: str | None = None
) -> Sequence[Group]:
    """A page of groups by the filters of ``query``, of one domain and with one member if given."""
    statement = filtered(sa.select(t.groups), query, {"name": _g.name, "domain_id": _g.domain_id})
    if domain_id is not None:
        statement = statement.where(_g.domain_id == domain_id)
    if user_id is not None:
        statement = statement.where(sa.exists().where(_m.group_id == _g.id, _m.user_id == user_id))
    return [_group(row) for row in conn.execute(paged(statement, query, _g.id))]


def create(conn: Connection, body: Mapping[str, Any], *, domain_id: str) -> Group:
    """Make a group.  Raises Conflict for a name that exists."""
    known, extra = split(body, _COLUMNS)
    projects.get_domain(conn, domain_id)
    new_id = new_hex()
    with unique("group", f"name {known['name']} at domain ID {domain_id}"):
        conn.execute(
            t.groups.insert().values(
                id=new_id,
                name=known["name"],
                domain_id=domain_id,
                description=known.get("description") or "",
                extra=dumps(merged({}, extra)),
            )
        )
    return get(conn, new_id)


def update(conn: Connection, group: Group, body: Mapping[str, Any]) -> Group:
    """Change a group.  Raises Invalid for another domain, Conflict for a name that exists."""
    known, extra = split(body, _COLUMNS)
    if known.get("domain_id", group.domain_id) != group.domain_id:
        raise Invalid("Cannot change the domain_id of a group.")
    with unique("group", f"name {known.get('name')} at domain ID {group.domain_id}"):
        conn.execute(
            t.groups.update()
            .where(_g.id == group.id)
            .values(
                name=known.get("name", group.name),
                description=known.get("description", group.description) or "",
                extra=dumps(merged(group.extra, extra)),
            )
        )
    return get(conn, group.id)


def delete(conn: Connection, group: Group) -> None:
    """Delete a group; its members lose what they had by it, and their tokens."""
    revocations.record(conn, [revocations.user(user_id) for user_id in members(conn, group.id)])
    conn.execute(t.groups.delete().where(_g.id == group.id))


def members(conn: Connection, group_id: str) -> Sequence[str]:
    """Ids of the users in a group."""
    return conn.scalars(sa.select(_m.user_id).where(_m.group_id == group_id).order_by(_m.user_id)).all()


def has_member(conn: Connection, group_id: str, user_id: str) -> bool:
    """Whether a user is in a group."""
    return conn.execute(sa.select(_m.user_id).where(_m.group_id == group_id, _m.user_id == user_id)).first() is not None


def add(conn: Connection, group: Group, user_id: str) -> None:
    """Put a user into a group; again without effect."""
    if not has_member(conn, group.id, user_id):
        conn.execute(t.memberships.insert().values(group_id=group.id, user_id=user_id))


def remove(conn: Connection, group: Group, user_id: str) -> None:
    """Take a user out of a group; kills the user's tokens.  Raises NotFound."""
    gone = conn.execute(t.memberships.delete().where(_m.group_id == group.id, _m.user_id == user_id)).rowcount
    if not gone:
        raise missing("user in group", f"{user_id} in {group.id}")
    revocations.record(conn, [revocations.user(user_id)])


def _group(row: Row[Any]) -> Group:
    return Group(id=row.id, name=row.name, domain_id=row.domain_id, description=row.description, extra=loads(row.extra))
