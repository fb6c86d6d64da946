"""The network side of a server: ports made, bound and removed by operations, interfaces and addresses shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.insert import insert_ignore
from micronova.db.tables.network import fixed_ips, networks, ports, subnets
from micronova.host.interface import Nic
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, NotFound, OurFault
from micronova.model.ids import HostName, NetworkId, PortId, ServerId
from micronova.network import addresses
from micronova.network.mac import random_mac
from micronova.network.networks import spec_of
from micronova.network.plan import plan_nics
from micronova.network.security_groups import default_group_id
from micronova.network.values import Address, NicRequest, PlannedNic, Subnet

__all__ = [
    "Address",
    "NicRequest",
    "PlannedNic",
    "addresses_of",
    "ensure_ports",
    "nics_of",
    "plan_nics",
    "remove_ports",
    "servers_with_address",
]

_MAC_DRAWS = 8

# Built once: making a statement costs more than running it.
_there = sa.select(ports.c.id).where(ports.c.id.in_(sa.bindparam("ports", expanding=True)))
# A lock that keeps the network from being deleted until the port is there.
_hold_network = (
    sa.select(networks.c.port_security_enabled)
    .where(networks.c.id == sa.bindparam("network"))
    .with_for_update(read=True, key_share=True)
)
_subnets = (
    sa.select(subnets)
    .where(subnets.c.network_id.in_(sa.bindparam("networks", expanding=True)))
    .order_by(subnets.c.created_at, subnets.c.id)
)
_server: sa.BindParameter[str] = sa.bindparam("b_server")
_nics = (
    sa.select(
        ports.c.id,
        ports.c.mac_address,
        ports.c.dns_name,
        ports.c.port_security_enabled,
        ports.c.network_id,
        networks.c.name,
        networks.c.mtu,
        networks.c.dns_domain,
        fixed_ips.c.ip_address,
    )
    .join(networks, networks.c.id == ports.c.network_id)
    .outerjoin(fixed_ips, fixed_ips.c.port_id == ports.c.id)
    .where(ports.c.server_id == _server)
    .order_by(ports.c.server_index, ports.c.created_at, ports.c.id, fixed_ips.c.ip_address)
)
# The addresses of a port go with it (foreign key).
_delete_made = sa.delete(ports).where(ports.c.server_id == _server, ports.c.made_for_server)
_let_go = (
    sa.update(ports)
    .where(ports.c.server_id == _server)
    .values(
        server_id=None,
        device_id="",
        device_owner="",
        server_index=0,
        host="",
        status="DOWN",
        dns_name="",
        revision_number=ports.c.revision_number + 1,
        updated_at=sa.bindparam("b_now"),
    )
)
_addresses = (
    sa.select(ports.c.server_id, networks.c.name, fixed_ips.c.ip_address, ports.c.mac_address, ports.c.id)
    .join(networks, networks.c.id == ports.c.network_id)
    .join(fixed_ips, fixed_ips.c.port_id == ports.c.id)
    .where(ports.c.server_id.in_(sa.bindparam("servers", expanding=True)))
    .order_by(ports.c.server_id, ports.c.server_index, fixed_ips.c.ip_address)
)


def ensure_ports(
    conn: Connection,
    *,
    server_id: ServerId,
    project_id: str,
    hostname: str,
    planned: Sequence[PlannedNic],
    host: HostName | None,
    zone: str = "nova",
) -> None:
    """Make or bind the planned ports; done twice is done once.

    ``hostname`` is the guest's name (DHCP); ``host`` binds the ports to a host, None leaves them unbound.
    Raises Conflict when a port or address was taken meanwhile, NotFound when a network or port is gone.
    """
    if not planned:
        return
    planned_ids = [nic.port_id for nic in planned]
    there = set(conn.execute(_there, {"ports": planned_ids}).scalars())
    bound = {
        "server_id": server_id,
        "device_id": server_id,
        "device_owner": f"compute:{zone}",
        "host": host or "",
        "status": "DOWN" if host is None else "ACTIVE",
        "dns_name": hostname,
    }
    for index, nic in enumerate(planned):
        if nic.port_id in there:
            _bind(conn, nic, {**bound, "server_index": index, "updated_at": utcnow()})
        elif nic.existing:
            raise NotFound(f"Port {nic.port_id} could not be found.", code="PortNotFound")
        else:
            _make(conn, nic, {**bound, "server_index": index, "project_id": project_id})


def remove_ports(conn: Connection, *, server_id: ServerId) -> None:
    """Delete the ports that were made for this server, let go of those that existed before."""
    conn.execute(_delete_made, {"b_server": server_id})
    conn.execute(_let_go, {"b_server": server_id, "b_now": utcnow()})


def nics_of(conn: Connection, server_id: ServerId) -> Sequence[Nic]:
    """The server's interfaces in their order, as a host needs them."""
    found = conn.execute(_nics, {"b_server": server_id}).all()
    if not found:
        return []
    # A row for each address, or one without any.
    held: dict[str, list[str]] = {}
    for row in found:
        held.setdefault(row.id, []).extend([] if row.ip_address is None else [row.ip_address])
    rows = {row.id: row for row in found}.values()
    of_network = subnets_of(conn, {row.network_id for row in rows})
    return [
        Nic(
            port_id=PortId(row.id),
            mac_address=row.mac_address,
            network=spec_of(
                NetworkId(row.network_id), row.name, row.mtu, row.dns_domain, of_network.get(row.network_id, ())
            ),
            fixed_ips=tuple(held[row.id]),
            hostname=row.dns_name,
            security=row.port_security_enabled,
        )
        for row in rows
    ]


