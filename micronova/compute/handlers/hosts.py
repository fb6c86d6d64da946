"""/os-hosts, the oldest view of hosts, up to 2.42: read only."""

from __future__ import annotations

from typing import Any

from micronova.compute import availability_zones, host_registry, usage
from micronova.compute.api import Compute
from micronova.compute.host_registry import COMPUTE
from micronova.model.errors import NotFound
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

_RULE = "os_compute_api:os-hosts:"


def index(api: Compute, req: Request) -> Response:
    """GET /os-hosts"""
    api.policy.authorize(req.caller, _RULE + "list")
    with api.database.read() as conn:
        services = host_registry.services(conn)
        zones = availability_zones.of_services(conn, api.settings, services)
    wanted = req.query.get("zone")
    return JsonResponse(
        {
            "hosts": [
                {
                    "host_name": service.host,
                    "service": service.binary.removeprefix("nova-"),
                    "zone": zones[service.id],
                }
                for service in services
                if wanted in (None, zones[service.id])
            ]
        }
    )


def show(api: Compute, req: Request) -> Response:
    """GET /os-hosts/{host_name}"""
    api.policy.authorize(req.caller, _RULE + "show")
    host = req.path["host_name"]
    with api.database.read() as conn:
        node = next((node for node in host_registry.nodes(conn) if node.hostname == host), None)
        if node is None or not host_registry.services(conn, host=host, binary=COMPUTE):
            raise NotFound(f"Compute host {host[:255]} could not be found.")
        load = usage.of_hosts(conn).get(host, usage.NO_LOAD)
        projects = usage.of_projects_on(conn, host)
    rows = [
        _row(host, "(total)", node.vcpus, node.memory_mib, node.disk_gib),
        _row(host, "(used_now)", load.vcpus, node.memory_used_mib, node.disk_used_gib),
        _row(host, "(used_max)", load.vcpus, load.memory_mib, load.disk_gib),
        *(_row(host, one.project_id, one.vcpus, one.memory_mib, one.disk_gib) for one in projects),
    ]
    return JsonResponse({"host": rows})


def _row(host: str, project: str, cpu: int, memory_mib: int, disk_gib: int) -> dict[str, Any]:
    return {"resource": {"host": host, "project": project, "cpu": cpu, "memory_mb": memory_mib, "disk_gb": disk_gib}}
