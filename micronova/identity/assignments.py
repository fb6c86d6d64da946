"""Who holds which role where: grants as they are stored, and what a user has by them.

user or group --role--> project | domain | system      counts there
user or group --role--> domain  (inherited)            counts in every project of the domain
user or group --role--> project (inherited)            counts in every project below
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from micronova.db.tables import identity as t
from micronova.identity import application_credentials, groups, projects, revocations
from micronova.identity.projects import Project
from micronova.identity.records import missing
from micronova.identity.roles import Inference, Role

_a = t.assignments.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One role of one actor on one target.

    Exactly one of ``user_id`` and ``group_id`` is set; ``target_kind`` is project, domain or system (then
    ``target_id`` is None).  In an effective list, ``by_group`` and ``by_role`` say through what a user has it.
    """

    user_id: str | None = None
    group_id: str | None = None
    target_kind: str
    target_id: str | None = None
    role_id: str
    inherited: bool = False
    by_group: str | None = None
    by_role: str | None = None
    inherited_from: str | None = None
    inherited_from_domain: bool = False

    @property
    def key(self) -> str:
        """The row's id: its own content."""
        actor = f"u:{self.user_id}" if self.user_id is not None else f"g:{self.group_id}"
        return f"{actor} {self.target_kind[0]}:{self.target_id or ''} {self.role_id}{' i' if self.inherited else ''}"


def exists(conn: Connection, assignment: Assignment) -> bool:
    """Whether exactly this was granted."""
    return conn.execute(sa.select(_a.id).where(_a.id == assignment.key)).first() is not None


def add(conn: Connection, assignment: Assignment) -> None:
    """Grant a role; again without effect.  Actor, target and role exist (the caller has read them)."""
    if not exists(conn, assignment):
        conn.execute(
            t.assignments.insert().values(
                id=assignment.key,
                user_id=assignment.user_id,
                group_id=assignment.group_id,
                target_kind=assignment.target_kind,
                target_id=assignment.target_id,
                role_id=assignment.role_id,
                inherited=assignment.inherited,
            )
        )


def remove(conn: Connection, assignment: Assignment) -> None:
    """Take a grant back, with the tokens and application credentials that stood on it.  Raises NotFound."""
    if not conn.execute(t.assignments.delete().where(_a.id == assignment.key)).rowcount:
        raise missing("role assignment with role", f"{assignment.role_id}, actor and target as given")
    if assignment.user_id is not None:
        losers: Sequence[str] = [assignment.user_id]
    else:
        losers = groups.members(conn, str(assignment.group_id))
    for user_id in losers:
        if assignment.target_kind == "project" and not assignment.inherited:
            application_credentials.delete_all(conn, user_id=user_id, project_id=str(assignment.target_id))
    if assignment.inherited:
        revocations.record(conn, [revocations.user(user_id) for user_id in losers])
    else:
        revocations.record(conn, [revocations.grant(user_id, assignment.target_id) for user_id in losers])


def granted(
    conn: Connection, *, user_id: str | None, group_id: str | None, target_id: str | None, inherited: bool
) -> Sequence[str]:
    """Ids of the roles granted directly to an actor on a target (None: the system)."""
    statement = sa.select(_a.role_id).where(_a.target_id == target_id, _a.inherited.is_(inherited)).order_by(_a.role_id)
    actor = _a.user_id == user_id if user_id is not None else _a.group_id == group_id
    return conn.scalars(statement.where(actor)).all()


def of_user(conn: Connection, user_id: str) -> Sequence[Assignment]:
    """All grants to a user, directly or by a group."""
    return stored(conn, [_belongs_to(user_id)])


def stored(conn: Connection, conditions: Iterable[sa.ColumnElement[bool]] = ()) -> Sequence[Assignment]:
    """The grants that fit ``conditions`` on the table."""
    return [_assignment(row) for row in conn.execute(sa.select(t.assignments).where(*conditions).order_by(_a.id))]


