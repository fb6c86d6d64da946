"""Users and their passwords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from starlette.datastructures import QueryParams

from micronova.db.tables import identity as t
from micronova.identity import projects, revocations
from micronova.identity.listing import filtered, paged
from micronova.identity.records import dumps, loads, merged, missing, split, unique
from micronova.model.clock import utcnow
from micronova.model.errors import Invalid
from micronova.model.ids import new_hex

_COLUMNS = frozenset({"name", "domain_id", "default_project_id", "description", "enabled", "options", "password"})
_u = t.users.c
_older = t.passwords.alias()
_newest = sa.select(sa.func.max(_older.c.id)).where(_older.c.user_id == _u.id).correlate(t.users).scalar_subquery()
_with_password = sa.select(t.users, t.passwords.c.hash, t.passwords.c.expires_at).select_from(
    t.users.outerjoin(t.passwords, t.passwords.c.id == _newest)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user.  ``password_hash`` None: cannot log in by password."""

    id: str
    name: str
    domain_id: str
    default_project_id: str | None
    description: str | None
    enabled: bool
    password_hash: str | None = field(repr=False)
    password_expires_at: datetime | None
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def get(conn: Connection, user_id: str) -> User:
    """The user with this id.  Raises NotFound."""
    row = conn.execute(_with_password.where(_u.id == user_id)).one_or_none()
    if row is None:
        raise missing("user", user_id)
    return _user(row)


def find(conn: Connection, name: str, domain_id: str) -> User | None:
    """The user of this name in a domain."""
    row = conn.execute(_with_password.where(_u.name == name, _u.domain_id == domain_id)).one_or_none()
    return None if row is None else _user(row)


def by_ids(conn: Connection, ids: Iterable[str]) -> Sequence[User]:
    """Those of ``ids`` that exist, by id."""
    return [_user(row) for row in conn.execute(_with_password.where(_u.id.in_(set(ids))).order_by(_u.id))]


def search(
    conn: Connection, query: QueryParams, *, domain_id: str | None, group_id: str | None = None
) -> Sequence[User]:
    """A page of users by the filters of ``query``, of one domain and one group if given."""
    columns = {"name": _u.name, "enabled": _u.enabled, "domain_id": _u.domain_id}
    statement = filtered(_with_password, query, columns)
    if domain_id is not None:
        statement = statement.where(_u.domain_id == domain_id)
    if group_id is not None:
        members = t.memberships.c
        statement = statement.where(sa.exists().where(members.user_id == _u.id, members.group_id == group_id))
    return [_user(row) for row in conn.execute(paged(statement, query, _u.id))]


def create(
    conn: Connection,
    body: Mapping[str, Any],
    *,
    domain_id: str,
    password_hash: str | None,
    user_id: str | None = None,
) -> User:
    """Make a user.  Raises Conflict for a name that exists, Invalid for a default project that is a domain."""
    known, extra = split(body, _COLUMNS)
    projects.get_domain(conn, domain_id)
    _check_default_project(conn, known.get("default_project_id"))
    new_id = user_id or new_hex()
    with unique("user", f"name {known['name']} at domain ID {domain_id}"):
        conn.execute(
            t.users.insert().values(
                id=new_id,
                domain_id=domain_id,
                **_values(known),
                extra=dumps(merged({}, extra)),
                created_at=utcnow(),
            )
        )
    if password_hash is not None:
        _add_password(conn, new_id, password_hash, self_service=False)
    return get(conn, new_id)


def update(conn: Connection, user: User, body: Mapping[str, Any], *, password_hash: str | None) -> User:
    """Change a user.  A new password, and disabling, kill the user's tokens.

    Raises Invalid for another domain, Conflict for a name that exists.
    """
    known, extra = split(body, _COLUMNS)
    if known.get("domain_id", user.domain_id) != user.domain_id:
        raise Invalid("Cannot change the domain_id of a user.")
    _check_default_project(conn, known.get("default_project_id"))
    values = _values({**known, "options": merged(user.options, known.get("options", {}))})
    with unique("user", f"name {known.get('name')} at domain ID {user.domain_id}"):
        conn.execute(t.users.update().where(_u.id == user.id).values(**values, extra=dumps(merged(user.extra, extra))))
    if password_hash is not None:
        _add_password(conn, user.id, password_hash, self_service=False)
    if password_hash is not None or known.get("enabled") is False:
        revocations.record(conn, [revocations.user(user.id)])
    return get(conn, user.id)


def change_password(conn: Connection, user: User, password_hash: str) -> None:
    """The user's own new password; kills all tokens."""
    _add_password(conn, user.id, password_hash, self_service=True)
    revocations.record(conn, [revocations.user(user.id)])


def revoke_tokens(conn: Connection, user: User) -> None:
    """Kill all tokens of a user."""
    revocations.record(conn, [revocations.user(user.id)])


def delete(conn: Connection, user: User) -> None:
    """Delete a user with passwords, memberships, assignments and credentials."""
    revocations.record(conn, [revocations.user(user.id)])
    # The links between application credentials and access rules hold both; they go first.
    mine = sa.select(t.application_credentials.c.id).where(t.application_credentials.c.user_id == user.id)
    links = t.application_credential_access_rules
    conn.execute(links.delete().where(links.c.application_credential_id.in_(mine)))
    conn.execute(t.users.delete().where(_u.id == user.id))


def _add_password(conn: Connection, user_id: str, password_hash: str, *, self_service: bool) -> None:
    conn.execute(
        t.passwords.insert().values(user_id=user_id, hash=password_hash, self_service=self_service, created_at=utcnow())
    )


def _check_default_project(conn: Connection, project_id: str | None) -> None:
    """Keystone takes any id, but not that of a domain."""
    if project_id is not None:
        c = t.projects.c
        if conn.execute(sa.select(c.id).where(c.id == project_id, c.is_domain)).first() is not None:
            raise Invalid(f"User's default project ID cannot be a domain ID: {project_id}")


def _values(known: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: known[name] for name in ("name", "default_project_id", "description", "enabled") if name in known}
    if values.get("enabled", True) is None:
        values["enabled"] = True
    if "options" in known:
        values["options"] = dumps(merged({}, known["options"]))
    return values


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        name=row.name,
        domain_id=row.domain_id,
        default_project_id=row.default_project_id,
        description=row.description,
        enabled=row.enabled,
        password_hash=row.hash,
        password_expires_at=row.expires_at,
        options=loads(row.options),
        extra=loads(row.extra),
    )
