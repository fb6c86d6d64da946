"""Quotas of a project or of a user in it: show, defaults, detail, set, reset."""

from __future__ import annotations

from micronova.compute import quotas
from micronova.compute.api import Compute
from micronova.compute.schemas import quotas as schema
from micronova.compute.schemas.types import as_bool, as_int
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_RULE = "os_compute_api:os-quota-sets:"


def show(api: Compute, req: Request) -> Response:
    """GET /os-quota-sets/{project_id}"""
    project_id = _authorized(api, req, "show")
    with api.database.read() as conn:
        limits = quotas.of_project(conn, api.settings.quota, project_id, req.query.get("user_id"))
    return JsonResponse({"quota_set": {"id": project_id, **_shown(req, limits)}})


def defaults(api: Compute, req: Request) -> Response:
    """GET /os-quota-sets/{project_id}/defaults"""
    project_id = _authorized(api, req, "defaults")
    with api.database.read() as conn:
        limits = quotas.of_class(conn, api.settings.quota)
    return JsonResponse({"quota_set": {"id": project_id, **_shown(req, limits)}})


def detail(api: Compute, req: Request) -> Response:
    """GET /os-quota-sets/{project_id}/detail"""
    project_id = _authorized(api, req, "detail")
    with api.database.read() as conn:
        found = quotas.used(conn, api.settings.quota, project_id, req.query.get("user_id"))
    none = quotas.Used(limit=quotas.UNLIMITED, in_use=0)
    view: dict[str, object] = {"id": project_id}
    for name in schema.shown(req.version.minor):
        used = found.get(name, none)
        view[name] = {"limit": used.limit, "in_use": used.in_use, "reserved": 0}
    return JsonResponse({"quota_set": view})


def update(api: Compute, req: Request) -> Response:
    """PUT /os-quota-sets/{project_id}"""
    project_id = _authorized(api, req, "update")
    asked = dict(req.json()["quota_set"])
    force = as_bool(asked.pop("force", False))
    changes = {name: as_int(limit) for name, limit in asked.items() if name not in (*schema.NETWORK, "networks")}
    user_id = req.query.get("user_id") or None
    with api.database.write() as conn:
        quotas.update(conn, api.settings.quota, project_id, changes, user_id=user_id, force=force)
        limits = quotas.of_project(conn, api.settings.quota, project_id, user_id)
    return JsonResponse({"quota_set": _shown(req, limits)})


def delete(api: Compute, req: Request) -> Response:
    """DELETE /os-quota-sets/{project_id}"""
    project_id = _authorized(api, req, "delete")
    api.database.transact(lambda conn: quotas.reset(conn, project_id, req.query.get("user_id")))
    return no_content(202)


def _authorized(api: Compute, req: Request, action: str) -> str:
    project_id = req.path["project_id"]
    api.policy.authorize(req.caller, _RULE + action, {"project_id": project_id})
    return project_id


def _shown(req: Request, limits: dict[str, int]) -> dict[str, int]:
    return {name: limits.get(name, quotas.UNLIMITED) for name in schema.shown(req.version.minor)}
