"""/v3/role_assignments: all grants, as stored or as they work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.engine import Connection
from starlette.datastructures import QueryParams

from micronova.identity import assignments, projects
from micronova.identity.api import Identity
from micronova.identity.assignments import Assignment
from micronova.identity.handlers.authority import fetched, of_caller_domain, of_project
from micronova.identity.listing import flag
from micronova.identity.views.assignments import Names, assignment
from micronova.identity.views.links import listed
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response


def index(api: Identity, req: Request) -> Response:
    """List role assignments by the filters of the query."""
    query = req.query
    _check(query)
    subtree = flag(query, "include_subtree")
    with api.database.read() as conn:
        if subtree:
            top = query["scope.project.id"]
            fetched(api, req.caller, "list_role_assignments_for_tree", lambda: projects.get(conn, top), of_project)
            targets: set[str] | None = {top, *(project.id for project in projects.descendants(conn, top))}
        else:
            api.policy.authorize(req.caller, "identity:list_role_assignments", of_caller_domain(req.caller))
            targets = _targets(query)
        if flag(query, "effective"):
            found = assignments.effective(conn, user_id=query.get("user.id"))
        else:
            found = assignments.stored(conn)
        found = [one for one in found if _fits(one, query, targets)]
        if req.caller.domain_id is not None:
            found = _of_domain(conn, found, req.caller.domain_id)
        names = Names.load(conn, found) if flag(query, "include_names") else None
    return JsonResponse(listed(req, "role_assignments", [assignment(req.base_url, one, names) for one in found]))


def _check(query: QueryParams) -> None:
    """Refuse filters that contradict each other, as Keystone does."""
    if "user.id" in query and "group.id" in query:
        raise Invalid("Specify a user or group, not both")
    if "scope.project.id" in query and "scope.domain.id" in query:
        raise Invalid("Specify a domain or project, not both")
    if "scope.system" in query and ("scope.project.id" in query or "scope.domain.id" in query):
        raise Invalid("Specify system or a domain or project, not both")
    if flag(query, "effective") and "group.id" in query:
        raise Invalid("Combining effective and group filter will always result in an empty list.")
    if flag(query, "effective") and "scope.OS-INHERIT:inherited_to" in query:
        raise Invalid("Combining effective and inherited_to filter will always result in an empty list.")
    if query.get("scope.OS-INHERIT:inherited_to", "projects") != "projects":
        raise Invalid("The only value of scope.OS-INHERIT:inherited_to is projects.")
    if flag(query, "include_subtree") and not query.get("scope.project.id"):
        raise Invalid("scope.project.id must be specified if include_subtree is also specified")


def _targets(query: QueryParams) -> set[str] | None:
    for name in ("scope.project.id", "scope.domain.id"):
        if name in query:
            return {query[name]}
    return None


def _fits(one: Assignment, query: QueryParams, targets: set[str] | None) -> bool:
    return (
        query.get("user.id") in (None, one.user_id)
        and query.get("group.id") in (None, one.group_id)
        and query.get("role.id") in (None, one.role_id)
        and (targets is None or one.target_id in targets)
        and ("scope.system" not in query or one.target_kind == "system")
        and ("scope.OS-INHERIT:inherited_to" not in query or one.inherited)
    )


def _of_domain(conn: Connection, found: Iterable[Assignment], domain_id: str) -> Sequence[Assignment]:
    """For a token of a domain: what is on the domain or on its projects."""
    mine = {domain_id, *(project.id for project in projects.descendants(conn, domain_id))}
    return [one for one in found if one.target_id in mine]
