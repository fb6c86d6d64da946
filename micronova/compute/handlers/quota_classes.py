"""Quota classes; "default" holds what projects without own limits have."""

from __future__ import annotations

from micronova.compute import quotas
from micronova.compute.api import Compute
from micronova.compute.schemas import quotas as schema
from micronova.compute.schemas.types import as_int
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

_RULE = "os_compute_api:os-quota-class-sets:"


def show(api: Compute, req: Request) -> Response:
    """GET /os-quota-class-sets/{class_name}"""
    api.policy.authorize(req.caller, _RULE + "show")
    name = req.path["class_name"]
    with api.database.read() as conn:
        limits = quotas.of_class(conn, api.settings.quota, name)
    return JsonResponse({"quota_class_set": {"id": name, **_shown(req, limits)}})


def update(api: Compute, req: Request) -> Response:
    """PUT /os-quota-class-sets/{class_name}"""
    api.policy.authorize(req.caller, _RULE + "update")
    asked = req.json()["quota_class_set"]
    changes = {name: as_int(limit) for name, limit in asked.items() if name not in (*schema.NETWORK, "networks")}
    name = req.path["class_name"]
    with api.database.write() as conn:
        quotas.update_class(conn, name, changes)
        limits = quotas.of_class(conn, api.settings.quota, name)
    return JsonResponse({"quota_class_set": _shown(req, limits)})


def _shown(req: Request, limits: dict[str, int]) -> dict[str, int]:
    return {name: limits.get(name, quotas.UNLIMITED) for name in schema.shown(req.version.minor, of_class=True)}
