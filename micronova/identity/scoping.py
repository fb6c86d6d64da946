"""Scopes: from what a login asks for to a project, domain or system with the roles that the user has there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from micronova.identity import assignments, projects, users
from micronova.identity.application_credentials import ApplicationCredential
from micronova.identity.login_request import (
    DomainRef,
    DomainScope,
    OwnedRef,
    ProjectScope,
    Scope,
    SystemScope,
    Unscoped,
)
from micronova.identity.projects import Project
from micronova.identity.roles import Role
from micronova.identity.tokens import Named, Owned
from micronova.identity.users import User
from micronova.model.errors import NotFound, Unauthenticated


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoped:
    """A scope with at least one role; or none of project, domain and system, and no role."""

    project: Owned | None = None
    domain: Named | None = None
    system: bool = False
    roles: tuple[Named, ...] = ()


def refused() -> Unauthenticated:
    """The one answer to every login that fails."""
    return Unauthenticated("The request you have made requires authentication.")


def resolve(conn: Connection, user: User, scope: Scope) -> Scoped:
    """What ``user`` gets for ``scope``.  Raises Unauthenticated where the user has no role."""
    match scope:
        case Unscoped():
            return Scoped()
        case None:
            if user.default_project_id is None:
                return Scoped()
            try:
                return _on_project(conn, user.id, _project(conn, OwnedRef(id=user.default_project_id)))
            except Unauthenticated:  # a default that does not work is none, as in Keystone
                return Scoped()
        case ProjectScope():
            return _on_project(conn, user.id, _project(conn, scope.project))
        case DomainScope():
            domain = _domain(conn, scope.domain)
            if domain is None or not domain.enabled:
                raise refused()
            roles = _some(assignments.roles_on_domain(conn, user.id, domain.id))
            return Scoped(domain=Named(domain.id, domain.name), roles=roles)
        case SystemScope():
            return Scoped(system=True, roles=_some(assignments.roles_on_system(conn, user.id)))


def resolve_credential(conn: Connection, credential: ApplicationCredential) -> Scoped:
    """What an application credential gives: of its roles those that its user still has."""
    scoped = _on_project(conn, credential.user_id, _project(conn, OwnedRef(id=credential.project_id)))
    kept = tuple(role for role in scoped.roles if role.id in set(credential.role_ids))
    if not kept:
        raise refused()
    return Scoped(project=scoped.project, roles=kept)


def find_user(conn: Connection, ref: OwnedRef) -> User | None:
    """The user that a login names, if there is one."""
    if ref.id is not None:
        try:
            return users.get(conn, ref.id)
        except NotFound:
            return None
    domain = _domain(conn, ref.domain)
    return None if domain is None else users.find(conn, ref.name or "", domain.id)


def _domain(conn: Connection, ref: DomainRef | None) -> Project | None:
    if ref is None:
        return None
    if ref.id is None:
        return projects.find(conn, ref.name or "", None)
    try:
        return projects.get_domain(conn, ref.id)
    except NotFound:
        return None


def _project(conn: Connection, ref: OwnedRef) -> Project | None:
    if ref.id is not None:
        try:
            return projects.get(conn, ref.id)
        except NotFound:
            return None
    domain = _domain(conn, ref.domain)
    return None if domain is None else projects.find(conn, ref.name or "", domain.id)


def _on_project(conn: Connection, user_id: str, project: Project | None) -> Scoped:
    if project is None or project.domain_id is None or not project.enabled:
        raise refused()
    domain = projects.get_domain(conn, project.domain_id)
    if not domain.enabled:
        raise refused()
    roles = _some(assignments.roles_on_project(conn, user_id, project))
    return Scoped(project=Owned(project.id, project.name, Named(domain.id, domain.name)), roles=roles)


def _some(roles: Iterable[Role]) -> tuple[Named, ...]:
    named = tuple(Named(role.id, role.name) for role in roles)
    if not named:
        raise refused()
    return named
