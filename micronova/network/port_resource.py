"""Ports as a resource of their own: made, found, changed and removed by users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.network import fixed_ips, networks, ports
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Invalid, NotFound
from micronova.model.ids import NetworkId, PortId, new_uuid
from micronova.network import addresses
from micronova.network.mac import canonical_mac
from micronova.network.ports import insert_port, subnets_of
from micronova.network.security_groups import default_group_id
from micronova.network.values import FixedIp, Port, Subnet, Viewer

# What cannot change under a running guest.
_BOUND = frozenset({"device_id", "device_owner", "host", "mac_address", "port_security_enabled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedIp:
    """One entry of a port's ``fixed_ips``: an address, a subnet, or an address of that subnet."""

    subnet_id: str | None = None
    ip_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPort:
    """A port to make.  ``wanted_ips`` None: an address of each IP version; empty: none.

    ``port_security_enabled`` None: as the network has it.  ``security_groups`` None: the project's default group.
    """

    network_id: NetworkId
    project_id: str
    name: str = ""
    description: str = ""
    admin_state_up: bool = True
    mac_address: str | None = None
    wanted_ips: Sequence[WantedIp] | None = None
    device_id: str = ""
    device_owner: str = ""
    host: str = ""
    port_security_enabled: bool | None = None
    dns_name: str = ""
    security_groups: Sequence[str] | None = None


def visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """The ports that a viewer may know of: own ones, and those on own networks."""
    if viewer.sees_all:
        return sa.true()
    own_networks = sa.select(networks.c.id).where(networks.c.project_id == viewer.project_id)
    return sa.or_(ports.c.project_id == viewer.project_id, ports.c.network_id.in_(own_networks))


def create_port(conn: Connection, new: NewPort) -> Port:
    """A port that stays until its user deletes it.  The network exists; Raises Invalid, Conflict, NotFound."""
    network = conn.execute(
        sa.select(networks.c.port_security_enabled)
        .where(networks.c.id == new.network_id)
        .with_for_update(read=True, key_share=True)
    ).one_or_none()
    if network is None:
        raise NotFound(f"Network {new.network_id} could not be found.", code="NetworkNotFound")
    secure = network.port_security_enabled if new.port_security_enabled is None else new.port_security_enabled
    row: dict[str, object] = {
        "id": new_uuid(),
        "network_id": new.network_id,
        "project_id": new.project_id,
        "name": new.name,
        "description": new.description,
        "admin_state_up": new.admin_state_up,
        "status": "DOWN",
        "device_id": new.device_id,
        "device_owner": new.device_owner,
        "server_id": None,
        "server_index": 0,
        "made_for_server": False,
        "host": new.host,
        "port_security_enabled": secure,
        "dns_name": new.dns_name,
        "security_groups": _groups(new.project_id, new.security_groups, secure=secure),
        "revision_number": 1,
        "created_at": utcnow(),
        "updated_at": None,
    }
    if new.mac_address is not None:
        row["mac_address"] = canonical_mac(new.mac_address)
    row["mac_address"] = insert_port(conn, row)
    of_network = subnets_of(conn, [new.network_id]).get(new.network_id, ())
    port_id = str(row["id"])
    if new.wanted_ips is None:
        given: Sequence[FixedIp] = addresses.take_any(conn, of_network, port_id)
    else:
        given = [_take(conn, of_network, port_id, wanted) for wanted in new.wanted_ips]
    return Port(**row, fixed_ips=given)  # type: ignore[arg-type]


def get_port(conn: Connection, port_id: str, viewer: Viewer) -> Port:
    """One port.  NotFound for one that the viewer may not know of."""
    row = conn.execute(sa.select(ports).where(ports.c.id == port_id, visible(viewer))).one_or_none()
    if row is None:
        raise NotFound(f"Port {port_id} could not be found.", code="PortNotFound")
    return Port.of(row, addresses.held_by(conn, [port_id]).get(port_id, ()))


