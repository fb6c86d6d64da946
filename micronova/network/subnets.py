"""Subnets: made with pools and gateway, found, changed, removed."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.network import fixed_ips, networks, subnets
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Invalid, NotFound
from micronova.model.ids import NetworkId, SubnetId, new_uuid
from micronova.network import networks as networks_
from micronova.network import ranges
from micronova.network.values import Subnet, Viewer

_UNSET = ""


def visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """The subnets that a viewer may know of: those of networks that the viewer may know of."""
    if viewer.sees_all:
        return sa.true()
    return subnets.c.network_id.in_(sa.select(networks.c.id).where(networks_.visible(viewer)))


def create_subnet(
    conn: Connection,
    *,
    network_id: NetworkId,
    project_id: str,
    cidr: str,
    ip_version: int | None = None,
    gateway_ip: str | None = _UNSET,
    name: str = "",
    description: str = "",
    enable_dhcp: bool = True,
    allocation_pools: Sequence[Mapping[str, str]] | None = None,
    dns_nameservers: Sequence[str] = (),
    host_routes: Sequence[Mapping[str, str]] = (),
    reserved_cidrs: Sequence[str] = (),
) -> Subnet:
    """A subnet of an existing network.  ``gateway_ip``: left out, the first address; None, no gateway.

    All networks here are NAT networks in one host's routing table, so subnets must be of private ranges and must
    overlap neither each other nor ``reserved_cidrs`` (the host's own routes).  Raises Invalid.
    """
    network = ranges.cidr(cidr)
    if ip_version is not None and ip_version != network.version:
        raise Invalid(f"Invalid input for operation: IP version {ip_version} does not match cidr {network}.")
    if not ranges.is_private(network):
        allowed = ", ".join(str(private) for private in ranges.PRIVATE_RANGES)
        raise Invalid(f"Invalid input for cidr. Reason: {network} is not a private range; allowed: {allowed}.")
    if network.num_addresses < 4:
        raise Invalid(f"Invalid input for cidr. Reason: {network} is too small for a gateway and a port.")
    # One subnet at a time, or two could overlap: PostgreSQL locks until the transaction ends, SQLite has one writer.
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('micronova.subnets'))"))
    taken = conn.execute(sa.select(subnets.c.cidr).where(subnets.c.ip_version == network.version)).scalars().all()
    if ranges.overlapping(network, [*taken, *reserved_cidrs]) is not None:
        raise Invalid(
            f"Invalid input for operation: Requested subnet with cidr: {network} overlaps with another subnet, "
            "or with a network of the host; choose another range."
        )
    gateway = ranges.default_gateway(network) if gateway_ip == _UNSET else _gateway(network, gateway_ip)
    subnet = Subnet(
        id=SubnetId(new_uuid()),
        network_id=network_id,
        project_id=project_id,
        name=name,
        description=description,
        ip_version=network.version,
        cidr=str(network),
        gateway_ip=None if gateway is None else str(gateway),
        enable_dhcp=enable_dhcp,
        allocation_pools=(
            ranges.default_pools(network, gateway)
            if allocation_pools is None
            else ranges.check_pools(network, gateway, allocation_pools)
        ),
        dns_nameservers=_addresses(dns_nameservers),
        host_routes=_routes(host_routes),
        revision_number=0,
        created_at=utcnow(),
        updated_at=None,
    )
    conn.execute(sa.insert(subnets), {field: getattr(subnet, field) for field in Subnet.__slots__})
    return subnet


def get_subnet(conn: Connection, subnet_id: str, viewer: Viewer) -> Subnet:
    """One subnet.  NotFound for one that the viewer may not know of."""
    row = conn.execute(sa.select(subnets).where(subnets.c.id == subnet_id, visible(viewer))).one_or_none()
    if row is None:
        raise NotFound(f"Subnet {subnet_id} could not be found.", code="SubnetNotFound")
    return Subnet.of(row)


def update_subnet(conn: Connection, subnet: Subnet, changes: Mapping[str, object]) -> None:
    """Change a subnet: name, description, enable_dhcp, dns_nameservers, host_routes, gateway_ip, allocation_pools.

    Raises Invalid for values that do not fit the subnet.
    """
    values = dict(changes)
    network = ipaddress.ip_network(subnet.cidr)
    gateway = None if subnet.gateway_ip is None else ranges.address(subnet.gateway_ip)
    if "gateway_ip" in changes:
        wanted = changes["gateway_ip"]
        gateway = _gateway(network, None if wanted is None else str(wanted))
        values["gateway_ip"] = None if gateway is None else str(gateway)
        if gateway is not None and _is_taken(conn, subnet.id, str(gateway)):
            raise Conflict(f"Gateway ip {gateway} is in use by a port.", code="GatewayIpInUse")
    if "allocation_pools" in changes or "gateway_ip" in changes:
        pools = changes.get("allocation_pools", subnet.allocation_pools)
        values["allocation_pools"] = ranges.check_pools(network, gateway, pools)  # type: ignore[arg-type]
    if "dns_nameservers" in changes:
        values["dns_nameservers"] = _addresses(changes["dns_nameservers"])  # type: ignore[arg-type]
    if "host_routes" in changes:
        values["host_routes"] = _routes(changes["host_routes"])  # type: ignore[arg-type]
    conn.execute(
        sa.update(subnets)
        .where(subnets.c.id == subnet.id)
        .values(**values, revision_number=subnets.c.revision_number + 1, updated_at=utcnow())
    )


def delete_subnet(conn: Connection, subnet_id: SubnetId) -> None:
    """Remove a subnet.  Raises Conflict while ports hold addresses of it."""
    conn.execute(sa.select(subnets.c.id).where(subnets.c.id == subnet_id).with_for_update())
    if conn.execute(sa.select(sa.exists().where(fixed_ips.c.subnet_id == subnet_id))).scalar_one():
        raise Conflict(
            f"Unable to complete operation on subnet {subnet_id}: One or more ports have an IP allocation from this "
            "subnet.",
            code="SubnetInUse",
        )
    conn.execute(sa.delete(subnets).where(subnets.c.id == subnet_id))


def _gateway(network: ranges.IpNetwork, text: str | None) -> ranges.IpAddress | None:
    if text is None:
        return None
    gateway = ranges.address(text)
    if gateway not in network:
        raise Invalid(f"Invalid input for operation: Gateway {gateway} is not valid on subnet {network}.")
    return gateway


def _addresses(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(str(ranges.address(text)) for text in texts))


def _routes(routes: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [
        {"destination": str(ranges.cidr(route["destination"])), "nexthop": str(ranges.address(route["nexthop"]))}
        for route in routes
    ]


def _is_taken(conn: Connection, subnet_id: str, ip: str) -> bool:
    taken = sa.exists().where(fixed_ips.c.subnet_id == subnet_id, fixed_ips.c.ip_address == ip)
    return bool(conn.execute(sa.select(taken)).scalar_one())
