"""/v3/roles, which role implies which, and /v3/role_inferences."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from micronova.identity import roles
from micronova.identity.api import Identity
from micronova.identity.handlers.authority import fetched, of_role
from micronova.identity.records import missing
from micronova.identity.roles import Inference, Role
from micronova.identity.views import resources
from micronova.identity.views.links import href, listed
from micronova.model.errors import NotFound
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


def index(api: Identity, req: Request) -> Response:
    """List the global roles, or those of a domain."""
    rule = "list_domain_roles" if "domain_id" in req.query else "list_roles"
    api.policy.authorize(req.caller, f"identity:{rule}", {})
    with api.database.read() as conn:
        found = roles.search(conn, req.query)
    return JsonResponse(listed(req, "roles", [resources.role(req.base_url, role) for role in found]))


def show(api: Identity, req: Request) -> Response:
    """Show a role."""
    with api.database.read() as conn:
        return _answer(req, _fetched(api, conn, req, "get"))


def create(api: Identity, req: Request) -> Response:
    """Make a role."""
    body = req.json()["role"]
    rule = "create_role" if body.get("domain_id") is None else "create_domain_role"
    api.policy.authorize(req.caller, f"identity:{rule}", {})
    return _answer(req, api.change(lambda conn: roles.create(conn, body)), 201)


def update(api: Identity, req: Request) -> Response:
    """Change a role."""
    body = req.json()["role"]
    return _answer(req, api.change(lambda conn: roles.update(conn, _fetched(api, conn, req, "update"), body)))


def delete(api: Identity, req: Request) -> Response:
    """Delete a role with its assignments."""
    api.change(lambda conn: roles.delete(conn, _fetched(api, conn, req, "delete")))
    return no_content()


def list_implied(api: Identity, req: Request) -> Response:
    """The roles that a role implies directly."""
    api.policy.authorize(req.caller, "identity:list_implied_roles", {})
    with api.database.read() as conn:
        prior = roles.get(conn, req.path["role_id"])
        inference = Inference.load(conn)
    document = _inference(req, prior, inference)
    return JsonResponse(
        {"role_inference": document, "links": {"self": href(req.base_url, "roles", prior.id, "implies")}}
    )


def show_implied(api: Identity, req: Request) -> Response:
    """One rule."""
    api.policy.authorize(req.caller, "identity:get_implied_role", {})
    with api.database.read() as conn:
        prior, implied = _rule(conn, req)
    return JsonResponse(_rule_document(req, prior, implied))


def check_implied(api: Identity, req: Request) -> Response:
    """Whether there is such a rule."""
    api.policy.authorize(req.caller, "identity:check_implied_role", {})
    with api.database.read() as conn:
        _rule(conn, req)
    return no_content()


def create_implied(api: Identity, req: Request) -> Response:
    """Let a role imply another."""
    api.policy.authorize(req.caller, "identity:create_implied_role", {})

    def work(conn: Connection) -> tuple[Role, Role]:
        prior, implied = roles.get(conn, req.path["role_id"]), roles.get(conn, req.path["implied_id"])
        roles.imply(conn, prior, implied)
        return prior, implied

    return JsonResponse(_rule_document(req, *api.change(work)), 201)


def delete_implied(api: Identity, req: Request) -> Response:
    """No longer."""
    api.policy.authorize(req.caller, "identity:delete_implied_role", {})
    api.change(
        lambda conn: roles.stop_implying(
            conn, roles.get(conn, req.path["role_id"]), roles.get(conn, req.path["implied_id"])
        )
    )
    return no_content()


def list_inferences(api: Identity, req: Request) -> Response:
    """All rules."""
    api.policy.authorize(req.caller, "identity:list_role_inference_rules", {})
    with api.database.read() as conn:
        inference = Inference.load(conn)
    found = [_inference(req, inference.roles[prior], inference) for prior in inference.implied]
    return JsonResponse({"role_inferences": found, "links": {"self": href(req.base_url, "role_inferences")}})


def _fetched(api: Identity, conn: Connection, req: Request, verb: str) -> Role:
    role_id = req.path["role_id"]
    try:
        kind = "role" if roles.get(conn, role_id).domain_id is None else "domain_role"
    except NotFound:
        kind = "role"
    return fetched(api, req.caller, f"{verb}_{kind}", lambda: roles.get(conn, role_id), of_role)


def _rule(conn: Connection, req: Request) -> tuple[Role, Role]:
    prior, implied = roles.get(conn, req.path["role_id"]), roles.get(conn, req.path["implied_id"])
    if not roles.is_implied(conn, prior.id, implied.id):
        raise missing("implied role", f"{prior.id} implies {implied.id}")
    return prior, implied


def _rule_document(req: Request, prior: Role, implied: Role) -> dict[str, Any]:
    return {
        "role_inference": {"prior_role": _short(req, prior), "implies": _short(req, implied)},
        "links": {"self": href(req.base_url, "roles", prior.id, "implies", implied.id)},
    }


def _inference(req: Request, prior: Role, inference: Inference) -> dict[str, Any]:
    implied = [inference.roles[role_id] for role_id in inference.implied.get(prior.id, ())]
    return {"prior_role": _short(req, prior), "implies": [_short(req, role) for role in implied]}


def _short(req: Request, role: Role) -> dict[str, Any]:
    return {"id": role.id, "name": role.name, "links": {"self": href(req.base_url, "roles", role.id)}}


def _answer(req: Request, role: Role, status: int = 200) -> Response:
    return JsonResponse({"role": resources.role(req.base_url, role)}, status)
