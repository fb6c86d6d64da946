"""Roles, and which role brings which others with it."""

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
from micronova.identity.records import check_mutable, dumps, loads, merged, missing, split, unique
from micronova.model.errors import Invalid
from micronova.model.ids import new_hex

_COLUMNS = frozenset({"name", "domain_id", "description", "options"})
_r = t.roles.c
_i = t.implied_roles.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role.  With a domain it never stands in a token itself, only the global roles that it implies."""

    id: str
    name: str
    domain_id: str | None
    description: str | None
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """All roles by id, and the ids that each implies directly."""

    roles: Mapping[str, Role]
    implied: Mapping[str, Sequence[str]]

    @classmethod
    def load(cls, conn: Connection) -> Inference:
        """As the database has them now."""
        implied: dict[str, list[str]] = {}
        for row in conn.execute(sa.select(t.implied_roles).order_by(_i.prior_role_id, _i.implied_role_id)):
            implied.setdefault(row.prior_role_id, []).append(row.implied_role_id)
        return cls(roles={row.id: _role(row) for row in conn.execute(sa.select(t.roles))}, implied=implied)

    def closure(self, role_ids: Iterable[str]) -> Mapping[str, str | None]:
        """``role_ids`` and all that they imply: id -> the id that brought it, None for those given."""
        found: dict[str, str | None] = {}
        waiting: list[tuple[str, str | None]] = [(role_id, None) for role_id in role_ids]
        while waiting:
            role_id, prior = waiting.pop(0)
            if role_id not in found:
                found[role_id] = prior
                waiting += [(implied, role_id) for implied in self.implied.get(role_id, ())]
        return found

    def in_force(self, role_ids: Iterable[str]) -> Sequence[Role]:
        """The global roles that a holder of ``role_ids`` has, by name."""
        held = (self.roles[role_id] for role_id in self.closure(role_ids))
        return sorted((role for role in held if role.domain_id is None), key=lambda role: role.name)


def get(conn: Connection, role_id: str) -> Role:
    """The role with this id.  Raises NotFound."""
    row = conn.execute(sa.select(t.roles).where(_r.id == role_id)).one_or_none()
    if row is None:
        raise missing("role", role_id)
    return _role(row)


def find(conn: Connection, name: str) -> Role | None:
    """The global role of this name."""
    row = conn.execute(sa.select(t.roles).where(_r.name == name, _r.domain_id.is_(None))).one_or_none()
    return None if row is None else _role(row)


def by_ids(conn: Connection, ids: Iterable[str]) -> Sequence[Role]:
    """Those of ``ids`` that exist, by name."""
    return [_role(row) for row in conn.execute(sa.select(t.roles).where(_r.id.in_(set(ids))).order_by(_r.name))]


def search(conn: Connection, query: QueryParams) -> Sequence[Role]:
    """A page of the global roles, or of those of the domain in ``query``."""
    statement = filtered(sa.select(t.roles), query, {"name": _r.name, "domain_id": _r.domain_id})
    if "domain_id" not in query:
        statement = statement.where(_r.domain_id.is_(None))
    return [_role(row) for row in conn.execute(paged(statement, query, _r.id))]


def create(conn: Connection, body: Mapping[str, Any]) -> Role:
    """Make a role.  Raises Conflict for a name that exists."""
    known, extra = split(body, _COLUMNS)
    if known.get("domain_id") is not None:
        projects.get_domain(conn, known["domain_id"])
    new_id = new_hex()
    with unique("role", f"name {known['name']}"):
        conn.execute(
            t.roles.insert().values(
                id=new_id,
                name=known["name"],
                domain_id=known.get("domain_id"),
                description=known.get("description"),
                options=dumps(merged({}, known.get("options", {}))),
                extra=dumps(merged({}, extra)),
            )
        )
    return get(conn, new_id)


def update(conn: Connection, role: Role, body: Mapping[str, Any]) -> Role:
    """Change a role.  A new name kills the tokens that carry the old one.

    Raises Invalid for another domain, Forbidden for an immutable role, Conflict for a name that exists.
    """
    check_mutable("role", role.id, role.options, body)
    known, extra = split(body, _COLUMNS)
    if known.get("domain_id", role.domain_id) != role.domain_id:
        raise Invalid("Cannot change the domain_id of a role.")
    name = known.get("name", role.name)
    with unique("role", f"name {name}"):
        conn.execute(
            t.roles.update()
            .where(_r.id == role.id)
            .values(
                name=name,
                description=known.get("description", role.description),
                options=dumps(merged(role.options, known.get("options", {}))),
                extra=dumps(merged(role.extra, extra)),
            )
        )
    if name != role.name:
        revocations.record(conn, [revocations.role(role.id)])
    return get(conn, role.id)


def delete(conn: Connection, role: Role) -> None:
    """Delete a role with its assignments; kills the tokens of whoever held it."""
    check_mutable("role", role.id, role.options, None)
    revocations.record(conn, _carriers(conn, role))
    conn.execute(t.roles.delete().where(_r.id == role.id))


def imply(conn: Connection, prior: Role, implied: Role) -> None:
    """Whoever holds ``prior`` also holds ``implied``; again without effect.

    Raises Invalid for a circle and for a global role that would imply one of a domain.
    """
    if prior.domain_id is None and implied.domain_id is not None:
        raise Invalid("A global role cannot imply a role of a domain.")
    if prior.id in Inference.load(conn).closure([implied.id]):
        raise Invalid(f"Role {implied.id} already implies role {prior.id}.")
    if not is_implied(conn, prior.id, implied.id):
        conn.execute(t.implied_roles.insert().values(prior_role_id=prior.id, implied_role_id=implied.id))


def is_implied(conn: Connection, prior_id: str, implied_id: str) -> bool:
    """Whether ``prior_id`` implies ``implied_id`` directly."""
    rule = sa.select(_i.prior_role_id).where(_i.prior_role_id == prior_id, _i.implied_role_id == implied_id)
    return conn.execute(rule).first() is not None


def stop_implying(conn: Connection, prior: Role, implied: Role) -> None:
    """Take a rule away; kills the tokens of whoever holds ``prior``.  Raises NotFound."""
    rule = t.implied_roles.delete().where(_i.prior_role_id == prior.id, _i.implied_role_id == implied.id)
    if not conn.execute(rule).rowcount:
        raise missing("implied role", f"{prior.id} implies {implied.id}")
    revocations.record(conn, _carriers(conn, prior))


def _carriers(conn: Connection, role: Role) -> Sequence[str]:
    """What to revoke when ``role`` loses its meaning; a domain's role stands in no token, so its holders."""
    if role.domain_id is None:
        return [revocations.role(role.id)]
    inference = Inference.load(conn)
    holding = [role_id for role_id in inference.roles if role.id in inference.closure([role_id])]
    a, m = t.assignments.c, t.memberships.c
    direct = sa.select(a.user_id).where(a.role_id.in_(holding), a.user_id.is_not(None))
    grouped = sa.select(m.user_id).join(t.assignments, a.group_id == m.group_id).where(a.role_id.in_(holding))
    return [revocations.user(user_id) for user_id in conn.scalars(direct.union(grouped))]


def _role(row: Row[Any]) -> Role:
    return Role(
        id=row.id,
        name=row.name,
        domain_id=row.domain_id,
        description=row.description,
        options=loads(row.options),
        extra=loads(row.extra),
    )
