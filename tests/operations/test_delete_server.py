"""delete_server through the generic tests, in every state of a server, and with its host away or forgotten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from micronova.compute import host_registry, server_delete, servers
from micronova.compute.states import VmState
from micronova.db.database import Database
from micronova.db.tables.compute import servers as servers_table
from micronova.model.ids import HostName, OperationId, ServerId
from micronova.operations import Engine, Observer
from tests.operations import generic
from tests.operations.servers_world import ServersWorld
from tests.operations.test_create_server import STEPS as CREATE_STEPS
from tests.operations.test_create_server import accept, leftovers, running

STEPS = ["remove_guest", "remove_nics", "remove_disks", "release"]


class DeleteWorld:
    """One server that is there, to be deleted."""

    def __init__(self, world: ServersWorld) -> None:
        self.world = world
        with running(world.engine()) as engine:
            created = accept(world, engine, config_drive=True)
            assert engine.wait(created.operations[0]) == "succeeded"
        self.server_id = created.server_ids[0]

    def engine(self, observer: Observer | None) -> Engine:
        return self.world.engine(observer)

    def begin(self, engine: Engine) -> OperationId:
        return begin_delete(self.world, engine, self.server_id)

    def check_succeeded(self) -> None:
        with self.world.database.read() as c:
            server = servers.get_any(c, self.server_id)
        assert server is not None
        assert (server.vm_state, server.task_state, server.power_state) == ("deleted", None, 0)
        assert server.deleted_at is not None
        assert server.terminated_at is not None
        assert leftovers(self.world, self.server_id) == []

    def check_failed(self) -> None:
        with self.world.database.read() as c:
            server = servers.get(c, self.server_id, project_id=None)
            assert servers.faults_of(c, [self.server_id])
        assert (server.vm_state, server.task_state) == ("error", None)

    def leftovers(self) -> list[str]:
        """After a failed deletion the server is still somebody's: a second one must remove all of it."""
        with running(self.world.engine()) as engine:
            assert engine.wait(begin_delete(self.world, engine, self.server_id)) == "succeeded"
        self.check_succeeded()
        return leftovers(self.world, self.server_id)


def begin_delete(world: ServersWorld, engine: Engine, server_id: str) -> OperationId:
    """Accept the deletion as the API does, and begin it."""
    api = world.compute(engine)
    operation = world.database.transact(
        lambda c: server_delete.delete(
            c, api, world.member, servers.get(c, server_id, project_id=None), request_id="req-2"
        )
    )
    assert operation is not None
    engine.kick(operation)
    return operation


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[ServersWorld]:
    made = ServersWorld(database, tmp_path)
    yield made
    made.close()


@pytest.fixture
def factory(world: ServersWorld) -> generic.WorldFactory:
    @contextmanager
    def make() -> Iterator[DeleteWorld]:
        yield DeleteWorld(world)

    return make


def test_steps_are_all_tested(world: ServersWorld) -> None:
    assert generic.step_names(world.operations().delete) == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_each_step_twice(factory: generic.WorldFactory, step: str) -> None:
    generic.run_each_step_twice(factory, step)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_failure_at_each_step_can_be_deleted_again(factory: generic.WorldFactory, step: str, moment: str) -> None:
    generic.fail_at(factory, step, moment)


@pytest.mark.parametrize("vm_state", [*sorted(set(VmState) - {VmState.DELETED}), "nonsense"])
def test_t_sto9_delete_in_every_state(world: ServersWorld, vm_state: str) -> None:
    """Whatever the row says, also what no version ever wrote (T-API11)."""
    one = DeleteWorld(world)
    with world.database.write() as c:
        c.execute(
            sa.update(servers_table)
            .where(servers_table.c.id == one.server_id)
            .values(vm_state=vm_state, task_state="spawning", flavor="not json", image_properties="{")
        )
    with running(world.engine()) as engine:
        assert engine.wait(one.begin(engine)) == "succeeded"
    one.check_succeeded()


def test_twice_is_one_operation(world: ServersWorld) -> None:
    one = DeleteWorld(world)
    engine = world.engine()  # not started: nothing runs
    api = world.compute(engine)

    def delete() -> OperationId | None:
        return world.database.transact(
            lambda c: server_delete.delete(
                c, api, world.member, servers.get(c, one.server_id, project_id=None), request_id="req-3"
            )
        )

    first = delete()
    assert first is not None
    assert delete() is None
    with running(engine):
        engine.kick(first)
        assert engine.wait(first) == "succeeded"
    one.check_succeeded()


def test_waits_for_a_host_that_is_away(world: ServersWorld) -> None:
    one = DeleteWorld(world)
    with world.database.read() as c:
        name = servers.get(c, one.server_id, project_id=None).host
    host = world.hosts.hosts[HostName(str(name))]
    host.set_reachable(False)
    with running(world.engine()) as engine:
        operation = one.begin(engine)
        assert engine.wait(operation, 1.0) == "running"
        with world.database.read() as c:
            assert servers.get(c, one.server_id, project_id=None).task_state == "deleting"
        host.set_reachable(True)
        assert engine.wait(operation, 30) == "succeeded"
    one.check_succeeded()


def test_a_forgotten_host_is_given_up(world: ServersWorld) -> None:
    one = DeleteWorld(world)
    with world.database.read() as c:
        name = str(servers.get(c, one.server_id, project_id=None).host)
        service = host_registry.services(c, host=name)[0]
    gone = world.hosts.hosts.pop(HostName(name))
    gone.close()
    with world.database.write() as c:
        host_registry.delete_service(c, service)
    with running(world.engine()) as engine:
        assert engine.wait(one.begin(engine), 20) == "succeeded"
    one.check_succeeded()


def test_an_error_server_without_host(world: ServersWorld) -> None:
    world.add_flavor("huge", vcpus=1, memory_mib=10_000_000, root_gib=1)
    with running(world.engine()) as engine:
        created = accept(world, engine, flavor_ref="huge")
        assert engine.wait(created.operations[0]) == "failed"
        assert engine.wait(begin_delete(world, engine, created.server_ids[0])) == "succeeded"
    assert leftovers(world, ServerId(created.server_ids[0])) == []


@pytest.mark.parametrize("step", CREATE_STEPS)
def test_t_sto9_delete_at_every_step_of_a_create(world: ServersWorld, step: str) -> None:
    """The deletion is accepted just after the effect of each step of the create."""
    reached = threading.Event()

    def observer(kind: str, at: str, phase: str, moment: str) -> None:
        if (kind, at, phase, moment) == ("create_server", step, "do", "after"):
            reached.set()

    with running(world.engine(observer)) as engine:
        created = accept(world, engine)
        assert reached.wait(20)
        operation = begin_delete(world, engine, created.server_ids[0])
        assert engine.wait(operation, 30) == "succeeded"
    assert leftovers(world, created.server_ids[0]) == []
