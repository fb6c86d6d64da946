"""Hypervisors in their old forms (numbers, usage) and the new one (UUIDs, what placement does not know)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from micronova.compute import host_registry, usage
from micronova.compute.api import Compute
from micronova.compute.host_registry import ComputeNode
from micronova.compute.schemas.types import as_bool
from micronova.compute.views import hypervisors as view
from micronova.compute.views.hypervisors import Hypervisor
from micronova.compute.views.links import next_links
from micronova.model.clock import utcnow
from micronova.model.errors import Invalid, NotFound
from micronova.model.ids import is_uuid
from micronova.web.paging import Page
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

_RULE = "os_compute_api:os-hypervisors:"


def index(api: Compute, req: Request) -> Response:
    """GET /os-hypervisors"""
    api.policy.authorize(req.caller, _RULE + "list")
    return _list(api, req, detailed=False)


def detail(api: Compute, req: Request) -> Response:
    """GET /os-hypervisors/detail"""
    api.policy.authorize(req.caller, _RULE + "list-detail")
    return _list(api, req, detailed=True)


def show(api: Compute, req: Request) -> Response:
    """GET /os-hypervisors/{hypervisor_id}"""
    api.policy.authorize(req.caller, _RULE + "show")
    with api.database.read() as conn:
        [found] = _known(api, conn, [_node(conn, req)], with_servers=_with_servers(req))
    return JsonResponse({"hypervisor": view.detail(req, found)})


def uptime(api: Compute, req: Request) -> Response:
    """GET /os-hypervisors/{hypervisor_id}/uptime, up to 2.87"""
    api.policy.authorize(req.caller, _RULE + "uptime")
    with api.database.read() as conn:
        [found] = _known(api, conn, [_node(conn, req)])
    if not found.is_up:
        raise Invalid(f"Compute service of {found.node.hostname} is unavailable at this time.")
    return JsonResponse({"hypervisor": {**view.summary(req, found), "uptime": found.node.uptime}})


def search(api: Compute, req: Request) -> Response:
    """GET /os-hypervisors/{hypervisor_id}/search, up to 2.52: those whose name contains that"""
    api.policy.authorize(req.caller, _RULE + "search")
    with api.database.read() as conn:
        found = _known(api, conn, _matching(conn, req.path["hypervisor_id"]))
    return JsonResponse({"hypervisors": [view.summary(req, hypervisor) for hypervisor in found]})


def servers(api: Compute, req: Request) -> Response:
    """GET /os-hypervisors/{hypervisor_id}/servers, up to 2.52: the same, with their servers"""
    api.policy.authorize(req.caller, _RULE + "servers")
    with api.database.read() as conn:
        found = _known(api, conn, _matching(conn, req.path["hypervisor_id"]), with_servers=True)
    return JsonResponse({"hypervisors": [view.summary(req, hypervisor) for hypervisor in found]})


def statistics(api: Compute, req: Request) -> Response:
    """GET /os-hypervisors/statistics, up to 2.87"""
    api.policy.authorize(req.caller, _RULE + "statistics")
    with api.database.read() as conn:
        found = _known(api, conn, host_registry.nodes(conn))
    return JsonResponse({"hypervisor_statistics": view.statistics([one for one in found if not one.disabled])})


def _list(api: Compute, req: Request, *, detailed: bool) -> Response:
    pattern = req.query.get("hypervisor_hostname_pattern") if req.at_least(53) else None
    paged = req.at_least(33)
    if pattern is not None and ("limit" in req.query or "marker" in req.query):
        raise Invalid("Paging over hypervisors with the hypervisor_hostname_pattern query parameter is not supported.")
    page = Page.of(req.query, max_limit=api.settings.max_limit) if paged else None
    document: dict[str, Any] = {}
    with api.database.read() as conn:
        nodes = host_registry.nodes(conn) if pattern is None else _matching(conn, pattern)
        if page is not None and pattern is None:
            nodes = _after(nodes, page.marker, by_uuid=req.at_least(53))
            if len(nodes) > page.limit:
                nodes = nodes[: page.limit]
                if nodes:
                    last = nodes[-1]
                    document["hypervisors_links"] = next_links(req, last.uuid if req.at_least(53) else str(last.id))
        found = _known(api, conn, nodes, with_servers=_with_servers(req))
    show_one = view.detail if detailed else view.summary
    return JsonResponse({"hypervisors": [show_one(req, hypervisor) for hypervisor in found], **document})


def _with_servers(req: Request) -> bool:
    return req.at_least(53) and as_bool(req.query.get("with_servers", False))


def _matching(conn: Connection, pattern: str) -> list[ComputeNode]:
    found = [node for node in host_registry.nodes(conn) if pattern in node.hostname]
    if not found:
        raise NotFound(f"No hypervisor matching '{pattern[:255]}' could be found.")
    return found


def _after(nodes: list[ComputeNode], marker: str | None, *, by_uuid: bool) -> list[ComputeNode]:
    if marker is None:
        return nodes
    for n, node in enumerate(nodes):
        if marker == (node.uuid if by_uuid else str(node.id)):
            return nodes[n + 1 :]
    raise Invalid(f"marker [{marker}] not found")


def _node(conn: Connection, req: Request) -> ComputeNode:
    asked = req.path["hypervisor_id"]
    if req.at_least(53) and not is_uuid(asked):
        raise Invalid(f"Invalid uuid {asked[:255]}")
    for node in host_registry.nodes(conn):
        if asked == (node.uuid if req.at_least(53) else str(node.id)):
            return node
    raise NotFound(f"Hypervisor with ID '{asked[:255]}' could not be found.")


def _known(
    api: Compute, conn: Connection, nodes: Sequence[ComputeNode], *, with_servers: bool = False
) -> list[Hypervisor]:
    """The hypervisors with all that their views need: four queries however many there are."""
    services = {service.id: service for service in host_registry.services(conn, binary=host_registry.COMPUTE)}
    load = usage.of_hosts(conn)
    on_host = usage.servers_on(conn, [node.hostname for node in nodes]) if with_servers else None
    now = utcnow()
    return [
        Hypervisor(
            node=node,
            service=services[node.service_id],
            is_up=services[node.service_id].is_up(now, api.settings.service_down_time_s),
            load=load.get(node.hostname, usage.NO_LOAD),
            servers=None if on_host is None else on_host.get(node.hostname, []),
        )
        for node in nodes
    ]
