"""The network that is there from the first start: shared, NAT, large enough for some thousand servers."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.network import networks
from micronova.model.errors import OurFault
from micronova.model.ids import NetworkId
from micronova.network import ranges
from micronova.network.networks import create_network
from micronova.network.subnets import create_subnet

DEFAULT_CIDR = "10.122.0.0/20"
_CANDIDATES = (
    DEFAULT_CIDR,
    *(f"10.{second}.0.0/20" for second in range(123, 255)),
    *(f"172.{second}.0.0/20" for second in range(20, 32)),
    "192.168.144.0/20",
)


def choose_cidr(in_use: Sequence[str]) -> str:
    """The first of our candidates that overlaps none of ``in_use`` (CIDRs of the host's routes, no default route)."""
    for candidate in _CANDIDATES:
        if ranges.overlapping(ipaddress.ip_network(candidate), in_use) is None:
            return candidate
    raise OurFault("No private range is free for the built-in network: the host has routes to all of them.")


def bootstrap(
    conn: Connection,
    *,
    project_id: str,
    cidr: str = DEFAULT_CIDR,
    name: str = "private",
    dns_nameservers: Sequence[str] = (),
) -> NetworkId:
    """Have the shared network ``name`` of ``project_id`` (the admin project) with one subnet; twice is once.

    ``cidr`` is used only when the network is made: a later start with other host routes keeps what servers have.
    """
    there = conn.execute(
        sa.select(networks.c.id).where(networks.c.name == name, networks.c.project_id == project_id, networks.c.shared)
    ).first()
    if there is not None:
        return NetworkId(there.id)
    network = create_network(
        conn, project_id=project_id, name=name, shared=True, description="Built-in NAT network of this host"
    )
    create_subnet(
        conn,
        network_id=network.id,
        project_id=project_id,
        name=f"{name}-subnet",
        cidr=cidr,
        dns_nameservers=dns_nameservers,
    )
    return network.id
