"""What a guest does by itself shows in its server; what an operation did to it costs no transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from micronova.compute import servers
from micronova.compute.reconcile.power_states import PowerStates
from micronova.compute.servers import Server
from micronova.compute.states import TaskState, move
from micronova.db.database import Database
from micronova.host.interface import PowerState
from micronova.model.ids import HostName, ServerId
from tests.operations.servers_world import ServersWorld
from tests.operations.test_create_server import accept, running


class Watched:
    """Two ACTIVE servers, and the reconciler that listens to their hosts."""

    def __init__(self, world: ServersWorld) -> None:
        self.world = world
        with running(world.engine()) as engine:
            created = accept(world, engine, min_count=2, max_count=2)
            assert [engine.wait(operation) for operation in created.operations] == ["succeeded", "succeeded"]
        self.server_id, self.other_id = created.server_ids
        self.power_states = PowerStates(world.database, list(world.hosts.hosts.values()), interval_s=3600.0)
        self.writes: list[str] = []

    def server(self, server_id: ServerId) -> Server:
        """Its row."""
        with self.world.database.read() as c:
            return servers.get(c, server_id, project_id=None)

    def shown(self, server_id: ServerId) -> tuple[str, int]:
        """(vm_state, power_state)."""
        server = self.server(server_id)
        return server.vm_state, server.power_state

    def change_power(self, server_id: ServerId, state: PowerState) -> None:
        """The guest does something, and its host tells."""
        host = self.world.hosts.hosts[HostName(self.server(server_id).host or "")]
        host.change_power(server_id, state, "test")

    def stop_other(self) -> None:
        """The other guest goes off; when that shows, all events before it were handled."""
        self.change_power(self.other_id, PowerState.SHUTDOWN)
        until(lambda: self.shown(self.other_id) == ("stopped", PowerState.SHUTDOWN))

    def note_writes(self) -> None:
        """From now on, ``writes`` has every UPDATE of the (first) server."""

        @sa.event.listens_for(self.world.database.engine, "before_cursor_execute")
        def _note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            if statement.startswith("UPDATE servers") and self.server_id in str(parameters):
                self.writes.append(statement)

    def busy(self, task_state: TaskState | None) -> None:
        """An operation begins on it, or ends."""
        with self.world.database.write() as c:
            move(c, self.server_id, task_state=task_state)


@pytest.fixture
def watched(database: Database, tmp_path: Path) -> Iterator[Watched]:
    """A server that is watched from now on."""
    world = ServersWorld(database, tmp_path)
    found = Watched(world)
    found.power_states.start()
    yield found
    found.power_states.stop()
    world.close()


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def test_a_guest_that_goes_off_stops_its_server(watched: Watched) -> None:
    assert watched.shown(watched.other_id) == ("active", PowerState.RUNNING)
    watched.stop_other()
    assert watched.shown(watched.server_id) == ("active", PowerState.RUNNING)


def test_an_event_that_says_nothing_new_is_not_written(watched: Watched) -> None:
    watched.note_writes()
    for _ in range(3):
        watched.change_power(watched.server_id, PowerState.RUNNING)
    watched.stop_other()
    assert watched.writes == []
    watched.change_power(watched.server_id, PowerState.PAUSED)
    until(lambda: watched.shown(watched.server_id) == ("active", PowerState.PAUSED))
    assert watched.writes


def test_an_event_during_an_operation_is_left_to_the_clock(watched: Watched) -> None:
    watched.busy(TaskState.REBOOTING)
    watched.note_writes()
    watched.change_power(watched.server_id, PowerState.SHUTDOWN)
    watched.stop_other()
    assert watched.writes == []
    assert watched.shown(watched.server_id) == ("active", PowerState.RUNNING)
    watched.busy(None)
    watched.power_states.compare_all()
    assert watched.shown(watched.server_id) == ("stopped", PowerState.SHUTDOWN)
