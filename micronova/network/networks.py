"""Networks: made, found, changed, removed; and what a host has to know of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.network import networks, ports, subnets
from micronova.host.interface import NetworkSpec
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, NotFound
from micronova.model.ids import NetworkId, new_uuid
from micronova.network.values import Network, Subnet, Viewer

DEFAULT_MTU = 1500


def visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """The networks that a viewer may know of: own and shared ones."""
    return sa.true() if viewer.sees_all else usable_by(viewer.project_id)


def usable_by(project_id: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    """The networks that a project may use: own and shared ones."""
    return sa.or_(networks.c.project_id == project_id, networks.c.shared)


def create_network(
    conn: Connection,
    *,
    project_id: str,
    name: str = "",
    description: str = "",
    admin_state_up: bool = True,
    shared: bool = False,
    mtu: int = DEFAULT_MTU,
    port_security_enabled: bool = True,
    dns_domain: str = "",
) -> Network:
    """A network without subnets."""
    network = Network(
        id=NetworkId(new_uuid()),
        project_id=project_id,
        name=name,
        description=description,
        admin_state_up=admin_state_up,
        shared=shared,
        mtu=mtu,
        port_security_enabled=port_security_enabled,
        dns_domain=dns_domain,
        revision_number=1,
        created_at=utcnow(),
        updated_at=None,
    )
    conn.execute(sa.insert(networks), {field: getattr(network, field) for field in Network.__slots__})
    return network


def get_network(conn: Connection, network_id: str, viewer: Viewer) -> Network:
    """One network.  NotFound for one that the viewer may not know of."""
    row = conn.execute(sa.select(networks).where(networks.c.id == network_id, visible(viewer))).one_or_none()
    if row is None:
        raise NotFound(f"Network {network_id} could not be found.", code="NetworkNotFound")
    return Network.of(row)


def update_network(conn: Connection, network_id: NetworkId, changes: Mapping[str, object]) -> None:
    """Change columns of a network.  Raises Conflict when it can no longer be unshared."""
    if changes.get("shared") is False:
        foreign = sa.exists().where(
            ports.c.network_id == network_id,
            ports.c.project_id != sa.select(networks.c.project_id).where(networks.c.id == network_id).scalar_subquery(),
        )
        if conn.execute(sa.select(foreign)).scalar_one():
            raise Conflict(
                f"Unable to reconfigure sharing settings for network {network_id}. Multiple tenants are using it.",
                code="InvalidSharedSetting",
            )
    conn.execute(
        sa.update(networks)
        .where(networks.c.id == network_id)
        .values(**changes, revision_number=networks.c.revision_number + 1, updated_at=utcnow())
    )


def delete_network(conn: Connection, network_id: NetworkId) -> None:
    """Remove a network and its subnets.  Raises Conflict while it has ports."""
    # Whoever makes a port locks the network's row (foreign key), so none can come between the look and the delete.
    conn.execute(sa.select(networks.c.id).where(networks.c.id == network_id).with_for_update())
    if conn.execute(sa.select(sa.exists().where(ports.c.network_id == network_id))).scalar_one():
        raise Conflict(
            f"Unable to complete operation on network {network_id}. There are one or more ports still in use on the "
            "network.",
            code="NetworkInUse",
        )
    conn.execute(sa.delete(subnets).where(subnets.c.network_id == network_id))
    conn.execute(sa.delete(networks).where(networks.c.id == network_id))


def subnet_ids_of(conn: Connection, network_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The ids of the networks' subnets, in one query."""
    found: dict[str, list[str]] = {}
    rows = conn.execute(
        sa.select(subnets.c.network_id, subnets.c.id)
        .where(subnets.c.network_id.in_(network_ids))
        .order_by(subnets.c.created_at, subnets.c.id)
    )
    for network_id, subnet_id in rows:
        found.setdefault(network_id, []).append(subnet_id)
    return found


def spec_of(network_id: NetworkId, name: str, mtu: int, dns_domain: str, of_network: Sequence[Subnet]) -> NetworkSpec:
    """What a host has to provide: the network with its first IPv4 subnet (else its first subnet).

    A host makes one libvirt NAT network of it.  With ``qemu:///session`` guests have user-mode networking instead,
    and only the addresses of this value matter.  Raises Conflict for a network without subnets.
    """
    ordered = sorted(of_network, key=lambda subnet: (subnet.ip_version, subnet.created_at, subnet.id))
    if not ordered:
        raise Conflict(f"Network {network_id} has no subnet any more.")
    subnet = ordered[0]
    return NetworkSpec(
        id=network_id,
        name=name,
        cidr=subnet.cidr,
        gateway_ip=subnet.gateway_ip or "",
        dhcp=subnet.enable_dhcp,
        dns_servers=tuple(subnet.dns_nameservers),
        mtu=mtu,
        domain=dns_domain.rstrip("."),
    )
