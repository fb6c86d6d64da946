"""Availability zones: names for everybody, hosts for admins."""

from __future__ import annotations

from typing import Any

from micronova.compute import availability_zones
from micronova.compute.api import Compute
from micronova.compute.availability_zones import Zone
from micronova.model.clock import micros, utcnow
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response


def index(api: Compute, req: Request) -> Response:
    """GET /os-availability-zone"""
    api.policy.authorize(req.caller, "os_compute_api:os-availability-zone:list")
    with api.database.read() as conn:
        zones = availability_zones.list_zones(conn, api.settings)
    hidden = api.settings.internal_service_availability_zone
    return JsonResponse({"availabilityZoneInfo": [_view(zone) for zone in zones if zone.name != hidden]})


def detail(api: Compute, req: Request) -> Response:
    """GET /os-availability-zone/detail"""
    api.policy.authorize(req.caller, "os_compute_api:os-availability-zone:detail")
    with api.database.read() as conn:
        zones = availability_zones.list_zones(conn, api.settings)
    now = utcnow()
    views = []
    for zone in zones:
        view = _view(zone)
        if zone.available:
            hosts: dict[str, dict[str, Any]] = {}
            for service in zone.services:
                hosts.setdefault(service.host, {})[service.binary] = {
                    "active": not service.disabled,
                    "available": service.is_up(now, api.settings.service_down_time_s),
                    "updated_at": micros(service.heartbeat_at),
                }
            view["hosts"] = hosts
        views.append(view)
    return JsonResponse({"availabilityZoneInfo": views})


def _view(zone: Zone) -> dict[str, Any]:
    return {"zoneName": zone.name, "zoneState": {"available": zone.available}, "hosts": None}
