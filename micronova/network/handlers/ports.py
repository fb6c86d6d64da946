"""/v2.0/ports"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from micronova.db.tables.network import fixed_ips
from micronova.db.tables.network import ports as table
from micronova.model.errors import Invalid
from micronova.network import addresses, listing, networks, port_resource
from micronova.network.api import Networking
from micronova.network.handlers.lists import only_fields, page, query_of, viewer_of
from micronova.network.handlers.ownership import owner_of
from micronova.network.port_resource import NewPort, WantedIp
from micronova.network.values import Network, Port, Viewer
from micronova.network.views import ports as views
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_COLUMNS = (
    *("id", "name", "description", "project_id", "network_id", "mac_address", "admin_state_up", "status"),
    *("device_id", "device_owner", "port_security_enabled", "dns_name", "revision_number"),
)


def _by_fixed_ips(values: Sequence[str]) -> sa.ColumnElement[Any]:
    """``fixed_ips=ip_address=10.0.0.5``, ``fixed_ips=subnet_id=...``, ``fixed_ips=ip_address_substr=10.0``."""
    conditions: list[sa.ColumnElement[Any]] = []
    for value in values:
        name, _, text = value.partition("=")
        if name == "ip_address":
            conditions.append(fixed_ips.c.ip_address == text.lower())
        elif name == "ip_address_substr":
            conditions.append(fixed_ips.c.ip_address.contains(text.lower(), autoescape=True))
        elif name == "subnet_id":
            conditions.append(fixed_ips.c.subnet_id == text)
        else:
            raise Invalid(f"'{name[:64]}' is invalid attribute for filtering by fixed_ips", code="HTTPBadRequest")
    return sa.exists().where(fixed_ips.c.port_id == table.c.id, *conditions)


LISTABLE = listing.Listable(
    table=table,
    columns={**{name: table.c[name] for name in _COLUMNS}, "tenant_id": table.c.project_id},
    constants={**views.CONSTANTS, "tags": "", "tags-any": ""},
    specials={
        "fixed_ips": _by_fixed_ips,
        "mac_address": lambda values: table.c.mac_address.in_([value.lower() for value in values]),
    },
)
_FOR_ADMINS = listing.Listable(
    table=table,
    columns={**LISTABLE.columns, "binding:host_id": table.c.host},
    constants=LISTABLE.constants,
    specials=LISTABLE.specials,
)
# Field of the body -> column.
_STORED = {
    **{name: name for name in ("name", "description", "admin_state_up", "mac_address", "device_id", "device_owner")},
    **{name: name for name in ("security_groups", "port_security_enabled", "dns_name")},
    "binding:host_id": "host",
}
_GUARDED = ("fixed_ips", "mac_address", "port_security_enabled", "binding:host_id")


def index(api: Networking, req: Request) -> Response:
    """List own ports, and those on own networks."""
    query = query_of(api, req)
    viewer = viewer_of(api, req, "get_port")
    shown = _shows_binding(api, req)
    with api.database.read() as conn:
        what = _FOR_ADMINS if shown else LISTABLE
        rows = listing.rows_of(conn, what, port_resource.visible(viewer), query)
        held = addresses.held_by(conn, [row.id for row in rows])
    documents = [views.port(Port.of(row, held.get(row.id, ())), show_binding=shown) for row in rows]
    return page(req, "ports", documents, query)


def create(api: Networking, req: Request) -> Response:
    """Make a port on a network."""
    body = req.json()["port"]
    project_id = owner_of(req, body)
    with api.database.read() as conn:
        network = networks.get_network(conn, body["network_id"], viewer_of(api, req, "get_network"))
    target = {"project_id": project_id, "network:project_id": network.project_id}
    api.policy.authorize(req.caller, "create_port", target)
    for attribute in _GUARDED:
        if attribute in body:
            api.policy.authorize(req.caller, f"create_port:{attribute}", target)
    _check_owner_kind(api, req, body, target)
    values = _stored(body)
    new = NewPort(network_id=network.id, project_id=project_id, wanted_ips=_wanted(body), **values)
    port = api.database.transact(lambda conn: port_resource.create_port(conn, new))
    return JsonResponse({"port": views.port(port, show_binding=_shows_binding(api, req))}, 201)


def show(api: Networking, req: Request) -> Response:
    """Show a port."""
    port, network = _find(api, req)
    api.policy.authorize(req.caller, "get_port", _target(port, network))
    return JsonResponse({"port": only_fields(req, views.port(port, show_binding=_shows_binding(api, req)))})


def update(api: Networking, req: Request) -> Response:
    """Change a port."""
    port, network = _find(api, req)
    body = req.json()["port"]
    target = _target(port, network)
    api.policy.authorize(req.caller, "update_port", target)
    for attribute in _GUARDED:
        if attribute in body:
            api.policy.authorize(req.caller, f"update_port:{attribute}", target)
    _check_owner_kind(api, req, body, target)
    changes = _stored(body)
    api.database.transact(lambda conn: port_resource.update_port(conn, port, changes, _wanted(body)))
    return JsonResponse({"port": views.port(_find(api, req)[0], show_binding=_shows_binding(api, req))})


def delete(api: Networking, req: Request) -> Response:
    """Delete a port that is no server's interface."""
    port, network = _find(api, req)
    api.policy.authorize(req.caller, "delete_port", _target(port, network))
    api.database.transact(lambda conn: port_resource.delete_port(conn, port.id))
    return no_content()


def _find(api: Networking, req: Request) -> tuple[Port, Network]:
    viewer = viewer_of(api, req, "get_port")
    with api.database.read() as conn:
        port = port_resource.get_port(conn, req.path["port_id"], viewer)
        # Its own port shows a project the network's owner, for the policy, though not the network itself.
        return port, networks.get_network(conn, port.network_id, Viewer(project_id="", sees_all=True))


def _target(port: Port, network: Network) -> dict[str, object]:
    return {"project_id": port.project_id, "network:project_id": network.project_id}


def _shows_binding(api: Networking, req: Request) -> bool:
    return api.policy.allows(req.caller, "get_port:binding:host_id")


def _stored(body: dict[str, Any]) -> dict[str, Any]:
    values = {column: body[field] for field, column in _STORED.items() if field in body}
    if "host" in values:
        values["host"] = values["host"] or ""
    if values.get("security_groups", ()) is None:
        values["security_groups"] = []
    return values


def _wanted(body: dict[str, Any]) -> Sequence[WantedIp] | None:
    if "fixed_ips" not in body:
        return None
    return [
        WantedIp(subnet_id=entry.get("subnet_id"), ip_address=entry.get("ip_address")) for entry in body["fixed_ips"]
    ]


def _check_owner_kind(api: Networking, req: Request, body: dict[str, Any], target: dict[str, Any]) -> None:
    """Ports of DHCP and routers are the network's business (OSSA-2014-008: device_owner let tenants plug routers)."""
    if str(body.get("device_owner", "")).lower().startswith("network:"):
        api.policy.authorize(req.caller, "create_port:mac_address", target)
