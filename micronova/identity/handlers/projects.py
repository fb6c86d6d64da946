"""/v3/projects with their tree and tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from micronova.identity import assignments, projects
from micronova.identity.api import Identity
from micronova.identity.handlers.authority import fetched, home_domain, of_caller_domain, of_project
from micronova.identity.listing import flag
from micronova.identity.projects import Project
from micronova.identity.records import missing
from micronova.identity.schemas.projects import TAG
from micronova.identity.views import resources
from micronova.identity.views.links import href, listed
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content
from micronova.web.schemas import Versioned

_TAG = Versioned.always(TAG)


def index(api: Identity, req: Request) -> Response:
    """List projects."""
    api.policy.authorize(req.caller, "identity:list_projects", of_caller_domain(req.caller))
    with api.database.read() as conn:
        domains = flag(req.query, "is_domain")
        found = projects.search(conn, req.query, domains=domains, domain_id=req.caller.domain_id)
    return JsonResponse(listed(req, "projects", [resources.project(req.base_url, one) for one in found]))


def show(api: Identity, req: Request) -> Response:
    """Show a project, with what the query asks of its tree."""
    with api.database.read() as conn:
        project = _fetched(api, conn, req, "get_project")
        document = resources.project(req.base_url, project)
        if "parents_as_list" in req.query and "parents_as_ids" in req.query:
            raise Invalid("Cannot use parents_as_list and parents_as_ids query params at the same time.")
        if "subtree_as_list" in req.query and "subtree_as_ids" in req.query:
            raise Invalid("Cannot use subtree_as_list and subtree_as_ids query params at the same time.")
        if "parents_as_list" in req.query:
            document["parents"] = _visible(conn, req, projects.ancestors(conn, project))
        elif "parents_as_ids" in req.query:
            document["parents"] = _chain(projects.ancestors(conn, project))
        if "subtree_as_list" in req.query:
            document["subtree"] = _visible(conn, req, projects.descendants(conn, project.id))
        elif "subtree_as_ids" in req.query:
            document["subtree"] = _tree(project.id, projects.descendants(conn, project.id))
    return JsonResponse({"project": document})


def create(api: Identity, req: Request) -> Response:
    """Make a project."""
    body = req.json()["project"]
    if body.get("is_domain"):
        raise Invalid("Create a domain by POST /v3/domains; is_domain must be false.")

    def work(conn: Connection) -> Project:
        domain_id = body.get("domain_id")
        if domain_id is None and body.get("parent_id") is not None:
            parent = projects.get(conn, body["parent_id"])
            domain_id = parent.domain_id or parent.id
        domain_id = home_domain(req.caller, domain_id)
        fetched(
            api,
            req.caller,
            "create_project",
            lambda: projects.get_domain(conn, domain_id),
            lambda domain: {"target.project.domain_id": domain.id},
        )
        return projects.create(conn, body, domain_id=domain_id)

    return _answer(req, api.change(work), 201)


def update(api: Identity, req: Request) -> Response:
    """Change a project."""
    body = req.json()["project"]

    def work(conn: Connection) -> Project:
        return projects.update(conn, _fetched(api, conn, req, "update_project"), body)

    return _answer(req, api.change(work))


def delete(api: Identity, req: Request) -> Response:
    """Delete a project."""
    api.change(lambda conn: projects.delete(conn, _fetched(api, conn, req, "delete_project")))
    return no_content()


def list_tags(api: Identity, req: Request) -> Response:
    """The tags of a project."""
    with api.database.read() as conn:
        return _tags(req, _fetched(api, conn, req, "list_project_tags").tags)


def check_tag(api: Identity, req: Request) -> Response:
    """Whether a project has a tag."""
    with api.database.read() as conn:
        project = _fetched(api, conn, req, "get_project_tag")
    if req.path["tag"] not in project.tags:
        raise missing("project tag", req.path["tag"])
    return no_content()


def replace_tags(api: Identity, req: Request) -> Response:
    """Set all tags."""
    tags = req.json()["tags"]

    def work(conn: Connection) -> Sequence[str]:
        return projects.replace_tags(conn, _fetched(api, conn, req, "update_project_tags"), tags)

    return _tags(req, api.change(work))


def add_tag(api: Identity, req: Request) -> Response:
    """Add one tag."""
    tag = req.path["tag"]
    _TAG.check(tag, req.version)

    def work(conn: Connection) -> None:
        project = _fetched(api, conn, req, "create_project_tag")
        projects.replace_tags(conn, project, [*project.tags, tag])

    api.change(work)
    return no_content(201, {"Location": href(req.base_url, "projects", req.path["project_id"], "tags", tag)})


def remove_tag(api: Identity, req: Request) -> Response:
    """Remove one tag."""
    tag = req.path["tag"]

    def work(conn: Connection) -> None:
        project = _fetched(api, conn, req, "delete_project_tag")
        if tag not in project.tags:
            raise missing("project tag", tag)
        projects.replace_tags(conn, project, [one for one in project.tags if one != tag])

    api.change(work)
    return no_content()


def remove_tags(api: Identity, req: Request) -> Response:
    """Remove all tags."""
    api.change(lambda conn: projects.replace_tags(conn, _fetched(api, conn, req, "delete_project_tags"), []))
    return no_content()


def _fetched(api: Identity, conn: Connection, req: Request, rule: str) -> Project:
    return fetched(api, req.caller, rule, lambda: projects.get(conn, req.path["project_id"]), of_project)


def _visible(conn: Connection, req: Request, found: Sequence[Project]) -> list[dict[str, Any]]:
    """Of a tree as a list, Keystone shows only the projects on which the caller has a role."""
    mine = {project.id for project in assignments.projects_of(conn, req.caller.user_id)}
    return [{"project": resources.project(req.base_url, one)} for one in found if one.id in mine]


def _chain(above: Sequence[Project]) -> dict[str, Any] | None:
    chain: dict[str, Any] | None = None
    for project in reversed(above):
        chain = {project.id: chain}
    return chain


def _tree(top: str, below: Sequence[Project]) -> dict[str, Any] | None:
    children: dict[str, Any] = {}
    for project in below:
        if project.parent_id == top:
            children[project.id] = _tree(project.id, below)
    return children or None


def _tags(req: Request, tags: Sequence[str]) -> Response:
    links = {"next": None, "self": f"{req.base_url}{req.url_path}", "previous": None}
    return JsonResponse({"links": links, "tags": tags})


def _answer(req: Request, project: Project, status: int = 200) -> Response:
    return JsonResponse({"project": resources.project(req.base_url, project)}, status)
