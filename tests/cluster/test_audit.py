"""The audit finds each kind of thing without its other half, repairs what it can, and leaves what is under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from micronova.compute import server_delete, servers
from micronova.compute.reconcile.audit import Finding, Kind, audit, repair
from micronova.compute.reconcile.auditor import Auditor
from micronova.db.database import Database
from micronova.db.tables.compute import server_disks
from micronova.db.tables.placement import resource_providers
from micronova.host.interface import GuestSpec, Holdings, NetworkSpec, Nic
from micronova.host.simulated import SimulatedHost
from micronova.model.ids import HostName, NetworkId, OperationId, PortId, ServerId, new_uuid
from micronova.network.ports import NicRequest, ensure_ports, nics_of, plan_nics
from micronova.placement import allocations
from tests.operations.servers_world import ServersWorld
from tests.operations.test_create_server import accept, running
from tests.operations.test_delete_server import begin_delete


class House:
    """A server that runs on one of two hosts, as create_server made it."""

    def __init__(self, world: ServersWorld) -> None:
        self.world = world
        self.database = world.database
        with running(world.engine()) as engine:
            created = accept(world, engine, config_drive=True)
            assert engine.wait(created.operations[0]) == "succeeded"
        self.server_id = created.server_ids[0]
        with self.database.read() as c:
            home = servers.get(c, self.server_id, project_id=None).host
            self.nics = nics_of(c, self.server_id)
        self.home = world.hosts.hosts[HostName(str(home))]
        [self.away] = [host for host in self.hosts if host is not self.home]

    @property
    def hosts(self) -> Sequence[SimulatedHost]:
        return list(self.world.hosts.hosts.values())

    def audit(self) -> list[Finding]:
        return audit(self.database, self.hosts)

    def repair(self, findings: Sequence[Finding]) -> list[Finding]:
        return repair(self.database, self.hosts, findings)

    def delete_server(self) -> None:
        with running(self.world.engine()) as engine:
            assert engine.wait(begin_delete(self.world, engine, self.server_id)) == "succeeded"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    world = ServersWorld(database, tmp_path)
    yield House(world)
    world.close()


def nic(network: NetworkSpec) -> Nic:
    """A port that no database knows."""
    return Nic(port_id=PortId(new_uuid()), mac_address="fa:16:3e:ee:00:01", network=network, fixed_ips=())


def strange_network() -> NetworkSpec:
    """A network that no database knows."""
    return NetworkSpec(id=NetworkId(new_uuid()), name="gone", cidr="10.77.0.0/24", gateway_ip="10.77.0.1")


def guest(server_id: ServerId) -> GuestSpec:
    """A guest of nothing but a domain."""
    return GuestSpec(server_id=server_id, name="g", project_id="p", vcpus=1, memory_mib=64, disks=(), nics=())


# Each makes one disorder and says what is to be found.


def stray_domain(house: House) -> Finding:
    server_id = ServerId(new_uuid())
    house.away.ensure_running(guest(server_id))
    return Finding(kind=Kind.DOMAIN, owner=server_id, host=house.away.name)


def domain_on_two_hosts(house: House) -> Finding:
    house.away.ensure_running(guest(house.server_id))
    return Finding(kind=Kind.DOMAIN, owner=house.server_id, host=house.away.name)


def stray_disks(house: House) -> Finding:
    server_id = ServerId(new_uuid())
    house.home.ensure_config_drive(server_id, {"a": b"b"})
    return Finding(kind=Kind.DISKS, owner=server_id, host=house.home.name)


def stray_host_port(house: House) -> Finding:
    stray = nic(house.nics[0].network)
    house.home.ensure_nics(ServerId(new_uuid()), [stray])
    return Finding(kind=Kind.HOST_PORT, owner=stray.port_id, host=house.home.name)


def stray_host_network(house: House) -> Finding:
    server_id, stray = ServerId(new_uuid()), nic(strange_network())
    house.away.ensure_nics(server_id, [stray])
    house.away.remove_nics(server_id, [stray])
    return Finding(kind=Kind.HOST_NETWORK, owner=stray.network.id, host=house.away.name)


class Cluttered(SimulatedHost):
    """A host on which somebody left something."""

    def holdings(self) -> Holdings:
        return replace(super().holdings(), unknown=("domain micronova-what",))


def unknown_thing(house: House) -> Finding:
    host = Cluttered(HostName("cluttered"), house.world.directory, house.world.images)
    host.start()
    house.world.hosts.hosts[host.name] = host
    return Finding(kind=Kind.UNKNOWN, owner="domain micronova-what", host=host.name)


def stray_claim(house: House) -> Finding:
    consumer = new_uuid()

    def claim(c: sa.Connection) -> None:
        provider = c.scalars(sa.select(resource_providers.c.uuid).limit(1)).one()
        allocations.claim(c, consumer=consumer, provider=provider, resources={"VCPU": 1}, project_id="p", user_id="u")

    house.database.transact(claim)
    return Finding(kind=Kind.CLAIM, owner=consumer)


def stray_port(house: House) -> Finding:
    server_id = ServerId(new_uuid())

    def bind(c: sa.Connection) -> None:
        planned = plan_nics(c, project_id="p", is_admin=True, requested=[NicRequest(network_id=house.world.network_id)])
        ensure_ports(c, server_id=server_id, project_id="p", hostname="h", planned=planned, host=house.home.name)

    house.database.transact(bind)
    return Finding(kind=Kind.PORT, owner=server_id)


def stray_disk_row(house: House) -> Finding:
    house.delete_server()
    row = {
        "server_id": house.server_id,
        "role": "root",
        "disk_index": 0,
        "host": house.home.name,
        "format": "qcow2",
        "backend": "simulated",
        "location": "somewhere",
        "size_bytes": 1,
    }
    with house.database.write() as c:
        c.execute(sa.insert(server_disks), row)
    return Finding(kind=Kind.DISK_ROW, owner=house.server_id, host=house.home.name)


def lost_domain(house: House) -> Finding:
    house.home.remove_domain(house.server_id)
    return Finding(kind=Kind.NO_DOMAIN, owner=house.server_id, host=house.home.name)


def lost_claim(house: House) -> Finding:
    house.database.transact(lambda c: allocations.release(c, house.server_id))
    return Finding(kind=Kind.NO_CLAIM, owner=house.server_id)


def away_host(house: House) -> Finding:
    house.home.set_reachable(False)
    return Finding(kind=Kind.UNREACHABLE, owner=house.home.name, host=house.home.name)


@dataclass(frozen=True)
class Disorder:
    """``repaired``: by the audit itself, not by a person."""

    make: Callable[[House], Finding]
    kind: Kind
    repaired: bool


DISORDERS = [
    Disorder(stray_domain, Kind.DOMAIN, repaired=True),
    Disorder(domain_on_two_hosts, Kind.DOMAIN, repaired=True),
    Disorder(stray_disks, Kind.DISKS, repaired=True),
    Disorder(stray_host_port, Kind.HOST_PORT, repaired=False),
    Disorder(stray_host_network, Kind.HOST_NETWORK, repaired=True),
    Disorder(unknown_thing, Kind.UNKNOWN, repaired=False),
    Disorder(stray_claim, Kind.CLAIM, repaired=True),
    Disorder(stray_port, Kind.PORT, repaired=True),
    Disorder(stray_disk_row, Kind.DISK_ROW, repaired=False),
    Disorder(lost_domain, Kind.NO_DOMAIN, repaired=False),
    Disorder(lost_claim, Kind.NO_CLAIM, repaired=False),
    Disorder(away_host, Kind.UNREACHABLE, repaired=False),
]


def test_every_kind_is_tested() -> None:
    assert {disorder.kind for disorder in DISORDERS} == set(Kind)


@pytest.mark.parametrize("disorder", DISORDERS, ids=lambda disorder: disorder.make.__name__)
def test_a_disorder_is_found_and_repaired_or_left_to_a_person(house: House, disorder: Disorder) -> None:
    assert house.audit() == []
    finding = disorder.make(house)
    assert finding.kind is disorder.kind
    assert house.audit() == [finding]
    left = [] if disorder.repaired else [finding]
    assert house.repair([finding]) == left
    assert house.audit() == left


def test_a_server_with_an_operation_under_way_is_left_out(house: House) -> None:
    engine = house.world.engine()
    api = house.world.compute(engine)

    def accept_deletion(c: sa.Connection) -> OperationId | None:
        server = servers.get(c, house.server_id, project_id=None)
        return server_delete.delete(c, api, house.world.member, server, request_id="req-2")

    operation = house.database.transact(accept_deletion)  # and nobody begins it yet
    assert operation is not None
    house.home.remove_domain(house.server_id)
    house.away.ensure_running(guest(house.server_id))
    house.database.transact(lambda c: allocations.release(c, house.server_id))
    assert house.audit() == []
    with running(engine):
        assert engine.wait(operation) == "succeeded"
    stray = Finding(kind=Kind.DOMAIN, owner=house.server_id, host=house.away.name)
    assert house.audit() == [stray]
    assert house.repair([stray]) == house.audit() == []


def test_a_network_in_the_database_stays_on_hosts_without_its_ports(house: House) -> None:
    house.delete_server()
    assert house.home.holdings().networks == {house.world.network_id}
    assert house.audit() == []


def test_what_cannot_be_repaired_now_stops_no_other_repair(house: House) -> None:
    """A network that still has a port here, and a host that went away after the look."""
    stray = nic(strange_network())
    house.home.ensure_nics(ServerId(new_uuid()), [stray])
    lost, domain, claim = stray_host_network(house), stray_domain(house), stray_claim(house)
    findings = house.audit()
    assert len(findings) == 5
    house.away.set_reachable(False)
    left = house.repair(findings)
    house.away.set_reachable(True)
    assert {(finding.kind, finding.owner) for finding in left} == {
        (Kind.HOST_PORT, stray.port_id),
        (Kind.HOST_NETWORK, stray.network.id),
        (lost.kind, lost.owner),
        (domain.kind, domain.owner),
    }
    assert claim not in house.audit()
    assert {finding.kind for finding in house.repair(left)} == {Kind.HOST_PORT, Kind.HOST_NETWORK}


def test_the_auditor_repairs_what_it_finds_twice_and_shows_what_is_left(house: House) -> None:
    auditor = Auditor(house.database, house.hosts)
    network, port = stray_host_network(house), stray_host_port(house)
    auditor.look()
    assert set(house.audit()) == {network, port}
    assert list(auditor.left) == []
    auditor.look()
    assert house.audit() == [port]
    assert list(auditor.left) == [port]
