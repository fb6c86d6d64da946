"""/v2.0/subnets"""

from __future__ import annotations

from micronova.db.tables.network import subnets as table
from micronova.model.errors import Invalid
from micronova.network import listing, networks, subnets
from micronova.network.api import Networking
from micronova.network.handlers.lists import only_fields, page, query_of, viewer_of
from micronova.network.handlers.ownership import owner_of
from micronova.network.values import Network, Subnet
from micronova.network.views import subnets as views
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_COLUMNS = (
    *("id", "name", "description", "project_id", "network_id", "ip_version", "cidr", "gateway_ip", "enable_dhcp"),
    "revision_number",
)
LISTABLE = listing.Listable(
    table=table,
    columns={**{name: table.c[name] for name in _COLUMNS}, "tenant_id": table.c.project_id},
    constants={**views.CONSTANTS, "tags": "", "tags-any": ""},
    specials={},
)
_STORED = (
    *("name", "description", "gateway_ip", "enable_dhcp", "allocation_pools", "dns_nameservers", "host_routes"),
    *("cidr", "ip_version"),
)


def index(api: Networking, req: Request) -> Response:
    """List the subnets of own and shared networks."""
    query = query_of(api, req)
    with api.database.read() as conn:
        rows = listing.rows_of(conn, LISTABLE, subnets.visible(viewer_of(api, req, "get_subnet")), query)
    return page(req, "subnets", [views.subnet(Subnet.of(row)) for row in rows], query)


def create(api: Networking, req: Request) -> Response:
    """Make a subnet of a network."""
    body = req.json()["subnet"]
    with api.database.read() as conn:
        network = networks.get_network(conn, body["network_id"], viewer_of(api, req, "get_network"))
    project_id = network.project_id if not {"project_id", "tenant_id"} & body.keys() else owner_of(req, body)
    api.policy.authorize(
        req.caller, "create_subnet", {"project_id": project_id, "network:project_id": network.project_id}
    )
    if project_id != network.project_id:
        raise Invalid("A subnet belongs to the project of its network.")
    values = {name: body[name] for name in _STORED if name in body}
    subnet = api.database.transact(
        lambda conn: subnets.create_subnet(
            conn, network_id=network.id, project_id=project_id, reserved_cidrs=api.reserved_cidrs, **values
        )
    )
    return JsonResponse({"subnet": views.subnet(subnet)}, 201)


def show(api: Networking, req: Request) -> Response:
    """Show a subnet."""
    subnet, network = _find(api, req)
    api.policy.authorize(req.caller, "get_subnet", _target(subnet, network))
    return JsonResponse({"subnet": only_fields(req, views.subnet(subnet))})


def update(api: Networking, req: Request) -> Response:
    """Change a subnet."""
    subnet, network = _find(api, req)
    api.policy.authorize(req.caller, "update_subnet", _target(subnet, network))
    body = req.json()["subnet"]
    changes = {name: body[name] for name in _STORED if name in body}
    api.database.transact(lambda conn: subnets.update_subnet(conn, subnet, changes))
    return JsonResponse({"subnet": views.subnet(_find(api, req)[0])})


def delete(api: Networking, req: Request) -> Response:
    """Delete a subnet of which no port has an address."""
    subnet, network = _find(api, req)
    api.policy.authorize(req.caller, "delete_subnet", _target(subnet, network))
    api.database.transact(lambda conn: subnets.delete_subnet(conn, subnet.id))
    return no_content()


def _find(api: Networking, req: Request) -> tuple[Subnet, Network]:
    viewer = viewer_of(api, req, "get_subnet")
    with api.database.read() as conn:
        subnet = subnets.get_subnet(conn, req.path["subnet_id"], viewer)
        return subnet, networks.get_network(conn, subnet.network_id, viewer)


def _target(subnet: Subnet, network: Network) -> dict[str, object]:
    return {"project_id": subnet.project_id, "network:project_id": network.project_id, "shared": network.shared}
