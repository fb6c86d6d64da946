"""Application credentials: a user's own password for a program, for one project, with some of the user's roles.

They die with the user, the project and the grants that they stand on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from starlette.datastructures import QueryParams

from micronova.db.tables import identity as t
from micronova.identity import revocations
from micronova.identity.listing import filtered, paged
from micronova.identity.records import missing, unique
from micronova.identity.tokens import AccessRule
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Forbidden
from micronova.model.ids import new_hex

_c = t.application_credentials.c
_rule = t.access_rules.c
_links = t.application_credential_access_rules
# Keystone has no limit; every kind of thing that a user can make has one here (SECURITY.md T-API3).
MAX_PER_USER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationCredential:
    """An application credential.  ``access_rules`` None: it may make any request."""

    id: str
    name: str
    user_id: str
    project_id: str
    secret_hash: str = field(repr=False)
    description: str | None
    unrestricted: bool
    expires_at: datetime | None
    role_ids: Sequence[str]
    access_rules: Sequence[AccessRule] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """An access rule as asked for: by id, or by content."""

    id: str | None = None
    service: str = ""
    method: str = ""
    path: str = ""


def get(conn: Connection, credential_id: str) -> ApplicationCredential:
    """The credential with this id.  Raises NotFound."""
    row = conn.execute(sa.select(t.application_credentials).where(_c.id == credential_id)).one_or_none()
    if row is None:
        raise missing("application credential", credential_id)
    return _credentials(conn, [row])[0]


def find(conn: Connection, name: str, user_id: str) -> ApplicationCredential | None:
    """The credential of this name of a user."""
    row = conn.execute(sa.select(t.application_credentials).where(_c.name == name, _c.user_id == user_id)).one_or_none()
    return None if row is None else _credentials(conn, [row])[0]


def search(conn: Connection, query: QueryParams, *, user_id: str) -> Sequence[ApplicationCredential]:
    """A page of a user's credentials by the filters of ``query``."""
    statement = filtered(sa.select(t.application_credentials), query, {"name": _c.name}).where(_c.user_id == user_id)
    return _credentials(conn, conn.execute(paged(statement, query, _c.id)).all())


def create(
    conn: Connection,
    *,
    name: str,
    user_id: str,
    project_id: str,
    secret_hash: str,
    description: str | None,
    unrestricted: bool,
    expires_at: datetime | None,
    role_ids: Sequence[str],
    access_rules: Sequence[NewRule] | None,
) -> ApplicationCredential:
    """Make a credential.  The caller has checked that the user holds the roles.

    Raises Conflict for a name that exists, NotFound for an access rule that is not the user's, Forbidden over the
    limit.
    """
    count = conn.scalar(sa.select(sa.func.count()).select_from(t.application_credentials).where(_c.user_id == user_id))
    if (count or 0) >= MAX_PER_USER:
        raise Forbidden(f"A user may have at most {MAX_PER_USER} application credentials.")
    new_id = new_hex()
    with unique("application_credential", f"name {name}"):
        conn.execute(
            t.application_credentials.insert().values(
                id=new_id,
                name=name,
                user_id=user_id,
                project_id=project_id,
                secret_hash=secret_hash,
                description=description,
                unrestricted=unrestricted,
                restricted_by_rules=access_rules is not None,
                expires_at=expires_at,
                created_at=utcnow(),
            )
        )
    conn.execute(
        t.application_credential_roles.insert(),
        [{"application_credential_id": new_id, "role_id": role_id} for role_id in sorted(set(role_ids))],
    )
    rule_ids = {_ensure_rule(conn, user_id, rule) for rule in access_rules or ()}
    if rule_ids:
        conn.execute(
            _links.insert(),
            [{"application_credential_id": new_id, "access_rule_id": rule_id} for rule_id in sorted(rule_ids)],
        )
    return get(conn, new_id)


def delete(conn: Connection, credential: ApplicationCredential) -> None:
    """Delete a credential and kill its tokens."""
    revocations.record(conn, [revocations.application_credential(credential.id)])
    conn.execute(t.application_credentials.delete().where(_c.id == credential.id))


