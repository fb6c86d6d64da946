"""/v2.0/security-groups: the project's group ``default``, read only."""

from __future__ import annotations

from micronova.model.errors import NotFound
from micronova.network.api import Networking
from micronova.network.handlers.lists import only_fields
from micronova.network.security_groups import default_group_id
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response


def index(api: Networking, req: Request) -> Response:
    """List: one group."""
    document = _document(api, req)
    for field in ("id", "name", "project_id", "tenant_id"):
        wanted = req.query.getlist(field)
        if wanted and document[field] not in wanted:
            return JsonResponse({"security_groups": []})
    return JsonResponse({"security_groups": [only_fields(req, document)]})


def show(api: Networking, req: Request) -> Response:
    """Show the project's group."""
    document = _document(api, req)
    if req.path["group_id"] != document["id"]:
        raise NotFound(f"Security group {req.path['group_id'][:64]} does not exist", code="SecurityGroupNotFound")
    return JsonResponse({"security_group": only_fields(req, document)})


def _document(api: Networking, req: Request) -> dict[str, object]:
    project_id = req.caller.project_id or ""
    api.policy.authorize(req.caller, "get_security_group", {"project_id": project_id})
    return {
        "id": default_group_id(project_id),
        "name": "default",
        "description": "Default security group",
        "project_id": project_id,
        "tenant_id": project_id,
        "stateful": True,
        "shared": False,
        "security_group_rules": [],
        "tags": [],
        "revision_number": 1,
    }
