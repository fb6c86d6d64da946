"""What the compute service asks of the network: plan, ensure, remove, nics, addresses."""

from __future__ import annotations

import ipaddress
import re
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import sqlalchemy as sa

from micronova.db.database import Database
from micronova.db.tables.network import fixed_ips, ports
from micronova.model.errors import Conflict, Invalid, MicronovaError, NotFound
from micronova.model.ids import HostName, NetworkId, PortId, ServerId, new_uuid
from micronova.network.bootstrap import bootstrap, choose_cidr
from micronova.network.networks import create_network, delete_network
from micronova.network.port_resource import NewPort, create_port
from micronova.network.ports import (
    NicRequest,
    PlannedNic,
    addresses_of,
    ensure_ports,
    nics_of,
    plan_nics,
    remove_ports,
    servers_with_address,
)
from micronova.network.subnets import create_subnet

HOST = HostName("h1")


@pytest.fixture
def network(database: Database) -> NetworkId:
    with database.write() as conn:
        return bootstrap(conn, project_id="admin", dns_nameservers=["10.122.0.1"])


def make_network(
    database: Database,
    cidr: str | None = "10.50.0.0/24",
    *,
    project_id: str = "p",
    name: str = "n",
    shared: bool = False,
) -> NetworkId:
    with database.write() as conn:
        made = create_network(conn, project_id=project_id, name=name, shared=shared)
        if cidr is not None:
            create_subnet(conn, network_id=made.id, project_id=project_id, cidr=cidr)
    return made.id


def make_port(database: Database, network_id: NetworkId, project_id: str = "p") -> PortId:
    with database.write() as conn:
        return create_port(conn, NewPort(network_id=network_id, project_id=project_id)).id


def plan(database: Database, *requested: NicRequest, project_id: str = "p", is_admin: bool = False) -> list[PlannedNic]:
    with database.read() as conn:
        return list(plan_nics(conn, project_id=project_id, is_admin=is_admin, requested=requested))


def ensure(database: Database, server: str, planned: list[PlannedNic], host: HostName | None = HOST) -> None:
    database.transact(
        lambda conn: ensure_ports(
            conn, server_id=ServerId(server), project_id="p", hostname="web", planned=planned, host=host
        )
    )


def count(database: Database, table: sa.Table) -> int:
    with database.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_a_server_on_the_builtin_network_comes_and_goes(database: Database, network: NetworkId) -> None:
    planned = plan(database)
    assert msgspec.json.decode(msgspec.json.encode(planned), type=list[PlannedNic]) == planned
    server = new_uuid()
    for _ in range(2):  # done twice is done once
        ensure(database, server, planned)
    with database.read() as conn:
        (nic,) = nics_of(conn, ServerId(server))
        found = addresses_of(conn, [server, new_uuid()])
        row = conn.execute(sa.select(ports)).one()
    assert nic.port_id == planned[0].port_id
    assert re.fullmatch(r"fa:16:3e(:[0-9a-f]{2}){3}", nic.mac_address)
    assert nic.hostname == "web" and nic.security
    assert (nic.network.id, nic.network.name, nic.network.cidr) == (network, "private", "10.122.0.0/20")
    assert (nic.network.gateway_ip, nic.network.dns_servers) == ("10.122.0.1", ("10.122.0.1",))
    (ip,) = nic.fixed_ips
    assert ipaddress.ip_address(ip) in ipaddress.ip_network("10.122.0.0/20") and ip != "10.122.0.1"
    assert list(found) == [server]
    (address,) = found[server]
    assert address == ("private", ip, 4, nic.mac_address, nic.port_id, "fixed")
    assert (row.device_owner, row.host, row.status, row.project_id) == ("compute:nova", "h1", "ACTIVE", "p")
    for _ in range(2):
        with database.write() as conn:
            remove_ports(conn, server_id=ServerId(server))
    assert count(database, ports) == count(database, fixed_ips) == 0


def test_another_host_takes_the_ports_over(database: Database, network: NetworkId) -> None:
    planned, server = plan(database), new_uuid()
    ensure(database, server, planned, None)
    with database.read() as conn:
        row = conn.execute(sa.select(ports)).one()
        assert (row.host, row.status) == ("", "DOWN")
        before = addresses_of(conn, [server])
    ensure(database, server, planned, HostName("h2"))
    with database.read() as conn:
        assert conn.execute(sa.select(ports)).one().host == "h2"
        assert addresses_of(conn, [server]) == before


