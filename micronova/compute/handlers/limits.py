"""Limits: the caller's quotas and what of them is in use, in one flat document."""

from __future__ import annotations

from micronova.compute import quotas
from micronova.compute.api import Compute
from micronova.compute.views import limits as view
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response


def index(api: Compute, req: Request) -> Response:
    """GET /limits"""
    project_id = req.query.get("tenant_id") or req.caller.project_id or ""
    if project_id != req.caller.project_id:
        api.policy.authorize(req.caller, "os_compute_api:limits:other_project")
    api.policy.authorize(req.caller, "os_compute_api:limits")
    with api.database.read() as conn:
        found = quotas.used(conn, api.settings.quota, project_id)
    return JsonResponse({"limits": {"rate": [], "absolute": view.absolute(req, found)}})