def update_port(
    conn: Connection, port: Port, changes: Mapping[str, object], wanted_ips: Sequence[WantedIp] | None = None
) -> None:
    """Change a port's columns and, unless ``wanted_ips`` is None, its addresses; those wanted again are kept.

    Raises Conflict for what a running guest depends on, or an address that is taken; Invalid.
    """
    values = dict(changes)
    if port.server_id is not None and (values.keys() & _BOUND or wanted_ips is not None):
        raise _is_interface(port.id)
    if "mac_address" in values:
        values["mac_address"] = canonical_mac(str(values["mac_address"]))
        if values["mac_address"] != port.mac_address:
            _check_mac_change(conn, port, str(values["mac_address"]))
    secure = bool(values.get("port_security_enabled", port.port_security_enabled))
    if "security_groups" in values:
        groups: Sequence[str] = values["security_groups"]  # type: ignore[assignment]
        values["security_groups"] = _groups(port.project_id, groups, secure=secure)
    conn.execute(
        sa.update(ports)
        .where(ports.c.id == port.id)
        .values(**values, revision_number=ports.c.revision_number + 1, updated_at=utcnow())
    )
    if wanted_ips is not None:
        _change_ips(conn, port, wanted_ips)


def delete_port(conn: Connection, port_id: PortId) -> None:
    """Remove a port and give its addresses back.  Raises Conflict for the interface of a server."""
    conn.execute(sa.delete(fixed_ips).where(fixed_ips.c.port_id == port_id))
    gone = conn.execute(sa.delete(ports).where(ports.c.id == port_id, ports.c.server_id.is_(None)))
    if gone.rowcount == 0:
        raise _is_interface(port_id)


def _is_interface(port_id: str) -> Conflict:
    return Conflict(f"Port {port_id} is an interface of a server; detach it from the server first.", code="PortInUse")


def _take(conn: Connection, of_network: Sequence[Subnet], port_id: str, wanted: WantedIp) -> FixedIp:
    if wanted.subnet_id is None:
        if wanted.ip_address is None:
            raise Invalid("Invalid input for fixed_ips. Reason: each entry needs a subnet_id or an ip_address.")
        return addresses.take_fixed(conn, of_network, port_id, wanted.ip_address)
    subnet = next((one for one in of_network if one.id == wanted.subnet_id), None)
    if subnet is None:
        raise Invalid(f"Subnet {wanted.subnet_id} is not of the port's network.", code="InvalidInput")
    given = addresses.take(conn, subnet, port_id, wanted.ip_address)
    if given is None:
        raise Conflict(f"No more IP addresses available on subnet {subnet.id}.", code="IpAddressGenerationFailure")
    return given


def _change_ips(conn: Connection, port: Port, wanted_ips: Sequence[WantedIp]) -> None:
    left = list(port.fixed_ips)
    new: list[WantedIp] = []
    for wanted in wanted_ips:
        kept = next((held for held in left if _is(held, wanted)), None)
        if kept is None:
            new.append(wanted)
        else:
            left.remove(kept)
    for gone in left:
        conn.execute(
            sa.delete(fixed_ips).where(
                fixed_ips.c.subnet_id == gone.subnet_id, fixed_ips.c.ip_address == gone.ip_address
            )
        )
    of_network = subnets_of(conn, [port.network_id]).get(port.network_id, ())
    for wanted in new:
        _take(conn, of_network, port.id, wanted)


def _is(held: FixedIp, wanted: WantedIp) -> bool:
    return wanted.subnet_id in (None, held.subnet_id) and wanted.ip_address in (None, held.ip_address)


def _check_mac_change(conn: Connection, port: Port, mac: str) -> None:
    if port.device_id:  # as Neutron: first take it off its device
        raise Conflict(f"Unable to complete operation on port {port.id}, port is bound to a device.", code="PortBound")
    taken = sa.exists().where(ports.c.network_id == port.network_id, ports.c.mac_address == mac)
    if conn.execute(sa.select(taken)).scalar_one():
        raise Conflict(
            f"Unable to complete operation for network {port.network_id}. The mac address {mac} is in use.",
            code="MacAddressInUse",
        )


def _groups(project_id: str, wanted: Sequence[str] | None, *, secure: bool) -> list[str]:
    default = default_group_id(project_id)
    if wanted is None:
        return [default] if secure else []
    unknown = [group for group in wanted if group != default]
    if unknown:
        raise NotFound(f"Security group {unknown[0][:64]} does not exist", code="SecurityGroupNotFound")
    if wanted and not secure:
        raise Conflict(
            "Port has security group associated. Cannot disable port security or IP address until security group is "
            "removed",
            code="PortSecurityPortHasSecurityGroup",
        )
    return list(dict.fromkeys(wanted))