def test_interfaces_keep_their_order_and_existing_ports_stay(database: Database, network: NetworkId) -> None:
    other = make_network(database)
    port = make_port(database, other)
    planned = plan(
        database,
        NicRequest(network_id=other, fixed_ip="10.50.0.77"),
        NicRequest(port_id=port),
        NicRequest(network_id=network, tag="red"),
    )
    assert [nic.existing for nic in planned] == [False, True, False]
    assert planned[2].tag == "red"
    server = new_uuid()
    ensure(database, server, planned)
    with database.read() as conn:
        nics = nics_of(conn, ServerId(server))
        assert [nic.network.id for nic in nics] == [other, other, network]
        assert nics[0].fixed_ips == ("10.50.0.77",) and nics[1].port_id == port
        assert servers_with_address(conn, "50.0.7", version=4) == {server}
        assert servers_with_address(conn, "50.0.7", version=6) == frozenset()
        assert servers_with_address(conn, "%", version=4) == frozenset()
    with database.write() as conn:
        remove_ports(conn, server_id=ServerId(server))
    with database.read() as conn:
        row = conn.execute(sa.select(ports)).one()
        assert (row.id, row.device_id, row.device_owner, row.host) == (port, "", "", "")
    assert count(database, fixed_ips) == 1


def test_nothing_said_means_the_only_network_or_none(database: Database) -> None:
    assert plan(database) == []
    with database.read() as conn:
        assert plan_nics(conn, project_id="p", is_admin=False, requested="none") == []
        with pytest.raises(Invalid, match="Unable to automatically allocate a network for project p"):
            plan_nics(conn, project_id="p", is_admin=False, requested="auto")
    make_network(database, "10.60.0.0/24", project_id="somebody else")
    assert plan(database) == [] == plan(database, is_admin=True)
    mine = make_network(database)
    assert [nic.network_id for nic in plan(database)] == [mine]
    make_network(database, "10.70.0.0/24", project_id="admin", shared=True)
    with pytest.raises(Conflict, match=r"Multiple possible networks found, use a Network ID to be more specific\."):
        plan(database)
    with database.read() as conn, pytest.raises(Conflict):
        plan_nics(conn, project_id="p", is_admin=False, requested="auto")
    with database.read() as conn:
        assert plan_nics(conn, project_id="p", is_admin=False, requested="none") == []


def test_refusals_have_novas_texts(database: Database, network: NetworkId) -> None:
    bare = make_network(database, None, name="bare")
    mine = make_network(database)
    port = make_port(database, mine)
    used = make_port(database, mine)
    with database.read() as conn:
        used_ip = conn.execute(sa.select(fixed_ips.c.ip_address).where(fixed_ips.c.port_id == used)).scalar_one()
    ensure(database, "srv", plan(database, NicRequest(port_id=used)))
    nobody = new_uuid()
    cases: list[tuple[list[NicRequest], type[MicronovaError], str]] = [
        ([NicRequest(network_id=NetworkId(nobody))], Invalid, f"Network {nobody} could not be found."),
        ([NicRequest(port_id=PortId(nobody))], Invalid, f"Port id {nobody} could not be found."),
        ([NicRequest(network_id=bare)], Invalid, f"Network {bare} requires a subnet in order to boot instances on."),
        ([NicRequest(port_id=used)], Conflict, f"Port {used} is still in use."),
        ([NicRequest(port_id=port), NicRequest(port_id=port)], Conflict, f"Port {port} is still in use."),
        (
            [NicRequest(network_id=mine, fixed_ip=used_ip)],
            Invalid,
            f"Fixed IP address {used_ip} is already in use on instance srv.",
        ),
        (
            [NicRequest(network_id=mine, fixed_ip="10.99.0.1")],
            Invalid,
            f"Fixed IP 10.99.0.1 is not a valid ip address for network {mine}.",
        ),
        (
            [NicRequest(port_id=port, fixed_ip="10.50.0.9")],
            Invalid,
            f"Specified Fixed IP '10.50.0.9' cannot be used with port '{port}': the two cannot be specified together.",
        ),
        ([NicRequest(network_id=mine, fixed_ip="10.50.0.255")], Invalid, "not a valid IP"),
        ([NicRequest(network_id=mine, fixed_ip="10.50.0.1")], Conflict, "gateway"),
        ([NicRequest(network_id=mine, fixed_ip="x")], Invalid, "'x' is not a valid IP address"),
        ([NicRequest(network_id=mine, fixed_ip="10.50.0.9")] * 2, Invalid, "asked for twice"),
        ([NicRequest()], Invalid, "needs a uuid or a port"),
    ]
    for requested, kind, text in cases:
        with pytest.raises(kind, match=re.escape(text)):
            plan(database, *requested)


