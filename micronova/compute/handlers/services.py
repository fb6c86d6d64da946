"""The parts of the system as services: list, enable, disable, declare dead, forget."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from micronova.compute import availability_zones, host_registry, usage
from micronova.compute.api import Compute
from micronova.compute.host_registry import COMPUTE, ComputeService
from micronova.compute.schemas.types import as_bool
from micronova.model.clock import micros, utcnow
from micronova.model.errors import Conflict, Invalid, NotFound
from micronova.model.ids import is_uuid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_RULE = "os_compute_api:os-services:"


def index(api: Compute, req: Request) -> Response:
    """GET /os-services"""
    api.policy.authorize(req.caller, _RULE + "list")
    with api.database.read() as conn:
        found = host_registry.services(conn, host=req.query.get("host"), binary=req.query.get("binary"))
        zones = availability_zones.of_services(conn, api.settings, found)
    return JsonResponse({"services": [_view(api, req, service, zones[service.id]) for service in found]})


def update_by_host(api: Compute, req: Request) -> Response:
    """PUT /os-services/enable, disable, disable-log-reason, force-down (since 2.11), up to 2.52"""
    api.policy.authorize(req.caller, _RULE + "update")
    asked, action = req.json(), req.path["service_id"]
    answer: dict[str, Any] = {"host": asked["host"], "binary": asked["binary"]}
    changes: dict[str, Any]
    if action == "enable":
        changes, answer["status"] = {"disabled": False, "disabled_reason": None}, "enabled"
    elif action == "disable":
        changes, answer["status"] = {"disabled": True, "disabled_reason": None}, "disabled"
    elif action == "disable-log-reason":
        if "disabled_reason" not in asked:
            raise Invalid("Missing disabled reason field")
        changes = {"disabled": True, "disabled_reason": asked["disabled_reason"]}
        answer |= {"status": "disabled", "disabled_reason": asked["disabled_reason"]}
    elif action == "force-down" and req.at_least(11):
        if "forced_down" not in asked:
            raise Invalid("Missing forced_down field")
        changes = {"forced_down": as_bool(asked["forced_down"])}
        answer |= changes
    else:
        raise NotFound("Unknown action")
    with api.database.write() as conn:
        found = host_registry.services(conn, host=asked["host"], binary=asked["binary"])
        if not found:
            raise NotFound(f"Could not find binary {asked['binary']} on host {asked['host']}.")
        host_registry.change_service(conn, found[0], **changes)
    return JsonResponse({"service": answer})


def update(api: Compute, req: Request) -> Response:
    """PUT /os-services/{service_id}, since 2.53"""
    api.policy.authorize(req.caller, _RULE + "update")
    asked = req.json()
    changes: dict[str, Any] = {}
    if "disabled_reason" in asked and asked.get("status") != "disabled":
        raise Invalid("Specifying disabled_reason requires that status is 'disabled'.")
    if "status" in asked:
        changes |= {"disabled": asked["status"] == "disabled", "disabled_reason": asked.get("disabled_reason")}
    if "forced_down" in asked:
        changes["forced_down"] = as_bool(asked["forced_down"])
    if not changes:
        raise Invalid("No updates were requested. Fields 'status' or 'forced_down' should be specified.")
    with api.database.write() as conn:
        service = _find(conn, req)
        if service.binary != COMPUTE:
            raise Invalid(
                f"Updating a {service.binary} service is not supported. Only nova-compute services can be updated."
            )
        changed = host_registry.change_service(conn, service, **changes)
        zones = availability_zones.of_services(conn, api.settings, [changed])
    return JsonResponse({"service": _view(api, req, changed, zones[changed.id])})


def delete(api: Compute, req: Request) -> Response:
    """DELETE /os-services/{service_id}"""
    api.policy.authorize(req.caller, _RULE + "delete")
    with api.database.write() as conn:
        service = _find(conn, req)
        if service.binary == COMPUTE and usage.servers_on(conn, [service.host]):
            raise Conflict(
                "Unable to delete compute service that is hosting instances. Migrate or delete the instances first."
            )
        host_registry.delete_service(conn, service)
    return no_content(204)


def _find(conn: Connection, req: Request) -> ComputeService:
    asked = req.path["service_id"]
    if req.at_least(53):
        if not is_uuid(asked):
            raise Invalid(f"Invalid uuid {asked[:255]}")
    elif not asked.isdigit():
        raise Invalid("id must be an integer")
    for service in host_registry.services(conn):
        if asked == (service.uuid if req.at_least(53) else str(service.id)):
            return service
    raise NotFound(f"Service {asked[:255]} not found.")


def _view(api: Compute, req: Request, service: ComputeService, zone: str) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": service.uuid if req.at_least(53) else service.id,
        "binary": service.binary,
        "host": service.host,
        "zone": zone,
        "status": "disabled" if service.disabled else "enabled",
        "state": "up" if service.is_up(utcnow(), api.settings.service_down_time_s) else "down",
        "updated_at": micros(service.heartbeat_at),
        "disabled_reason": service.disabled_reason,
    }
    if req.at_least(11):
        view["forced_down"] = service.forced_down
    return view
