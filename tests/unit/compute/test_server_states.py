"""States: status and its filter, which changes are legal, and the one function that makes them."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa

from micronova.compute import states
from micronova.compute.states import TRANSITIONS, TaskState, VmState, may_become, move, status_of
from micronova.db.database import Database
from micronova.db.tables.compute import servers
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, NotFound


@pytest.mark.parametrize(
    ("vm_state", "task_state", "status"),
    [
        ("building", "spawning", "BUILD"),
        ("active", None, "ACTIVE"),
        ("active", "deleting", "ACTIVE"),
        ("active", "reboot_started_hard", "HARD_REBOOT"),
        ("active", "resize_prep", "RESIZE"),
        ("stopped", None, "SHUTOFF"),
        ("resized", None, "VERIFY_RESIZE"),
        ("resized", "resize_reverting", "REVERT_RESIZE"),
        ("error", None, "ERROR"),
        ("error", "rebuilding", "REBUILD"),
        ("soft-delete", None, "SOFT_DELETED"),
        ("levitating", None, "ERROR"),
    ],
)
def test_status(vm_state: str, task_state: str | None, status: str) -> None:
    assert status_of(vm_state, task_state) == status


def test_every_status_can_be_filtered_for() -> None:
    for vm_state, task_state in itertools.product(VmState, (None, *TaskState)):
        pairs = states.states_of_status([status_of(vm_state, task_state).lower()])
        assert any(vm == vm_state and (tasks is None or task_state in tasks) for vm, tasks in pairs)
    assert states.states_of_status(["nonsense"]) == []


def test_transitions_are_complete() -> None:
    assert set(TRANSITIONS) == set(VmState)
    for present in VmState:
        assert may_become(present, VmState.ERROR) == (present is not VmState.DELETED)
        assert may_become(present, VmState.DELETED)
    assert not may_become(VmState.BUILDING, VmState.STOPPED)
    assert not may_become(VmState.DELETED, VmState.ACTIVE)


def insert(database: Database, vm_state: str, task_state: str | None = None) -> None:
    row = {
        "id": "s", "project_id": "p", "user_id": "u", "name": "n", "hostname": "n", "vm_state": vm_state,
        "task_state": task_state, "flavor_id": "f", "flavor": "{}", "vcpus": 1, "memory_mib": 1, "root_gib": 1,
        "reservation_id": "r", "created_at": utcnow(),
    }  # fmt: skip
    with database.write() as c:
        c.execute(servers.insert().values(**row))


def present(database: Database) -> tuple[str, str | None]:
    with database.read() as c:
        row = c.execute(sa.select(servers.c.vm_state, servers.c.task_state)).one()
    return row.vm_state, row.task_state


def test_move(database: Database) -> None:
    insert(database, "building", "spawning")
    with database.write() as c:
        move(c, "s", VmState.ACTIVE, host="h")
    assert present(database) == ("active", None)
    with database.write() as c:
        move(c, "s", task_state=TaskState.REBOOTING)
    assert present(database) == ("active", "rebooting")


def test_illegal_moves_change_nothing(database: Database) -> None:
    insert(database, "building")
    with pytest.raises(Conflict), database.write() as c:
        move(c, "s", VmState.STOPPED)
    with pytest.raises(NotFound), database.write() as c:
        move(c, "other", VmState.ACTIVE)
    assert present(database) == ("building", None)


def test_what_is_being_deleted_stays_so(database: Database) -> None:
    insert(database, "building", "deleting")
    with database.write() as c:
        move(c, "s", task_state=TaskState.SPAWNING)
    assert present(database) == ("building", "deleting")
    with database.write() as c:
        move(c, "s", VmState.ACTIVE)
    assert present(database) == ("active", "deleting")
    with database.write() as c:
        move(c, "s", VmState.ERROR)
    assert present(database) == ("error", None)


def test_t_api11_an_unknown_state_may_only_end(database: Database) -> None:
    insert(database, "levitating")
    with pytest.raises(Conflict), database.write() as c:
        move(c, "s", VmState.ACTIVE)
    with database.write() as c:
        move(c, "s", VmState.ERROR)
    assert present(database) == ("error", None)