def test_t_sto2_networks_and_ports_of_others_are_not_there(database: Database) -> None:
    theirs = make_network(database, project_id="somebody else")
    port = make_port(database, theirs, "somebody else")
    with pytest.raises(Invalid, match=f"Network {theirs} could not be found."):
        plan(database, NicRequest(network_id=theirs))
    with pytest.raises(Invalid, match=f"Port id {port} could not be found."):
        plan(database, NicRequest(port_id=port))
    assert len(plan(database, NicRequest(network_id=theirs), NicRequest(port_id=port), is_admin=True)) == 2


def test_an_address_held_by_another_project_is_refused_without_naming_the_server(
    database: Database, network: NetworkId
) -> None:
    ensure(database, "srv", plan(database, NicRequest(network_id=network, fixed_ip="10.122.3.4")))
    with pytest.raises(Invalid) as caught:
        plan(database, NicRequest(network_id=network, fixed_ip="10.122.3.4"), project_id="other")
    assert caught.value.message == "Fixed IP address 10.122.3.4 is already in use."


def test_what_was_taken_or_removed_after_the_plan_is_refused_and_leaves_nothing(database: Database) -> None:
    network = make_network(database)
    port = make_port(database, network)
    first = plan(database, NicRequest(port_id=port), NicRequest(network_id=network, fixed_ip="10.50.0.9"))
    second = plan(database, NicRequest(network_id=network), NicRequest(port_id=port))
    third = plan(database, NicRequest(network_id=network), NicRequest(network_id=network, fixed_ip="10.50.0.9"))
    fourth = plan(database, NicRequest(network_id=network))
    ensure(database, "one", first)
    rows = count(database, ports)
    for planned in (second, third):
        with pytest.raises(Conflict):
            ensure(database, "two", planned)
        assert count(database, ports) == rows
    with database.write() as conn:
        remove_ports(conn, server_id=ServerId("one"))
        conn.execute(sa.delete(fixed_ips))
        conn.execute(sa.delete(ports))
        delete_network(conn, network)
    with pytest.raises(NotFound):
        ensure(database, "two", fourth)
    with pytest.raises(NotFound):
        ensure(database, "two", [nic for nic in first if nic.existing])
    assert count(database, ports) == 0


def test_racing_servers_get_different_addresses_until_the_subnet_is_full(database: Database) -> None:
    network = make_network(database, "10.50.0.0/27")  # 29 without network, broadcast and gateway

    def boot(n: int) -> bool:
        try:
            ensure(database, f"s{n}", plan(database, NicRequest(network_id=network)))
        except Conflict as err:
            assert "No more IP addresses available" in err.message
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(boot, range(35))).count(True) == 29
    with database.read() as conn:
        given = list(conn.execute(sa.select(fixed_ips.c.ip_address)).scalars())
    assert len(given) == len(set(given)) == 29 == count(database, ports)
    assert {ipaddress.ip_address(ip) for ip in given} == set(ipaddress.ip_network("10.50.0.0/27").hosts()) - {
        ipaddress.ip_address("10.50.0.1")
    }


def test_one_address_wanted_by_many_at_once_goes_to_one(database: Database, network: NetworkId) -> None:
    plans = [plan(database, NicRequest(network_id=network, fixed_ip="10.122.1.2")) for _ in range(6)]

    def boot(n: int) -> bool:
        try:
            ensure(database, f"s{n}", plans[n])
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(boot, range(6))).count(True) == 1
    assert count(database, ports) == 1


def test_bootstrap_twice_is_once_and_avoids_the_hosts_routes(database: Database, network: NetworkId) -> None:
    with database.write() as conn:
        assert bootstrap(conn, project_id="admin", cidr="10.200.0.0/20") == network
    assert choose_cidr([]) == "10.122.0.0/20"
    assert choose_cidr(["10.122.8.0/24", "10.123.0.0/16", "fe80::/64"]) == "10.124.0.0/20"
    with pytest.raises(MicronovaError):
        choose_cidr(["0.0.0.0/0"])
