"""Which ports are whose, and which networks there are: for the audit."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.network import networks, ports
from micronova.model.ids import NetworkId, PortId, ServerId


def servers_of_ports(conn: Connection) -> Mapping[PortId, ServerId]:
    """All ports that are a server's interface, and that server."""
    rows = conn.execute(sa.select(ports.c.id, ports.c.server_id).where(ports.c.server_id.is_not(None)))
    return {PortId(row.id): ServerId(row.server_id) for row in rows}


def network_ids(conn: Connection) -> frozenset[NetworkId]:
    """All networks that there are."""
    return frozenset(NetworkId(network_id) for network_id in conn.scalars(sa.select(networks.c.id)))
