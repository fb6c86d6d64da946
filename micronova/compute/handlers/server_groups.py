"""Server groups: list, show, create, delete."""

from __future__ import annotations

from typing import Any

from micronova.compute import server_groups
from micronova.compute.api import Compute
from micronova.compute.schemas.types import as_int
from micronova.compute.server_groups import ServerGroup
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_RULE = "os_compute_api:os-server-groups:"


def index(api: Compute, req: Request) -> Response:
    """GET /os-server-groups"""
    api.policy.authorize(req.caller, _RULE + "index")
    everywhere = "all_projects" in req.query and api.policy.allows(req.caller, _RULE + "index:all_projects")
    limit = min(as_int(req.query.get("limit", api.settings.max_limit)), api.settings.max_limit)
    offset = as_int(req.query.get("offset", 0))
    project_id = None if everywhere else (req.caller.project_id or "")
    with api.database.read() as conn:
        found = server_groups.list_groups(conn, project_id=project_id, limit=limit, offset=offset)
    return JsonResponse({"server_groups": [_view(req, group) for group in found]})


def show(api: Compute, req: Request) -> Response:
    """GET /os-server-groups/{server_group_id}"""
    with api.database.read() as conn:
        group = server_groups.get(conn, req.path["server_group_id"], project_id=_project(api, req))
    api.policy.authorize(req.caller, _RULE + "show", {"project_id": group.project_id})
    return JsonResponse({"server_group": _view(req, group)})


def create(api: Compute, req: Request) -> Response:
    """POST /os-server-groups"""
    api.policy.authorize(req.caller, _RULE + "create")
    asked = req.json()["server_group"]
    policy = asked["policy"] if req.at_least(64) else asked["policies"][0]
    rules = {name: as_int(value) for name, value in asked.get("rules", {}).items()}
    if rules and policy != "anti-affinity":
        raise Invalid("Only anti-affinity policy supports rules.")
    with api.database.write() as conn:
        group = server_groups.create(
            conn,
            api.settings.quota,
            project_id=req.caller.project_id or "",
            user_id=req.caller.user_id,
            name=asked["name"],
            policy=policy,
            rules=rules,
        )
    return JsonResponse({"server_group": _view(req, group)})


def delete(api: Compute, req: Request) -> Response:
    """DELETE /os-server-groups/{server_group_id}"""
    with api.database.write() as conn:
        group = server_groups.get(conn, req.path["server_group_id"], project_id=_project(api, req))
        api.policy.authorize(req.caller, _RULE + "delete", {"project_id": group.project_id})
        server_groups.delete(conn, group)
    return no_content(204)


def _project(api: Compute, req: Request) -> str | None:
    """Groups of other projects do not exist, except for admins."""
    return None if api.policy.allows(req.caller, "context_is_admin") else (req.caller.project_id or "")


def _view(req: Request, group: ServerGroup) -> dict[str, Any]:
    view: dict[str, Any] = {"id": group.uuid, "name": group.name, "members": list(group.members)}
    if req.at_least(13):
        view |= {"project_id": group.project_id, "user_id": group.user_id}
    if req.at_least(64):
        return view | {"policy": group.policy, "rules": dict(group.rules)}
    return view | {"policies": [group.policy], "metadata": {}}
