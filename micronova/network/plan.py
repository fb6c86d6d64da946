"""The networks of a new server, checked at the API with Nova's texts, before anything is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.network import fixed_ips, networks, ports, subnets
from micronova.model.errors import Conflict, Invalid
from micronova.model.ids import NetworkId, PortId, new_uuid
from micronova.network import addresses
from micronova.network.networks import usable_by
from micronova.network.values import NicRequest, PlannedNic, Subnet, Viewer

_Row = sa.Row[*tuple[Any, ...]]

# Built once: making a statement costs more than running it.
_project: sa.BindParameter[str] = sa.bindparam("project")
# Two are as many as any.
_first_two = (
    sa.select(networks.c.id, sa.exists().where(subnets.c.network_id == networks.c.id).label("has_subnet"))
    .where(usable_by(_project))
    .limit(2)
)
_all_ports = sa.select(
    ports.c.id,
    ports.c.network_id,
    ports.c.device_id,
    sa.exists().where(fixed_ips.c.port_id == ports.c.id).label("has_ip"),
).where(ports.c.id.in_(sa.bindparam("ports", expanding=True)))
_own_ports = _all_ports.where(ports.c.project_id == _project)
_all_networks = sa.select(networks.c.id).where(networks.c.id.in_(sa.bindparam("networks", expanding=True)))
_usable_networks = _all_networks.where(usable_by(_project))
_subnets_of = sa.select(subnets).where(subnets.c.network_id.in_(sa.bindparam("networks", expanding=True)))
_holder = (
    sa.select(ports.c.device_id, ports.c.project_id)
    .join(fixed_ips, fixed_ips.c.port_id == ports.c.id)
    .where(fixed_ips.c.subnet_id == sa.bindparam("subnet"), fixed_ips.c.ip_address == sa.bindparam("ip"))
)


def plan_nics(
    conn: Connection,
    *,
    project_id: str,
    is_admin: bool,
    requested: Sequence[NicRequest] | Literal["auto", "none"],
) -> Sequence[PlannedNic]:
    """Check the requested interfaces of one new server and give their ports ids.

    An empty sequence is Nova's "nothing said": the one network that the project can use, or none if there is none.
    Raises Invalid or Conflict with Nova's texts (for networks and ports that are not there, Nova answers 400 here).
    """
    viewer = Viewer(project_id=project_id, sees_all=is_admin)
    if requested == "none":
        return []
    if requested == "auto" or not requested:
        return _only_network(conn, project_id, must_exist=requested == "auto")
    port_ids = [nic.port_id for nic in requested if nic.port_id is not None]
    of_ports = _ports(conn, viewer, port_ids)
    network_ids = {nic.network_id for nic in requested if nic.port_id is None and nic.network_id is not None}
    of_networks = _subnets(conn, viewer, network_ids)
    planned: list[PlannedNic] = []
    for nic in requested:
        if nic.port_id is not None:
            planned.append(_existing(nic, nic.port_id, of_ports, planned))
        elif nic.network_id is not None:
            planned.append(_new(conn, project_id, nic, nic.network_id, of_networks, planned))
        else:
            raise Invalid("Invalid input for field/attribute networks. Each entry needs a uuid or a port.")
    return planned


def _only_network(conn: Connection, project_id: str, *, must_exist: bool) -> Sequence[PlannedNic]:
    """The network of a user who names none: an admin, too, gets none of another project's."""
    rows = conn.execute(_first_two, {"project": project_id}).all()
    if not rows:
        if must_exist:
            raise Invalid(f"Unable to automatically allocate a network for project {project_id}")
        return []
    if len(rows) > 1:
        raise Conflict(
            "Multiple possible networks found, use a Network ID to be more specific.", code="network_ambiguous"
        )
    if not rows[0].has_subnet:
        raise _requires_subnet(rows[0].id)
    return [PlannedNic(port_id=PortId(new_uuid()), network_id=NetworkId(rows[0].id))]


