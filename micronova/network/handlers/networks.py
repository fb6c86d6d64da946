"""/v2.0/networks"""

from __future__ import annotations

from typing import Any

from micronova.db.tables.network import networks as table
from micronova.model.errors import Invalid
from micronova.network import listing, networks
from micronova.network.api import Networking
from micronova.network.handlers.lists import only_fields, page, query_of, viewer_of
from micronova.network.handlers.ownership import owner_of
from micronova.network.schemas.networks import MAX_MTU, MIN_MTU
from micronova.network.values import Network
from micronova.network.views import networks as views
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_COLUMNS = (
    *("id", "name", "description", "project_id", "admin_state_up", "shared", "mtu", "port_security_enabled"),
    *("dns_domain", "revision_number"),
)
LISTABLE = listing.Listable(
    table=table,
    columns={**{name: table.c[name] for name in _COLUMNS}, "tenant_id": table.c.project_id},
    constants={
        **views.CONSTANTS,
        "availability_zones": "nova",
        "tags": "",
        "tags-any": "",
        "provider:network_type": "",
    },
    specials={},
)
_STORED = ("name", "description", "admin_state_up", "shared", "mtu", "port_security_enabled", "dns_domain")
_GUARDED = ("shared", "port_security_enabled")


def index(api: Networking, req: Request) -> Response:
    """List networks: own ones and shared ones."""
    query = query_of(api, req)
    with api.database.read() as conn:
        rows = listing.rows_of(conn, LISTABLE, networks.visible(viewer_of(api, req, "get_network")), query)
        subnet_ids = networks.subnet_ids_of(conn, [row.id for row in rows])
    documents = [views.network(Network.of(row), subnet_ids.get(row.id, ())) for row in rows]
    return page(req, "networks", documents, query)


def create(api: Networking, req: Request) -> Response:
    """Make a network."""
    body = req.json()["network"]
    project_id = owner_of(req, body)
    target = {"project_id": project_id}
    api.policy.authorize(req.caller, "create_network", target)
    for attribute in _GUARDED:
        if body.get(attribute):
            api.policy.authorize(req.caller, f"create_network:{attribute}", target)
    values = _stored(body)
    network = api.database.transact(lambda conn: networks.create_network(conn, project_id=project_id, **values))
    return JsonResponse({"network": views.network(network, ())}, 201)


def show(api: Networking, req: Request) -> Response:
    """Show a network."""
    network = _find(api, req)
    api.policy.authorize(req.caller, "get_network", _target(network))
    return JsonResponse({"network": only_fields(req, _document(api, network))})


def update(api: Networking, req: Request) -> Response:
    """Change a network."""
    network = _find(api, req)
    body = req.json()["network"]
    api.policy.authorize(req.caller, "update_network", _target(network))
    for attribute in _GUARDED:
        if attribute in body and body[attribute] != getattr(network, attribute):
            api.policy.authorize(req.caller, f"update_network:{attribute}", _target(network))
    changes = _stored(body)
    api.database.transact(lambda conn: networks.update_network(conn, network.id, changes))
    return JsonResponse({"network": _document(api, _find(api, req))})


def delete(api: Networking, req: Request) -> Response:
    """Delete a network without ports."""
    network = _find(api, req)
    api.policy.authorize(req.caller, "delete_network", _target(network))
    api.database.transact(lambda conn: networks.delete_network(conn, network.id))
    api.network_deleted(network.id)
    return no_content()


def _stored(body: dict[str, Any]) -> dict[str, Any]:
    values = {name: body[name] for name in _STORED if name in body}
    if isinstance(values.get("mtu"), str):
        values["mtu"] = int(values["mtu"])
        if not MIN_MTU <= values["mtu"] <= MAX_MTU:
            raise Invalid(f"Invalid input for mtu. Reason: it must be from {MIN_MTU} to {MAX_MTU}.")
    return values


def _find(api: Networking, req: Request) -> Network:
    viewer = viewer_of(api, req, "get_network")
    with api.database.read() as conn:
        return networks.get_network(conn, req.path["network_id"], viewer)


def _document(api: Networking, network: Network) -> dict[str, object]:
    with api.database.read() as conn:
        return views.network(network, networks.subnet_ids_of(conn, [network.id]).get(network.id, ()))


def _target(network: Network) -> dict[str, object]:
    return {"project_id": network.project_id, "shared": network.shared}