def addresses_of(conn: Connection, server_ids: Sequence[str]) -> Mapping[str, Sequence[Address]]:
    """The addresses of many servers in one query, by server id; servers without any have no entry."""
    found: dict[str, list[Address]] = {}
    if not server_ids:
        return found
    for server_id, label, ip, mac, port_id in conn.execute(_addresses, {"servers": list(server_ids)}):
        address = Address(label, ip, 6 if ":" in ip else 4, mac, port_id)
        found.setdefault(server_id, []).append(address)
    return found


def servers_with_address(conn: Connection, part: str, *, version: int) -> frozenset[str]:
    """Ids of servers that hold an address containing ``part``: the filters ``ip`` and ``ip6`` in one query (T-API6)."""
    colon = fixed_ips.c.ip_address.contains(":")
    rows = conn.execute(
        sa.select(ports.c.server_id)
        .join(fixed_ips, fixed_ips.c.port_id == ports.c.id)
        .where(
            fixed_ips.c.ip_address.contains(part.lower(), autoescape=True),
            colon if version == 6 else sa.not_(colon),
            ports.c.server_id.is_not(None),
        )
    )
    return frozenset(rows.scalars())


def subnets_of(conn: Connection, network_ids: Sequence[str] | set[str]) -> Mapping[str, Sequence[Subnet]]:
    """The subnets of networks, in one query."""
    found: dict[str, list[Subnet]] = {}
    for row in conn.execute(_subnets, {"networks": list(network_ids)}):
        found.setdefault(row.network_id, []).append(Subnet.of(row))
    return found


def _bind(conn: Connection, nic: PlannedNic, values: Mapping[str, object]) -> None:
    # The condition decides between two servers that want the same port.
    free = sa.or_(
        ports.c.server_id == values["server_id"], sa.and_(ports.c.server_id.is_(None), ports.c.device_id == "")
    )
    bound = conn.execute(
        sa.update(ports)
        .where(ports.c.id == nic.port_id, free)
        .values(**values, revision_number=ports.c.revision_number + 1)
    )
    if bound.rowcount == 0:
        raise Conflict(f"Port {nic.port_id} is still in use.", code="PortInUse")


def _make(conn: Connection, nic: PlannedNic, values: Mapping[str, object]) -> None:
    network = conn.execute(_hold_network, {"network": nic.network_id}).one_or_none()
    if network is None:
        raise NotFound(f"Network {nic.network_id} could not be found.", code="NetworkNotFound")
    row = {
        **values,
        "id": nic.port_id,
        "network_id": nic.network_id,
        "admin_state_up": True,
        "made_for_server": True,
        "port_security_enabled": network.port_security_enabled,
        "security_groups": [default_group_id(str(values["project_id"]))],
        "revision_number": 1,
        "created_at": utcnow(),
    }
    insert_port(conn, row)
    of_network = subnets_of(conn, [nic.network_id]).get(nic.network_id, ())
    if nic.fixed_ip is None:
        addresses.take_any(conn, of_network, nic.port_id)
    else:
        addresses.take_fixed(conn, of_network, nic.port_id, nic.fixed_ip)


def insert_port(conn: Connection, row: Mapping[str, object]) -> str:
    """Insert a port row, with a random MAC address of its network unless it names one; returns the MAC address.

    Raises Conflict when the named MAC address is taken.
    """
    wanted = row.get("mac_address")
    for _ in range(_MAC_DRAWS):
        mac = str(wanted) if wanted is not None else random_mac()
        if insert_ignore(conn, ports, [{**row, "mac_address": mac}]) == 1:
            return mac
        if wanted is not None:
            raise Conflict(
                f"Unable to complete operation for network {row['network_id']}. The mac address {mac} is in use.",
                code="MacAddressInUse",
            )
    raise OurFault(f"No free MAC address on network {row['network_id']} after {_MAC_DRAWS} draws.")