def _ports(conn: Connection, viewer: Viewer, port_ids: Sequence[PortId]) -> Mapping[str, _Row]:
    if not port_ids:
        return {}
    statement = _all_ports if viewer.sees_all else _own_ports
    return {row.id: row for row in conn.execute(statement, {"ports": port_ids, "project": viewer.project_id})}


def _subnets(conn: Connection, viewer: Viewer, network_ids: set[NetworkId]) -> Mapping[str, Sequence[Subnet]]:
    """The subnets of those of the networks that the viewer may use; an empty list for one without subnets."""
    if not network_ids:
        return {}
    statement = _all_networks if viewer.sees_all else _usable_networks
    usable = conn.execute(statement, {"networks": list(network_ids), "project": viewer.project_id}).scalars()
    found: dict[str, list[Subnet]] = {network_id: [] for network_id in usable}
    for row in conn.execute(_subnets_of, {"networks": list(found)}):
        found[row.network_id].append(Subnet.of(row))
    return found


def _existing(
    nic: NicRequest, port_id: PortId, of_ports: Mapping[str, _Row], planned: Sequence[PlannedNic]
) -> PlannedNic:
    if nic.fixed_ip is not None:
        raise Invalid(
            f"Specified Fixed IP '{nic.fixed_ip}' cannot be used with port '{port_id}': "
            "the two cannot be specified together."
        )
    row = of_ports.get(port_id)
    if row is None:
        raise Invalid(f"Port id {port_id} could not be found.", code="port_not_found")
    if row.device_id or any(other.port_id == port_id for other in planned):
        raise Conflict(f"Port {port_id} is still in use.", code="port_in_use")
    if not row.has_ip:
        raise Invalid(f"Port {port_id} requires a FixedIP in order to be used.")
    return PlannedNic(port_id=port_id, network_id=NetworkId(row.network_id), existing=True, tag=nic.tag)


def _new(
    conn: Connection,
    project_id: str,
    nic: NicRequest,
    network_id: NetworkId,
    of_networks: Mapping[str, Sequence[Subnet]],
    planned: Sequence[PlannedNic],
) -> PlannedNic:
    of_network = of_networks.get(network_id)
    if of_network is None:
        raise Invalid(f"Network {network_id} could not be found.", code="network_not_found")
    if not of_network:
        raise _requires_subnet(network_id)
    fixed_ip = None
    if nic.fixed_ip is not None:
        subnet = addresses.subnet_of(of_network, nic.fixed_ip)
        if subnet is None:
            raise Invalid(f"Fixed IP {nic.fixed_ip} is not a valid ip address for network {network_id}.")
        fixed_ip = addresses.check_in_subnet(subnet, nic.fixed_ip)
        if any((other.network_id, other.fixed_ip) == (network_id, fixed_ip) for other in planned):
            raise Invalid(f"Fixed IP address {fixed_ip} is asked for twice.")
        _check_free(conn, project_id, subnet, fixed_ip)
    return PlannedNic(port_id=PortId(new_uuid()), network_id=network_id, fixed_ip=fixed_ip, tag=nic.tag)


def _check_free(conn: Connection, project_id: str, subnet: Subnet, fixed_ip: str) -> None:
    """Refuse early what the port would be refused for; whoever comes between now and then still gets a Conflict."""
    holder = conn.execute(_holder, {"subnet": subnet.id, "ip": fixed_ip}).one_or_none()
    if holder is not None:
        # On a shared network the holder may be somebody else's server: not named then (T-PEER7).
        where = f" on instance {holder.device_id}" if holder.device_id and holder.project_id == project_id else ""
        raise Invalid(f"Fixed IP address {fixed_ip} is already in use{where}.", code="fixed_ip_in_use")


def _requires_subnet(network_id: str) -> Invalid:
    return Invalid(f"Network {network_id} requires a subnet in order to boot instances on.")