def roles_on_project(conn: Connection, user_id: str, project: Project) -> Sequence[Role]:
    """The roles in force of a user on a project, by name."""
    above = {one.id for one in projects.ancestors(conn, project)}
    held = [
        grant.role_id
        for grant in of_user(conn, user_id)
        if (grant.target_id == project.id and not grant.inherited) or (grant.inherited and grant.target_id in above)
    ]
    return Inference.load(conn).in_force(held)


def roles_on_domain(conn: Connection, user_id: str, domain_id: str) -> Sequence[Role]:
    """The roles in force of a user on a domain, by name."""
    return Inference.load(conn).in_force(_direct(conn, user_id, domain_id))


def roles_on_system(conn: Connection, user_id: str) -> Sequence[Role]:
    """The roles in force of a user on the system, by name."""
    return Inference.load(conn).in_force(_direct(conn, user_id, None))


def projects_of(conn: Connection, user_id: str) -> Sequence[Project]:
    """The projects on which a user has a role."""
    found: dict[str, Project] = {}
    grants = of_user(conn, user_id)
    direct = {str(g.target_id) for g in grants if g.target_kind == "project" and not g.inherited}
    for project in projects.by_ids(conn, direct):
        found[project.id] = project
    for above in {str(g.target_id) for g in grants if g.inherited}:
        for project in projects.descendants(conn, above):
            found[project.id] = project
    return [found[project_id] for project_id in sorted(found)]


def domains_of(conn: Connection, user_id: str) -> Sequence[Project]:
    """The domains on which a user has a role."""
    grants = of_user(conn, user_id)
    return projects.by_ids(conn, {str(g.target_id) for g in grants if g.target_kind == "domain" and not g.inherited})


def effective(conn: Connection, *, user_id: str | None = None) -> Sequence[Assignment]:
    """What all users (or one) really have: groups, inheritance and implied roles resolved.

    Reads all grants (of that user): its cost grows with them, times members and projects.
    """
    inference = Inference.load(conn)
    members: dict[str, list[str]] = {}
    m = t.memberships.c
    chosen = sa.select(m.group_id, m.user_id)
    for row in conn.execute(chosen if user_id is None else chosen.where(m.user_id == user_id)):
        members.setdefault(row.group_id, []).append(row.user_id)
    below: dict[str, Sequence[Project]] = {}
    found: dict[tuple[object, ...], Assignment] = {}
    for grant in stored(conn) if user_id is None else of_user(conn, user_id):
        if grant.user_id is not None:
            held = [grant]
        else:
            group_id = str(grant.group_id)
            held = [
                replace(grant, user_id=member, group_id=None, by_group=group_id) for member in members.get(group_id, [])
            ]
        if grant.inherited:
            source = str(grant.target_id)
            if source not in below:
                below[source] = projects.descendants(conn, source)
            held = [
                replace(
                    one,
                    target_kind="project",
                    target_id=project.id,
                    inherited=False,
                    inherited_from=source,
                    inherited_from_domain=grant.target_kind == "domain",
                )
                for one in held
                for project in below[source]
            ]
        for role_id, prior in inference.closure([grant.role_id]).items():
            if inference.roles[role_id].domain_id is not None:
                continue
            for one in held:
                found.setdefault(
                    (one.user_id, one.target_kind, one.target_id, role_id), replace(one, role_id=role_id, by_role=prior)
                )
    return list(found.values())


def _direct(conn: Connection, user_id: str, target_id: str | None) -> Sequence[str]:
    conditions = [_belongs_to(user_id), _a.target_id == target_id, _a.inherited.is_(False)]
    return [grant.role_id for grant in stored(conn, conditions)]


def _belongs_to(user_id: str) -> sa.ColumnElement[bool]:
    m = t.memberships.c
    return sa.or_(_a.user_id == user_id, _a.group_id.in_(sa.select(m.group_id).where(m.user_id == user_id)))


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(
        user_id=row.user_id,
        group_id=row.group_id,
        target_kind=row.target_kind,
        target_id=row.target_id,
        role_id=row.role_id,
        inherited=row.inherited,
    )
