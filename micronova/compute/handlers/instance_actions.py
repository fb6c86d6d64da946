"""What was done to a server, from the engine's own record; since 2.21 after its deletion too."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from micronova.compute import servers
from micronova.compute.api import Compute
from micronova.compute.schemas.servers_query import parse_time
from micronova.compute.servers import Server
from micronova.compute.views import instance_actions as view
from micronova.compute.views.instance_actions import EventSight
from micronova.compute.views.links import next_links
from micronova.model.errors import Invalid, NotFound
from micronova.operations.history import OperationRecord, operations_of
from micronova.web.paging import Page
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

_RULE = "os_compute_api:os-instance-actions:"


def index(api: Compute, req: Request) -> Response:
    """GET /servers/{server_id}/os-instance-actions"""
    with api.database.read() as conn:
        server = _server(api, conn, req)
        api.policy.authorize(req.caller, _RULE + "list", {"project_id": server.project_id})
        records = operations_of(conn, server.id)
    document: dict[str, Any] = {}
    if req.at_least(58):
        records, more = _page(api, req, records)
        if more:
            document["links"] = next_links(req, records[-1].request_id)
    names = _names(api)
    document["instanceActions"] = [view.action(req, names.get(record.kind, record.kind), record) for record in records]
    return JsonResponse(document)


def show(api: Compute, req: Request) -> Response:
    """GET /servers/{server_id}/os-instance-actions/{request_id}"""
    request_id = req.path["request_id"]
    with api.database.read() as conn:
        server = _server(api, conn, req)
        target = {"project_id": server.project_id}
        api.policy.authorize(req.caller, _RULE + "show", target)
        records = operations_of(conn, server.id, request_id=request_id)
    if not records:
        raise NotFound(f"Action {request_id[:255]} not found")
    record = records[0]
    inside = api.policy.allows(req.caller, _RULE + "events", target)
    sight = EventSight(
        events=inside or req.at_least(51),
        inside=inside,
        details=req.at_least(84) and api.policy.allows(req.caller, _RULE + "events:details", target),
    )
    answer = view.action(req, _names(api).get(record.kind, record.kind), record)
    if sight.events:
        answer["events"] = [view.event(req, server, entry, sight) for entry in reversed(record.entries)]
    return JsonResponse({"instanceAction": answer})


def _server(api: Compute, conn: Connection, req: Request) -> Server:
    """The server, if the caller's project has it or an admin asks; a deleted one since 2.21."""
    server_id = req.path["server_id"]
    found = servers.get_any(conn, server_id)
    if found is None or (found.deleted_at is not None and not req.at_least(21)):
        raise servers.not_found(server_id)
    if found.project_id != req.caller.project_id and not api.policy.allows(req.caller, "context_is_admin"):
        raise servers.not_found(server_id)
    return found


def _page(api: Compute, req: Request, records: list[OperationRecord]) -> tuple[list[OperationRecord], bool]:
    page = Page.of(req.query, max_limit=api.settings.max_limit)
    since, before = _time(req, "changes-since"), _time(req, "changes-before")
    if since is not None and before is not None and since > before:
        raise Invalid("The value of changes-since must be less than or equal to changes-before.")
    if page.marker is not None:
        at = next((n for n, record in enumerate(records) if record.request_id == page.marker), None)
        if at is None:
            raise Invalid(f"Marker {page.marker[:255]} could not be found.")
        records = records[at + 1 :]
    records = [
        record
        for record in records
        if (since is None or record.updated_at >= since) and (before is None or record.updated_at <= before)
    ]
    return records[: page.limit], 0 < page.limit < len(records)


def _time(req: Request, name: str) -> datetime | None:
    text = req.query.get(name)
    return None if text is None else parse_time(text)


def _names(api: Compute) -> dict[str, str]:
    """Actions' names in the API, by the kind of the operation."""
    operations = [getattr(api.operations, field.name) for field in fields(api.operations)]
    return {operation.kind: operation.action for operation in operations}
