"""What projects used in a span of time: hours of servers, processors, memory and disk."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from micronova.compute import tenant_usage
from micronova.compute.api import Compute
from micronova.compute.schemas.servers_query import parse_time
from micronova.compute.tenant_usage import ServerHours
from micronova.compute.views import tenant_usage as view
from micronova.compute.views.links import next_links
from micronova.model.clock import utcnow
from micronova.model.errors import Invalid
from micronova.web.paging import Page
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

_RULE = "os_compute_api:os-simple-tenant-usage:"
_USUAL_SPAN = timedelta(weeks=4)


def index(api: Compute, req: Request) -> Response:
    """GET /os-simple-tenant-usage"""
    api.policy.authorize(req.caller, _RULE + "list")
    found, start, stop, links = _read(api, req, None)
    detailed = req.query.get("detailed") == "1"
    by_project: dict[str, list[ServerHours]] = {}
    for one in found:
        by_project.setdefault(one.project_id, []).append(one)
    usages = [
        view.project(project_id, servers, start, stop, with_servers=detailed)
        for project_id, servers in by_project.items()
    ]
    document: dict[str, Any] = {"tenant_usages": usages}
    if links:
        document["tenant_usages_links"] = links
    return JsonResponse(document)


def show(api: Compute, req: Request) -> Response:
    """GET /os-simple-tenant-usage/{project_id}"""
    project_id = req.path["project_id"]
    api.policy.authorize(req.caller, _RULE + "show", {"project_id": project_id})
    found, start, stop, links = _read(api, req, project_id)
    usage = view.project(project_id, found, start, stop, with_servers=True) if found else {}
    document: dict[str, Any] = {"tenant_usage": usage}
    if links:
        document["tenant_usage_links"] = links
    return JsonResponse(document)


def _read(
    api: Compute, req: Request, project_id: str | None
) -> tuple[list[ServerHours], datetime, datetime, list[dict[str, str]]]:
    start, stop = _span(req)
    paged = req.at_least(40)
    most = api.settings.max_limit
    page = Page.of(req.query, max_limit=most) if paged else Page(limit=most)
    with api.database.read() as conn:
        found = tenant_usage.read(conn, start, stop, project_id=project_id, marker=page.marker, limit=page.limit + 1)
    more = len(found) > page.limit
    found = found[: page.limit]
    return found, start, stop, next_links(req, found[-1].server_id) if paged and more and found else []


def _span(req: Request) -> tuple[datetime, datetime]:
    now = utcnow()
    stop = _time(req, "end") or now
    start = _time(req, "start") or now - _USUAL_SPAN
    if start >= stop:
        raise Invalid("Invalid start time. The start time cannot occur after the end time.")
    return start, stop


def _time(req: Request, name: str) -> datetime | None:
    text = req.query.get(name)
    if not text:
        return None
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as err:
        raise Invalid(f"Datetime is in invalid format: {text[:64]}") from err
