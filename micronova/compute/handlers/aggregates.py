"""Host aggregates: list, show, create, change, delete; add and remove hosts, set metadata."""

from __future__ import annotations

from typing import Any

from micronova.compute import aggregates
from micronova.compute.aggregates import Aggregate
from micronova.compute.api import Compute
from micronova.model.clock import micros
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_RULE = "os_compute_api:os-aggregates:"


def index(api: Compute, req: Request) -> Response:
    """GET /os-aggregates"""
    api.policy.authorize(req.caller, _RULE + "index")
    with api.database.read() as conn:
        found = aggregates.list_aggregates(conn)
    return JsonResponse({"aggregates": [_view(req, aggregate) for aggregate in found]})


def show(api: Compute, req: Request) -> Response:
    """GET /os-aggregates/{aggregate_id}"""
    api.policy.authorize(req.caller, _RULE + "show")
    with api.database.read() as conn:
        return _one(req, aggregates.get(conn, _number(req)))


def create(api: Compute, req: Request) -> Response:
    """POST /os-aggregates"""
    api.policy.authorize(req.caller, _RULE + "create")
    asked = req.json()["aggregate"]
    with api.database.write() as conn:
        aggregate = aggregates.create(conn, asked["name"], asked.get("availability_zone"))
    view = _view(req, aggregate)
    # Nova's answer to a creation has neither.
    del view["hosts"], view["metadata"]
    return JsonResponse({"aggregate": view})


def update(api: Compute, req: Request) -> Response:
    """PUT /os-aggregates/{aggregate_id}"""
    api.policy.authorize(req.caller, _RULE + "update")
    changes = req.json()["aggregate"]
    if "name" in changes:
        changes["name"] = changes["name"].strip()
    with api.database.write() as conn:
        return _one(req, aggregates.update(conn, aggregates.get(conn, _number(req)), changes))


def delete(api: Compute, req: Request) -> Response:
    """DELETE /os-aggregates/{aggregate_id}"""
    api.policy.authorize(req.caller, _RULE + "delete")
    with api.database.write() as conn:
        aggregates.delete(conn, aggregates.get(conn, _number(req)))
    return no_content(200)


def action(api: Compute, req: Request) -> Response:
    """POST /os-aggregates/{aggregate_id}/action: add_host, remove_host, set_metadata"""
    [(name, asked)] = req.json().items()
    api.policy.authorize(req.caller, _RULE + name)
    with api.database.write() as conn:
        aggregate = aggregates.get(conn, _number(req))
        if name == "add_host":
            aggregate = aggregates.add_host(conn, aggregate, asked["host"])
        elif name == "remove_host":
            aggregate = aggregates.remove_host(conn, aggregate, asked["host"])
        else:
            aggregate = aggregates.set_metadata(conn, aggregate, asked["metadata"])
    return _one(req, aggregate)


def _number(req: Request) -> int:
    asked = req.path["aggregate_id"]
    if not asked.isascii() or not asked.isdigit() or len(asked) > 9:
        raise Invalid("id must be an integer")
    return int(asked)


def _one(req: Request, aggregate: Aggregate) -> Response:
    return JsonResponse({"aggregate": _view(req, aggregate)})


def _view(req: Request, aggregate: Aggregate) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": aggregate.id,
        "name": aggregate.name,
        "availability_zone": aggregate.availability_zone,
        "hosts": list(aggregate.hosts),
        "metadata": dict(aggregate.metadata),
        "created_at": micros(aggregate.created_at),
        "updated_at": micros(aggregate.updated_at),
        "deleted": False,
        "deleted_at": None,
    }
    if req.at_least(41):
        view["uuid"] = aggregate.uuid
    return view
