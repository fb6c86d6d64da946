"""create_server through the three generic tests, and what is its own: retries, races, cancelling, faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from micronova.compute import server_create, server_delete, servers
from micronova.compute.server_request import NewServers, Rights
from micronova.db.database import Database
from micronova.db.tables.compute import server_disks
from micronova.db.tables.network import ports
from micronova.host.simulated_faults import SimulatedSettings
from micronova.model.ids import OperationId, ServerId
from micronova.operations import Engine, Observer
from micronova.placement import allocations
from tests.operations import generic
from tests.operations.servers_world import ServersWorld

RIGHTS = Rights(is_admin=False, zero_disk_flavor=False)


class CreateWorld:
    """One server to build, with config drive, metadata, a network and every kind of disk."""

    def __init__(self, world: ServersWorld) -> None:
        self.world = world
        self.flavor = world.add_flavor("full", vcpus=2, memory_mib=1024, root_gib=2, ephemeral_gib=1, swap_mib=64)
        self.server_id = ServerId("")

    def engine(self, observer: Observer | None) -> Engine:
        return self.world.engine(observer)

    def begin(self, engine: Engine) -> OperationId:
        created = accept(self.world, engine, flavor_ref="full", config_drive=True, metadata={"a": "b"})
        self.server_id = created.server_ids[0]
        return created.operations[0]

    def check_succeeded(self) -> None:
        with self.world.database.read() as c:
            server = servers.get(c, self.server_id, project_id=None)
            disks = servers.disks_of(c, self.server_id)
            allocation = allocations.of_consumer(c, self.server_id)
            made = c.execute(sa.select(sa.func.count()).where(ports.c.device_id == self.server_id)).scalar_one()
        assert (server.vm_state, server.task_state, server.power_state) == ("active", None, 1)
        assert server.launched_at is not None
        assert server.availability_zone == "nova"
        assert [disk.role for disk in disks] == ["root", "ephemeral", "swap", "config"]
        assert allocation is not None
        assert list(allocation.resources.values()) == [{"VCPU": 2, "MEMORY_MB": 1024, "DISK_GB": 4}]
        assert made == 1
        running = [host for host in self.world.hosts.hosts.values() if host.holdings().domains]
        assert [host.name for host in running] == [server.host]
        assert running[0].holdings().disks == {self.server_id}

    def check_failed(self) -> None:
        with self.world.database.read() as c:
            server = servers.get(c, self.server_id, project_id=None)
            fault = servers.faults_of(c, [self.server_id])[self.server_id]
        assert (server.vm_state, server.task_state) == ("error", None)
        assert fault.message

    def leftovers(self) -> list[str]:
        return leftovers(self.world, self.server_id)


def leftovers(world: ServersWorld, server_id: str) -> list[str]:
    """What is still there of a server besides its row."""
    found: list[str] = []
    with world.database.read() as c:
        if allocations.of_consumer(c, server_id) is not None:
            found.append("allocation")
        if c.execute(sa.select(ports.c.id).where(ports.c.device_id == server_id)).first():
            found.append("port")
        if c.execute(sa.select(server_disks).where(server_disks.c.server_id == server_id)).first():
            found.append("disk rows")
        server = servers.get_any(c, server_id)
        if server is not None and server.deleted_at is None and server.host is not None:
            found.append("host in row")
    for host in world.hosts.hosts.values():
        held = host.holdings()
        found += [f"domain on {host.name}"] if server_id in held.domains else []
        found += [f"disks on {host.name}"] if server_id in held.disks else []
        found += [f"ports on {host.name}"] if held.ports else []
    return found


def accept(world: ServersWorld, engine: Engine, **asked: object) -> server_create.Created:
    """Accept a create request as the API does, and begin it."""
    values: dict[str, object] = {"name": "web", "flavor_ref": "m1.tiny", "image_id": world.image_id, **asked}
    api = world.compute(engine)
    new = NewServers(**values)  # type: ignore[arg-type]
    created = world.database.transact(
        lambda c: server_create.create(c, api, world.member, RIGHTS, new, request_id="req-1")
    )
    engine.kick(*created.operations)
    return created


@contextmanager
def running(engine: Engine) -> Iterator[Engine]:
    """The engine, started, and stopped at the end."""
    engine.start()
    try:
        yield engine
    finally:
        assert engine.stop(20)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[ServersWorld]:
    made = ServersWorld(database, tmp_path)
    yield made
    made.close()


@pytest.fixture
def factory(world: ServersWorld) -> generic.WorldFactory:
    @contextmanager
    def make() -> Iterator[CreateWorld]:
        yield CreateWorld(world)

    return make


STEPS = ["choose_host", "claim_allocation", "ports", "image", "disks", "config_drive", "nics", "start_guest"]


def test_steps_are_all_tested(world: ServersWorld) -> None:
    assert generic.step_names(world.operations().create) == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_each_step_twice(factory: generic.WorldFactory, step: str) -> None:
    generic.run_each_step_twice(factory, step)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_failure_at_each_step_leaves_nothing(factory: generic.WorldFactory, step: str, moment: str) -> None:
    generic.fail_at(factory, step, moment)


@pytest.mark.parametrize("undone", ["claim_allocation", "ports", "disks", "config_drive", "nics", "start_guest"])
def test_each_undo_twice(factory: generic.WorldFactory, undone: str) -> None:
    assert generic.repeat_undo(factory, "start_guest", undone)


def test_builds(world: ServersWorld) -> None:
    with running(world.engine()) as engine:
        created = accept(world, engine)
        assert engine.wait(created.operations[0]) == "succeeded"
    with world.database.read() as c:
        assert servers.get(c, created.server_ids[0], project_id=None).vm_state == "active"


def test_no_room_is_a_fault_with_counts_and_no_host_names(world: ServersWorld) -> None:
    """T-API10: counts for the user, names for the admin; T-SCH1: an ACTIVE server always has its claim."""
    world.add_flavor("huge", vcpus=1, memory_mib=10_000_000, root_gib=1)
    with running(world.engine()) as engine:
        created = accept(world, engine, flavor_ref="huge")
        assert engine.wait(created.operations[0]) == "failed"
    server_id = created.server_ids[0]
    with world.database.read() as c:
        fault = servers.faults_of(c, [server_id])[server_id]
    assert fault.code == 500
    assert fault.message == "No valid host was found: 2 hosts: 2 without enough memory"
    assert "sim0" not in fault.message
    assert "sim0" in fault.detail
    assert leftovers(world, server_id) == []


def test_a_failing_host_is_left_for_another(database: Database, tmp_path: Path) -> None:
    world = ServersWorld(database, tmp_path, hosts=0)
    try:
        world.add_host(
            "bad", SimulatedSettings(vcpus=640, memory_mib=2_000_000, fail_verbs=frozenset({"ensure_running"}))
        )
        world.add_host("good", SimulatedSettings(vcpus=8, memory_mib=8192))
        with running(world.engine()) as engine:
            created = accept(world, engine)
            assert engine.wait(created.operations[0]) == "succeeded"
        server_id = created.server_ids[0]
        with database.read() as c:
            assert servers.get(c, server_id, project_id=None).host == "good"
        held = world.hosts.hosts[next(name for name in world.hosts.hosts if name == "bad")].holdings()
        assert not held.domains
        assert not held.disks
        assert not held.ports
    finally:
        world.close()


def test_after_max_attempts_the_fault_is_safe(database: Database, tmp_path: Path) -> None:
    failing = SimulatedSettings(fail_verbs=frozenset({"ensure_running"}))
    world = ServersWorld(database, tmp_path, hosts=4, simulated=failing)
    try:
        with running(world.engine()) as engine:
            created = accept(world, engine)
            assert engine.wait(created.operations[0]) == "failed"
        server_id = created.server_ids[0]
        with database.read() as c:
            fault = servers.faults_of(c, [server_id])[server_id]
        assert "sim" not in fault.message
        assert "simulated failure of ensure_running" in fault.detail
        assert leftovers(world, server_id) == []
    finally:
        world.close()


def test_all_hosts_failed(database: Database, tmp_path: Path) -> None:
    failing = SimulatedSettings(fail_verbs=frozenset({"ensure_disks"}))
    world = ServersWorld(database, tmp_path, hosts=2, simulated=failing)
    try:
        with running(world.engine()) as engine:
            created = accept(world, engine)
            assert engine.wait(created.operations[0]) == "failed"
        server_id = created.server_ids[0]
        with database.read() as c:
            fault = servers.faults_of(c, [server_id])[server_id]
        assert fault.message.startswith("Exceeded maximum number of retries.")
        assert "sim0" in fault.detail
        assert leftovers(world, server_id) == []
    finally:
        world.close()


def test_racing_for_the_last_room_never_overcommits(database: Database, tmp_path: Path) -> None:
    small = SimulatedSettings(vcpus=1, memory_mib=4096, disk_gib=100, enforce_capacity=True)  # 4 VCPU at ratio 4
    world = ServersWorld(database, tmp_path, hosts=2, simulated=small)
    try:
        with running(world.engine()) as engine:
            created = accept(world, engine, min_count=12, max_count=12)
            states = [engine.wait(operation) for operation in created.operations]
        assert states.count("succeeded") == 8
        assert states.count("failed") == 4
        for host in world.hosts.hosts.values():
            assert len(host.holdings().domains) == 4
    finally:
        world.close()


def test_delete_while_building_leaves_nothing(database: Database, tmp_path: Path) -> None:
    """T-STO9, T-STO10: a create is cancelled, undone, and then the server is deleted."""
    slow = SimulatedSettings(delays_s={"ensure_disks": 30.0})
    world = ServersWorld(database, tmp_path, simulated=slow)
    try:
        with running(world.engine()) as engine:
            created = accept(world, engine)
            server_id = created.server_ids[0]
            api = world.compute(engine)
            deleting = world.database.transact(
                lambda c: server_delete.delete(
                    c, api, world.member, servers.get(c, server_id, project_id=None), request_id="req-2"
                )
            )
            assert deleting is not None
            engine.kick(deleting)
            assert engine.wait(created.operations[0], 20) == "failed"
            assert engine.wait(deleting, 20) == "succeeded"
        with database.read() as c:
            server = servers.get_any(c, server_id)
            assert server is not None
            assert (server.vm_state, server.task_state) == ("deleted", None)
            assert server.deleted_at is not None
            assert server.terminated_at is not None
            assert servers.faults_of(c, [server_id]) == {}
        assert leftovers(world, server_id) == []
    finally:
        world.close()
