"""Giving addresses to ports: the primary key (subnet, address) decides, so two ports never get the same one.

An address is drawn at random from the subnet's pools: concurrent writers rarely meet, and what a draw costs does not
grow with the number of ports.  Only in a nearly full subnet are the taken addresses read.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.insert import insert_ignore
from micronova.db.tables.network import fixed_ips
from micronova.model.errors import Conflict, Invalid
from micronova.network import ranges
from micronova.network.values import FixedIp, Subnet

_DRAWS = 6
# Of a nearly empty IPv6 subnet nobody lists all the free addresses.
_MAX_LISTED = 1 << 16

_dice = random.SystemRandom()

# Built once: making a statement costs more than running it.
_held = (
    sa.select(fixed_ips.c.port_id, fixed_ips.c.subnet_id, fixed_ips.c.ip_address)
    .where(fixed_ips.c.port_id.in_(sa.bindparam("ports", expanding=True)))
    .order_by(fixed_ips.c.ip_address)
)


def take(conn: Connection, subnet: Subnet, port_id: str, wanted: str | None = None) -> FixedIp | None:
    """Give the port ``wanted``, or any free address of the subnet's pools; None when the subnet is full.

    Raises Invalid when ``wanted`` is not of this subnet, Conflict when it is taken.
    """
    if wanted is not None:
        ip = check_in_subnet(subnet, wanted)
        if not _insert(conn, subnet, port_id, ip):
            raise Conflict(
                f"IP address {ip} already allocated in subnet {subnet.id}.", code="IpAddressAlreadyAllocated"
            )
        return FixedIp(subnet.id, ip)
    spans = [(int(ranges.address(p["start"])), int(ranges.address(p["end"]))) for p in subnet.allocation_pools]
    sizes = [high - low + 1 for low, high in spans]
    if not spans:
        return None
    kind = ipaddress.IPv4Address if subnet.ip_version == 4 else ipaddress.IPv6Address
    for _ in range(_DRAWS):
        low, high = _dice.choices(spans, weights=sizes)[0]
        ip = str(kind(_dice.randint(low, high)))
        if _insert(conn, subnet, port_id, ip):
            return FixedIp(subnet.id, ip)
    taken = set(conn.execute(sa.select(fixed_ips.c.ip_address).where(fixed_ips.c.subnet_id == subnet.id)).scalars())
    free = [
        ip
        for low, high in spans
        for number in range(low, min(high, low + _MAX_LISTED) + 1)
        if (ip := str(kind(number))) not in taken
    ]
    _dice.shuffle(free)
    for ip in free:
        if _insert(conn, subnet, port_id, ip):
            return FixedIp(subnet.id, ip)
    return None


def take_any(conn: Connection, subnets: Sequence[Subnet], port_id: str) -> Sequence[FixedIp]:
    """Give the port one address of each IP version that the network's subnets have.

    Raises Conflict when all subnets of a version are full.
    """
    given = []
    for version in (4, 6):
        candidates = [subnet for subnet in subnets if subnet.ip_version == version]
        if not candidates:
            continue
        for subnet in candidates:
            got = take(conn, subnet, port_id)
            if got is not None:
                given.append(got)
                break
        else:
            raise Conflict(
                f"No more IP addresses available on network {candidates[0].network_id}.",
                code="IpAddressGenerationFailure",
            )
    return given


def take_fixed(conn: Connection, subnets: Sequence[Subnet], port_id: str, wanted: str) -> FixedIp:
    """Give the port this address of whichever of the network's subnets it belongs to.  Raises Invalid, Conflict."""
    subnet = subnet_of(subnets, wanted)
    if subnet is None:
        raise Invalid(f"IP address {wanted} is not a valid IP for any of the subnets on the specified network.")
    given = take(conn, subnet, port_id, wanted)
    assert given is not None, "a wanted address is given or refused"
    return given


def subnet_of(subnets: Sequence[Subnet], wanted: str) -> Subnet | None:
    """The subnet that an address belongs to.  Raises Invalid for what is no address."""
    ip = ranges.address(wanted)
    for subnet in subnets:
        if subnet.ip_version == ip.version and ip in ipaddress.ip_network(subnet.cidr):
            return subnet
    return None


def check_in_subnet(subnet: Subnet, wanted: str) -> str:
    """The canonical form of an address that a port of this subnet may have.  Raises Invalid."""
    ip = ranges.address(wanted)
    first, last = ranges.usable(ipaddress.ip_network(subnet.cidr))
    if ip.version != subnet.ip_version or not int(first) <= int(ip) <= int(last):
        raise Invalid(f"IP address {ip} is not a valid IP for the specified subnet.", code="InvalidIpForSubnet")
    if str(ip) == subnet.gateway_ip:
        raise Conflict(f"IP address {ip} is the gateway of subnet {subnet.id}.", code="IpAddressAlreadyAllocated")
    return str(ip)


def held_by(conn: Connection, port_ids: Sequence[str]) -> Mapping[str, Sequence[FixedIp]]:
    """The addresses of ports, in one query; ports without any have no entry."""
    found: dict[str, list[FixedIp]] = {}
    for port_id, subnet_id, ip in conn.execute(_held, {"ports": port_ids}):
        found.setdefault(port_id, []).append(FixedIp(subnet_id, ip))
    return found


def _insert(conn: Connection, subnet: Subnet, port_id: str, ip: str) -> bool:
    return insert_ignore(conn, fixed_ips, [{"subnet_id": subnet.id, "ip_address": ip, "port_id": port_id}]) == 1
