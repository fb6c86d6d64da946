"""A server's operations and their steps, as actions and events.

2.51  events for everybody, traceback only for admins    2.58  updated_at
2.62  host (admins) and hostId                           2.84  details (admins)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from micronova.compute.servers import Server
from micronova.compute.views.servers import host_id
from micronova.model.clock import micros
from micronova.operations.history import LogRecord, OperationRecord
from micronova.web.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSight:
    """What of events the caller may see."""

    events: bool
    inside: bool  # traceback and host
    details: bool


def action(req: Request, name: str, record: OperationRecord) -> dict[str, Any]:
    """An action without its events."""
    view: dict[str, Any] = {
        "action": name,
        "instance_uuid": record.subject,
        "request_id": record.request_id,
        "user_id": record.user_id or None,
        "project_id": record.project_id or None,
        "start_time": micros(record.created_at),
        "message": "Error" if record.message is not None else None,
    }
    if req.at_least(58):
        view["updated_at"] = micros(record.updated_at)
    return view


def event(req: Request, server: Server, entry: LogRecord, sight: EventSight) -> dict[str, Any]:
    """A step, done or undone."""
    result = {None: None, "succeeded": "Success", "failed": "Error"}[entry.outcome]
    view: dict[str, Any] = {
        "event": entry.step if entry.phase == "do" else f"undo_{entry.step}",
        "start_time": micros(entry.started_at),
        "finish_time": micros(entry.finished_at),
        "result": result,
    }
    if sight.inside:
        view["traceback"] = entry.detail
    if req.at_least(62):
        view["hostId"] = host_id(server.project_id, server.host)
        if sight.inside:
            view["host"] = server.host
    if req.at_least(84) and sight.details:
        view["details"] = entry.message
    return view
