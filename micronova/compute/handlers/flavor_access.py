"""Which projects may use a private flavor."""

from __future__ import annotations

from micronova.compute import flavors
from micronova.compute.api import Compute
from micronova.compute.flavors import Flavor
from micronova.compute.handlers.flavors import viewer
from micronova.model.errors import Conflict, NotFound
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response


def index(api: Compute, req: Request) -> Response:
    """GET /flavors/{flavor_id}/os-flavor-access"""
    api.policy.authorize(req.caller, "os_compute_api:os-flavor-access")
    with api.database.read() as conn:
        flavor = flavors.get(conn, viewer(api, req), req.path["flavor_id"])
        if flavor.is_public:
            raise NotFound("Access list not available for public flavors.")
        return _list(flavor, flavors.projects_of(conn, flavor))


def action(api: Compute, req: Request) -> Response:
    """POST /flavors/{flavor_id}/action: addTenantAccess, removeTenantAccess"""
    [(name, asked)] = req.json().items()
    rule = "add_tenant_access" if name == "addTenantAccess" else "remove_tenant_access"
    api.policy.authorize(req.caller, f"os_compute_api:os-flavor-access:{rule}")
    with api.database.write() as conn:
        flavor = flavors.get(conn, viewer(api, req), req.path["flavor_id"])
        if name == "addTenantAccess":
            if flavor.is_public and req.at_least(7):
                raise Conflict("Can not add access to a public flavor.")
            flavors.add_access(conn, flavor, asked["tenant"])
        else:
            flavors.remove_access(conn, flavor, asked["tenant"])
        return _list(flavor, flavors.projects_of(conn, flavor))


def _list(flavor: Flavor, projects: list[str]) -> Response:
    return JsonResponse(
        {"flavor_access": [{"flavor_id": flavor.flavorid, "tenant_id": project} for project in projects]}
    )
