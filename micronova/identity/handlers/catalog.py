"""/v3/regions, /v3/services and /v3/endpoints."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.identity import endpoints, regions, services
from micronova.identity.api import Identity
from micronova.identity.regions import Region
from micronova.identity.views import resources
from micronova.identity.views.links import listed
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


def list_regions(api: Identity, req: Request) -> Response:
    """List regions."""
    _allow(api, req, "list_regions")
    with api.database.read() as conn:
        found = regions.search(conn, req.query)
    return JsonResponse(listed(req, "regions", [resources.region(req.base_url, one) for one in found]))


def show_region(api: Identity, req: Request) -> Response:
    """Show a region."""
    _allow(api, req, "get_region")
    with api.database.read() as conn:
        region = regions.get(conn, req.path["region_id"])
    return JsonResponse({"region": resources.region(req.base_url, region)})


def create_region(api: Identity, req: Request) -> Response:
    """Make a region, by POST with or without an id or by PUT under one."""
    _allow(api, req, "create_region")
    body = req.json()["region"]
    asked = req.path.get("region_id")
    if asked is not None and body.get("id", asked) != asked:
        raise Invalid("The region id in the body must be the one in the path.")
    if asked is not None:
        body = {**body, "id": asked}
    region = api.change(lambda conn: regions.create(conn, body))
    return JsonResponse({"region": resources.region(req.base_url, region)}, 201)


def update_region(api: Identity, req: Request) -> Response:
    """Change a region."""
    _allow(api, req, "update_region")
    body = req.json()["region"]

    def work(conn: Connection) -> Region:
        return regions.update(conn, regions.get(conn, req.path["region_id"]), body)

    return JsonResponse({"region": resources.region(req.base_url, api.change(work))})


def delete_region(api: Identity, req: Request) -> Response:
    """Delete a region."""
    _allow(api, req, "delete_region")
    api.change(lambda conn: regions.delete(conn, regions.get(conn, req.path["region_id"])))
    return no_content()


def list_services(api: Identity, req: Request) -> Response:
    """List services."""
    _allow(api, req, "list_services")
    with api.database.read() as conn:
        found = services.search(conn, req.query)
    return JsonResponse(listed(req, "services", [resources.service(req.base_url, one) for one in found]))


def show_service(api: Identity, req: Request) -> Response:
    """Show a service."""
    _allow(api, req, "get_service")
    with api.database.read() as conn:
        service = services.get(conn, req.path["service_id"])
    return JsonResponse({"service": resources.service(req.base_url, service)})


def create_service(api: Identity, req: Request) -> Response:
    """Make a service."""
    _allow(api, req, "create_service")
    body = req.json()["service"]
    service = api.change(lambda conn: services.create(conn, body))
    return JsonResponse({"service": resources.service(req.base_url, service)}, 201)


def update_service(api: Identity, req: Request) -> Response:
    """Change a service."""
    _allow(api, req, "update_service")
    body = req.json()["service"]
    service = api.change(lambda conn: services.update(conn, services.get(conn, req.path["service_id"]), body))
    return JsonResponse({"service": resources.service(req.base_url, service)})


def delete_service(api: Identity, req: Request) -> Response:
    """Delete a service with its endpoints."""
    _allow(api, req, "delete_service")
    api.change(lambda conn: services.delete(conn, services.get(conn, req.path["service_id"])))
    return no_content()


def list_endpoints(api: Identity, req: Request) -> Response:
    """List endpoints."""
    _allow(api, req, "list_endpoints")
    with api.database.read() as conn:
        found = endpoints.search(conn, req.query)
    return JsonResponse(listed(req, "endpoints", [resources.endpoint(req.base_url, one) for one in found]))


def show_endpoint(api: Identity, req: Request) -> Response:
    """Show an endpoint."""
    _allow(api, req, "get_endpoint")
    with api.database.read() as conn:
        endpoint = endpoints.get(conn, req.path["endpoint_id"])
    return JsonResponse({"endpoint": resources.endpoint(req.base_url, endpoint)})


def create_endpoint(api: Identity, req: Request) -> Response:
    """Make an endpoint."""
    _allow(api, req, "create_endpoint")
    body = req.json()["endpoint"]
    endpoint = api.change(lambda conn: endpoints.create(conn, body))
    return JsonResponse({"endpoint": resources.endpoint(req.base_url, endpoint)}, 201)


def update_endpoint(api: Identity, req: Request) -> Response:
    """Change an endpoint."""
    _allow(api, req, "update_endpoint")
    body = req.json()["endpoint"]
    endpoint = api.change(lambda conn: endpoints.update(conn, endpoints.get(conn, req.path["endpoint_id"]), body))
    return JsonResponse({"endpoint": resources.endpoint(req.base_url, endpoint)})


def delete_endpoint(api: Identity, req: Request) -> Response:
    """Delete an endpoint."""
    _allow(api, req, "delete_endpoint")
    api.change(lambda conn: endpoints.delete(conn, endpoints.get(conn, req.path["endpoint_id"])))
    return no_content()


def _allow(api: Identity, req: Request, rule: str) -> None:
    api.policy.authorize(req.caller, f"identity:{rule}", {})
