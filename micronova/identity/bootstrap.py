"""The first start: domain, projects, users, roles and our own services; every later start: what is missing of them."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables import identity as t
from micronova.identity import assignments, catalog, projects, roles, users
from micronova.identity.assignments import Assignment
from micronova.identity.catalog import BUILT_IN, BuiltIn
from micronova.identity.passwords import Passwords
from micronova.identity.projects import DEFAULT_DOMAIN_ID, Project
from micronova.identity.roles import Role

# Each implies the next.
_CHAIN = ("admin", "manager", "member", "reader")
_PROJECTS = (
    ("admin", "Administrators' project"),
    ("demo", "The project of the user demo"),
    ("service", "For services of other vendors"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapResult:
    """``passwords`` by user name, of the users that were made now; empty at later starts."""

    passwords: Mapping[str, str] = field(repr=False)
    project_ids: Mapping[str, str]
    user_ids: Mapping[str, str]


def bootstrap(
    conn: Connection,
    *,
    region: str = "RegionOne",
    passwords: Mapping[str, str] | None = None,
    hasher: Passwords | None = None,
    built_in: Sequence[BuiltIn] = BUILT_IN,
) -> BootstrapResult:
    """Make what is missing.  ``passwords`` by user name instead of generated ones; those of users that exist stay."""
    if conn.execute(sa.select(t.revocation_clock.c.value)).first() is None:
        conn.execute(t.revocation_clock.insert().values(id=1, value=0))
    if conn.execute(sa.select(t.projects.c.id).where(t.projects.c.id == DEFAULT_DOMAIN_ID)).first() is None:
        body = {"name": "Default", "description": "The default domain"}
        projects.create_domain(conn, body, domain_id=DEFAULT_DOMAIN_ID)
    made = {name: _project(conn, name, description) for name, description in _PROJECTS}
    held = {name: _role(conn, name) for name in (*_CHAIN, "service")}
    for prior, implied in itertools.pairwise(_CHAIN):
        if not roles.is_implied(conn, held[prior].id, held[implied].id):
            roles.imply(conn, held[prior], held[implied])
    new: dict[str, str] = {}
    people = {}
    for name, home in (("admin", made["admin"]), ("demo", made["demo"])):
        user = users.find(conn, name, DEFAULT_DOMAIN_ID)
        if user is None:
            new[name] = (passwords or {}).get(name) or secrets.token_urlsafe(18)
            hasher = hasher or Passwords()
            user = users.create(
                conn,
                {"name": name, "default_project_id": home.id},
                domain_id=DEFAULT_DOMAIN_ID,
                password_hash=hasher.hash(new[name]),
            )
            _assign_first(conn, name, user.id, home.id, held)
        people[name] = user.id
    catalog.ensure_built_in(conn, built_in, region)
    return BootstrapResult(
        passwords=new, project_ids={name: project.id for name, project in made.items()}, user_ids=people
    )


def _assign_first(conn: Connection, name: str, user_id: str, project_id: str, held: Mapping[str, Role]) -> None:
    """Only with a new user: what an operator took away from an old one stays away."""
    role = held["admin" if name == "admin" else "member"]
    assignments.add(conn, Assignment(user_id=user_id, target_kind="project", target_id=project_id, role_id=role.id))
    if name == "admin":
        assignments.add(conn, Assignment(user_id=user_id, target_kind="system", role_id=role.id))


def _project(conn: Connection, name: str, description: str) -> Project:
    found = projects.find(conn, name, DEFAULT_DOMAIN_ID)
    body = {"name": name, "description": description}
    return found or projects.create(conn, body, domain_id=DEFAULT_DOMAIN_ID)


def _role(conn: Connection, name: str) -> Role:
    found = roles.find(conn, name)
    return found or roles.create(conn, {"name": name, "options": {"immutable": True}})
