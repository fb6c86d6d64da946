"""A flavor's extra specs: list, show, add, replace one, delete one."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.compute import flavor_extra_specs, flavors
from micronova.compute.api import Compute
from micronova.compute.handlers.flavors import viewer
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_RULE = "os_compute_api:os-flavor-extra-specs:"


def index(api: Compute, req: Request) -> Response:
    """GET /flavors/{flavor_id}/os-extra_specs"""
    api.policy.authorize(req.caller, _RULE + "index")
    with api.database.read() as conn:
        flavor = flavors.get(conn, viewer(api, req), req.path["flavor_id"])
    return JsonResponse({"extra_specs": dict(flavor.extra_specs)})


def show(api: Compute, req: Request) -> Response:
    """GET /flavors/{flavor_id}/os-extra_specs/{key}"""
    api.policy.authorize(req.caller, _RULE + "show")
    key = req.path["key"]
    with api.database.read() as conn:
        flavor = flavors.get(conn, viewer(api, req), req.path["flavor_id"])
    if key not in flavor.extra_specs:
        raise flavors.no_extra_spec(flavor, key)
    return JsonResponse({key: flavor.extra_specs[key]})


def create(api: Compute, req: Request) -> Response:
    """POST /flavors/{flavor_id}/os-extra_specs"""
    api.policy.authorize(req.caller, _RULE + "create")
    return JsonResponse({"extra_specs": _set(api, req, req.json()["extra_specs"])})


def update(api: Compute, req: Request) -> Response:
    """PUT /flavors/{flavor_id}/os-extra_specs/{key}"""
    api.policy.authorize(req.caller, _RULE + "update")
    asked = req.json()
    if req.path["key"] not in asked:
        raise Invalid("Request body and URI mismatch")
    return JsonResponse(_set(api, req, asked))


def delete(api: Compute, req: Request) -> Response:
    """DELETE /flavors/{flavor_id}/os-extra_specs/{key}"""
    api.policy.authorize(req.caller, _RULE + "delete")
    with api.database.write() as conn:
        flavor = flavors.get(conn, viewer(api, req), req.path["flavor_id"])
        flavors.delete_extra_spec(conn, flavor, req.path["key"])
    return no_content(200)


def _set(api: Compute, req: Request, asked: Mapping[str, object]) -> dict[str, str]:
    specs = {name: str(value) for name, value in asked.items()}
    if req.at_least(86):
        for name, value in specs.items():
            flavor_extra_specs.validate(name, value)
    with api.database.write() as conn:
        flavor = flavors.get(conn, viewer(api, req), req.path["flavor_id"])
        flavors.set_extra_specs(conn, flavor, specs)
    return specs