def delete_all(conn: Connection, *, user_id: str, project_id: str) -> None:
    """Delete what a user has for a project, after the user lost a role there."""
    gone = conn.scalars(
        t.application_credentials.delete()
        .where(_c.user_id == user_id, _c.project_id == project_id)
        .returning(t.application_credentials.c.id)
    ).all()
    revocations.record(conn, [revocations.application_credential(credential_id) for credential_id in gone])


def rules_of(conn: Connection, user_id: str, query: QueryParams) -> Sequence[AccessRule]:
    """A page of a user's access rules."""
    columns = {"service": _rule.service, "method": _rule.method, "path": _rule.path}
    statement = filtered(sa.select(t.access_rules), query, columns).where(_rule.user_id == user_id)
    return [_access_rule(row) for row in conn.execute(paged(statement, query, _rule.id))]


def get_rule(conn: Connection, user_id: str, rule_id: str) -> AccessRule:
    """A user's access rule.  Raises NotFound."""
    row = conn.execute(sa.select(t.access_rules).where(_rule.id == rule_id, _rule.user_id == user_id)).one_or_none()
    if row is None:
        raise missing("access rule", rule_id)
    return _access_rule(row)


def delete_rule(conn: Connection, rule: AccessRule) -> None:
    """Delete an access rule.  Raises Conflict while a credential uses it."""
    if conn.execute(sa.select(_links.c.access_rule_id).where(_links.c.access_rule_id == rule.id).limit(1)).first():
        raise Conflict(f"Access rule {rule.id} is in use by an application credential and cannot be deleted.")
    conn.execute(t.access_rules.delete().where(_rule.id == rule.id))


def _ensure_rule(conn: Connection, user_id: str, rule: NewRule) -> str:
    if rule.id is not None:
        return get_rule(conn, user_id, rule.id).id
    same = (
        _rule.user_id == user_id,
        _rule.service == rule.service,
        _rule.method == rule.method,
        _rule.path == rule.path,
    )
    known: str | None = conn.scalar(sa.select(_rule.id).where(*same))
    if known is not None:
        return known
    new_id = new_hex()
    with unique("access rule", "the same service, method and path"):
        conn.execute(
            t.access_rules.insert().values(
                id=new_id, user_id=user_id, service=rule.service, method=rule.method, path=rule.path
            )
        )
    return new_id


def _credentials(conn: Connection, rows: Sequence[Row[Any]]) -> Sequence[ApplicationCredential]:
    ids = [row.id for row in rows]
    roles: dict[str, list[str]] = {}
    held = t.application_credential_roles.c
    for row in conn.execute(
        sa.select(held.application_credential_id, held.role_id)
        .where(held.application_credential_id.in_(ids))
        .order_by(held.role_id)
    ):
        roles.setdefault(row.application_credential_id, []).append(row.role_id)
    rules: dict[str, list[AccessRule]] = {}
    if any(row.restricted_by_rules for row in rows):
        joined = sa.select(t.access_rules, _links.c.application_credential_id).join(
            _links, _links.c.access_rule_id == _rule.id
        )
        for linked in conn.execute(joined.where(_links.c.application_credential_id.in_(ids)).order_by(_rule.id)):
            rules.setdefault(linked.application_credential_id, []).append(_access_rule(linked))
    return [_credential(row, roles, rules) for row in rows]


def _credential(
    row: Row[Any], roles: Mapping[str, Sequence[str]], rules: Mapping[str, Sequence[AccessRule]]
) -> ApplicationCredential:
    return ApplicationCredential(
        id=row.id,
        name=row.name,
        user_id=row.user_id,
        project_id=row.project_id,
        secret_hash=row.secret_hash,
        description=row.description,
        unrestricted=row.unrestricted,
        expires_at=row.expires_at,
        role_ids=roles.get(row.id, ()),
        access_rules=rules.get(row.id, ()) if row.restricted_by_rules else None,
    )


def _access_rule(row: Row[Any]) -> AccessRule:
    return AccessRule(id=row.id, service=row.service, method=row.method, path=row.path)
