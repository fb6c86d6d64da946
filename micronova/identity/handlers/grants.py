"""Roles of an actor (user, group) on a target (project, domain, system): 28 paths of one pattern.

/v3/{projects,domains}/{target_id}/{users,groups}/{actor_id}/roles[/{role_id}]
/v3/OS-INHERIT/{projects,domains}/{target_id}/{users,groups}/{actor_id}/roles[/{role_id}]/inherited_to_projects
/v3/system/{users,groups}/{actor_id}/roles[/{role_id}]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from micronova.identity import assignments, groups, projects, roles, users
from micronova.identity.api import Identity
from micronova.identity.assignments import Assignment
from micronova.identity.handlers.authority import (
    Target,
    fetched,
    of_domain,
    of_group,
    of_project,
    of_role,
    of_user,
)
from micronova.identity.records import missing
from micronova.identity.views import resources
from micronova.identity.views.links import listed
from micronova.web.endpoint import Endpoint
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pattern:
    """One of the path patterns, with its handlers."""

    target: str  # project | domain | system
    actor: str  # user | group
    inherited: bool = False

    def index(self, api: Identity, req: Request) -> Response:
        """The roles of the actor on the target."""
        with api.database.read() as conn:
            fetched(
                api, req.caller, self._rule("list", plural=True), lambda: self._target(conn, req), lambda both: both
            )
            ids = assignments.granted(
                conn,
                user_id=req.path["actor_id"] if self.actor == "user" else None,
                group_id=req.path["actor_id"] if self.actor == "group" else None,
                target_id=req.path.get("target_id"),
                inherited=self.inherited,
            )
            found = roles.by_ids(conn, ids)
        return JsonResponse(listed(req, "roles", [resources.role(req.base_url, role) for role in found]))

    def check(self, api: Identity, req: Request) -> Response:
        """Whether the actor has the role."""
        with api.database.read() as conn:
            assignment = self._fetched(api, conn, req, "check")
            if not assignments.exists(conn, assignment):
                raise missing("role assignment with role", f"{assignment.role_id}, actor and target as given")
        return no_content()

    def create(self, api: Identity, req: Request) -> Response:
        """Grant the role."""
        api.change(lambda conn: assignments.add(conn, self._fetched(api, conn, req, "create")))
        return no_content()

    def revoke(self, api: Identity, req: Request) -> Response:
        """Take it back."""
        api.change(lambda conn: assignments.remove(conn, self._fetched(api, conn, req, "revoke")))
        return no_content()

    def endpoints(self) -> Sequence[Endpoint[Identity]]:
        """The paths of this pattern."""
        base = "/v3/system" if self.target == "system" else f"/v3/{self.target}s/{{target_id}}"
        end = ""
        if self.inherited:
            base, end = base.replace("/v3/", "/v3/OS-INHERIT/"), "/inherited_to_projects"
        path = f"{base}/{self.actor}s/{{actor_id}}/roles"
        what = f"{'inherited ' if self.inherited else ''}role of a {self.actor} on a {self.target}"
        if self.target == "system":
            what = f"role of a {self.actor} on the system"
        return [
            Endpoint(method="GET", path=f"{path}{end}", handler=self.index, summary=f"List each {what}"),
            Endpoint(method="GET", path=f"{path}/{{role_id}}{end}", handler=self.check, summary=f"Check a {what}"),
            Endpoint(method="PUT", path=f"{path}/{{role_id}}{end}", handler=self.create, summary=f"Grant a {what}"),
            Endpoint(method="DELETE", path=f"{path}/{{role_id}}{end}", handler=self.revoke, summary=f"Revoke a {what}"),
        ]

    def _fetched(self, api: Identity, conn: Connection, req: Request, verb: str) -> Assignment:
        def load() -> Target:
            return {**self._target(conn, req), **of_role(roles.get(conn, req.path["role_id"]))}

        fetched(api, req.caller, self._rule(verb), load, lambda both: both)
        return Assignment(
            user_id=req.path["actor_id"] if self.actor == "user" else None,
            group_id=req.path["actor_id"] if self.actor == "group" else None,
            target_kind=self.target,
            target_id=req.path.get("target_id"),
            role_id=req.path["role_id"],
            inherited=self.inherited,
        )

    def _target(self, conn: Connection, req: Request) -> Target:
        """Actor and target as the database has them.  Raises NotFound."""
        actor_id = req.path["actor_id"]
        actor = of_user(users.get(conn, actor_id)) if self.actor == "user" else of_group(groups.get(conn, actor_id))
        if self.target == "system":
            return actor
        if self.target == "domain":
            return {**actor, **of_domain(projects.get_domain(conn, req.path["target_id"]))}
        project = projects.get(conn, req.path["target_id"])
        if project.is_domain:
            raise missing("project", project.id)
        return {**actor, **of_project(project)}

    def _rule(self, verb: str, *, plural: bool = False) -> str:
        if self.target == "system":
            return f"{verb}_system_grant{'s' if plural else ''}_for_{self.actor}"
        return f"{verb}_grant{'s' if plural else ''}"


def endpoints() -> Sequence[Endpoint[Identity]]:
    """All paths."""
    patterns = [
        _Pattern(target=target, actor=actor, inherited=inherited)
        for inherited in (False, True)
        for target in ("project", "domain")
        for actor in ("user", "group")
    ]
    patterns += [_Pattern(target="system", actor=actor) for actor in ("user", "group")]
    return [endpoint for pattern in patterns for endpoint in pattern.endpoints()]
