"""/v3/domains."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.identity import projects
from micronova.identity.api import Identity
from micronova.identity.handlers.authority import fetched, of_caller_domain, of_domain
from micronova.identity.projects import Project
from micronova.identity.views import resources
from micronova.identity.views.links import listed
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


def index(api: Identity, req: Request) -> Response:
    """List domains."""
    api.policy.authorize(req.caller, "identity:list_domains", of_caller_domain(req.caller))
    with api.database.read() as conn:
        found = projects.search(conn, req.query, domains=True, domain_id=req.caller.domain_id)
    return JsonResponse(listed(req, "domains", [resources.domain(req.base_url, one) for one in found]))


def show(api: Identity, req: Request) -> Response:
    """Show a domain."""
    with api.database.read() as conn:
        return _answer(req, _fetched(api, conn, req, "get_domain"))


def create(api: Identity, req: Request) -> Response:
    """Make a domain."""
    api.policy.authorize(req.caller, "identity:create_domain", {})
    body = req.json()["domain"]
    return _answer(req, api.change(lambda conn: projects.create_domain(conn, body)), 201)


def update(api: Identity, req: Request) -> Response:
    """Change a domain."""
    body = req.json()["domain"]
    return _answer(req, api.change(lambda conn: projects.update(conn, _fetched(api, conn, req, "update_domain"), body)))


def delete(api: Identity, req: Request) -> Response:
    """Delete a disabled domain with all that it owns."""
    api.change(lambda conn: projects.delete(conn, _fetched(api, conn, req, "delete_domain")))
    return no_content()


def _fetched(api: Identity, conn: Connection, req: Request, rule: str) -> Project:
    return fetched(api, req.caller, rule, lambda: projects.get_domain(conn, req.path["domain_id"]), of_domain)


def _answer(req: Request, domain: Project, status: int = 200) -> Response:
    return JsonResponse({"domain": resources.domain(req.base_url, domain)}, status)
