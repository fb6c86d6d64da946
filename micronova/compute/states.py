"""States of a server, which change may follow which, and the one function that makes a change.

    building ──> active <──> stopped, paused, suspended, rescued, shelved ──> shelved_offloaded
        │           │  └──> resized ──> active, stopped
        └──> error <┘
    any ──> soft-delete ──> active, stopped;   any ──> deleted (the end)

``vm_state`` is what the server is, ``task_state`` what is being done to it, ``power_state`` what its host saw last.
The API's ``status`` follows from the first two.  A value in the database that is not known here shows as ERROR and
may only become error or deleted (T-API11).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.compute import servers
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, NotFound


class VmState(enum.StrEnum):
    """``OS-EXT-STS:vm_state``."""

    BUILDING = "building"
    ACTIVE = "active"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    STOPPED = "stopped"
    RESCUED = "rescued"
    RESIZED = "resized"
    SHELVED = "shelved"
    SHELVED_OFFLOADED = "shelved_offloaded"
    SOFT_DELETED = "soft-delete"
    DELETED = "deleted"
    ERROR = "error"


class TaskState(enum.StrEnum):
    """``OS-EXT-STS:task_state``; None when nothing is being done."""

    SCHEDULING = "scheduling"
    NETWORKING = "networking"
    BLOCK_DEVICE_MAPPING = "block_device_mapping"
    SPAWNING = "spawning"
    DELETING = "deleting"
    SOFT_DELETING = "soft-deleting"
    RESTORING = "restoring"
    REBOOTING = "rebooting"
    REBOOT_PENDING = "reboot_pending"
    REBOOT_STARTED = "reboot_started"
    REBOOTING_HARD = "rebooting_hard"
    REBOOT_PENDING_HARD = "reboot_pending_hard"
    REBOOT_STARTED_HARD = "reboot_started_hard"
    POWERING_OFF = "powering-off"
    POWERING_ON = "powering-on"
    PAUSING = "pausing"
    UNPAUSING = "unpausing"
    SUSPENDING = "suspending"
    RESUMING = "resuming"
    RESCUING = "rescuing"
    UNRESCUING = "unrescuing"
    UPDATING_PASSWORD = "updating_password"  # noqa: S105
    IMAGE_SNAPSHOT = "image_snapshot"
    IMAGE_SNAPSHOT_PENDING = "image_snapshot_pending"
    IMAGE_PENDING_UPLOAD = "image_pending_upload"
    IMAGE_UPLOADING = "image_uploading"
    IMAGE_BACKUP = "image_backup"
    REBUILDING = "rebuilding"
    REBUILD_BLOCK_DEVICE_MAPPING = "rebuild_block_device_mapping"
    REBUILD_SPAWNING = "rebuild_spawning"
    RESIZE_PREP = "resize_prep"
    RESIZE_MIGRATING = "resize_migrating"
    RESIZE_MIGRATED = "resize_migrated"
    RESIZE_FINISH = "resize_finish"
    RESIZE_CONFIRMING = "resize_confirming"
    RESIZE_REVERTING = "resize_reverting"
    MIGRATING = "migrating"
    SHELVING = "shelving"
    SHELVING_IMAGE_PENDING_UPLOAD = "shelving_image_pending_upload"
    SHELVING_IMAGE_UPLOADING = "shelving_image_uploading"
    SHELVING_OFFLOADING = "shelving_offloading"
    UNSHELVING = "unshelving"


_RUNNING = frozenset({VmState.ACTIVE, VmState.PAUSED, VmState.SUSPENDED, VmState.STOPPED, VmState.RESCUED})
# Where each state may go; every state may also become ERROR or DELETED, and stay what it is.
TRANSITIONS: Mapping[VmState, frozenset[VmState]] = {
    VmState.BUILDING: frozenset({VmState.ACTIVE}),
    VmState.ACTIVE: _RUNNING | {VmState.RESIZED, VmState.SHELVED, VmState.SHELVED_OFFLOADED, VmState.SOFT_DELETED},
    VmState.PAUSED: _RUNNING | {VmState.SHELVED, VmState.SHELVED_OFFLOADED, VmState.SOFT_DELETED},
    VmState.SUSPENDED: _RUNNING | {VmState.SHELVED, VmState.SHELVED_OFFLOADED, VmState.SOFT_DELETED},
    VmState.STOPPED: _RUNNING | {VmState.RESIZED, VmState.SHELVED, VmState.SHELVED_OFFLOADED, VmState.SOFT_DELETED},
    VmState.RESCUED: _RUNNING | {VmState.SOFT_DELETED},
    VmState.RESIZED: frozenset({VmState.ACTIVE, VmState.STOPPED, VmState.SOFT_DELETED}),
    VmState.SHELVED: frozenset({VmState.ACTIVE, VmState.STOPPED, VmState.SHELVED_OFFLOADED, VmState.SOFT_DELETED}),
    VmState.SHELVED_OFFLOADED: frozenset({VmState.ACTIVE, VmState.STOPPED, VmState.SOFT_DELETED}),
    VmState.SOFT_DELETED: _RUNNING,
    VmState.ERROR: _RUNNING | {VmState.SOFT_DELETED},  # reset-state, hard reboot, rebuild
    VmState.DELETED: frozenset(),
}


def may_become(present: VmState, wanted: VmState) -> bool:
    """Whether a server in ``present`` may become ``wanted``."""
    if present == wanted:
        return True
    if present is VmState.DELETED:
        return False
    return wanted in (VmState.ERROR, VmState.DELETED) or wanted in TRANSITIONS[present]


_REBUILD: Mapping[str, str] = {
    TaskState.REBUILDING: "REBUILD",
    TaskState.REBUILD_BLOCK_DEVICE_MAPPING: "REBUILD",
    TaskState.REBUILD_SPAWNING: "REBUILD",
}
_RESIZE: Mapping[str, str] = {
    TaskState.RESIZE_PREP: "RESIZE",
    TaskState.RESIZE_MIGRATING: "RESIZE",
    TaskState.RESIZE_MIGRATED: "RESIZE",
    TaskState.RESIZE_FINISH: "RESIZE",
}
_REBOOT_HARD: Mapping[str, str] = {
    TaskState.REBOOTING_HARD: "HARD_REBOOT",
    TaskState.REBOOT_PENDING_HARD: "HARD_REBOOT",
    TaskState.REBOOT_STARTED_HARD: "HARD_REBOOT",
}
_MIGRATING: Mapping[str, str] = {TaskState.MIGRATING: "MIGRATING"}
# vm_state -> (status, {task_state: status where it differs})
_STATUS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    VmState.BUILDING: ("BUILD", {}),
    VmState.ACTIVE: (
        "ACTIVE",
        {
            TaskState.REBOOTING: "REBOOT",
            TaskState.REBOOT_PENDING: "REBOOT",
            TaskState.REBOOT_STARTED: "REBOOT",
            TaskState.UPDATING_PASSWORD: "PASSWORD",
            **_REBOOT_HARD,
            **_REBUILD,
            **_RESIZE,
            **_MIGRATING,
        },
    ),
    VmState.STOPPED: ("SHUTOFF", {**_RESIZE, **_REBUILD}),
    VmState.RESIZED: ("VERIFY_RESIZE", {TaskState.RESIZE_REVERTING: "REVERT_RESIZE"}),
    VmState.PAUSED: ("PAUSED", _MIGRATING),
    VmState.SUSPENDED: ("SUSPENDED", {}),
    VmState.RESCUED: ("RESCUE", {}),
    VmState.ERROR: ("ERROR", _REBUILD),
    VmState.DELETED: ("DELETED", {}),
    VmState.SOFT_DELETED: ("SOFT_DELETED", {}),
    VmState.SHELVED: ("SHELVED", {}),
    VmState.SHELVED_OFFLOADED: ("SHELVED_OFFLOADED", {}),
}


def status_of(vm_state: str, task_state: str | None) -> str:
    """The API's ``status``; ERROR for what is not known."""
    found = _STATUS.get(vm_state)
    if found is None:
        return "ERROR"
    status, by_task = found
    return status if task_state is None else by_task.get(task_state, status)


def states_of_status(statuses: Iterable[str]) -> list[tuple[str, frozenset[str] | None]]:
    """For a list's ``status`` filter: pairs of a vm_state and the task states it needs (None: any).

    Like Nova, a status that is a vm_state's usual one finds servers of that vm_state whatever is being done to them.
    Statuses that do not exist give no pair.
    """
    wanted = {status.upper() for status in statuses}
    pairs: list[tuple[str, frozenset[str] | None]] = []
    for vm_state, (usual, by_task) in _STATUS.items():
        if usual in wanted:
            pairs.append((str(vm_state), None))
            continue
        tasks = frozenset(str(task) for task, status in by_task.items() if status in wanted)
        if tasks:
            pairs.append((str(vm_state), tasks))
    return pairs


_ID: sa.BindParameter[str] = sa.bindparam("b_id")
_LIVE = sa.and_(servers.c.id == _ID, servers.c.deleted_at.is_(None))
_PRESENT = sa.select(servers.c.vm_state).where(_LIVE)


@cache
def _move_statement(vm_state: VmState | None, columns: frozenset[str]) -> sa.Update:
    """To that state, setting ``columns`` too; built once for each kind of change."""
    task: sa.ColumnElement[Any] = sa.bindparam("v_task_state", type_=servers.c.task_state.type)
    values: dict[str, Any] = {name: sa.bindparam(f"v_{name}") for name in columns}
    condition: sa.ColumnElement[bool] = _LIVE
    if vm_state is not None:
        values["vm_state"] = sa.literal(str(vm_state))
    if vm_state not in (VmState.ERROR, VmState.DELETED):
        task = sa.case((servers.c.task_state == TaskState.DELETING, TaskState.DELETING), else_=task)
        if vm_state is not None:
            sources = [present for present in VmState if may_become(present, vm_state)]
            condition = sa.and_(condition, servers.c.vm_state.in_(sources))
    return servers.update().where(condition).values(**values, task_state=task)


def move(
    c: Connection,
    server_id: str,
    vm_state: VmState | None = None,
    *,
    task_state: TaskState | None = None,
    **values: object,
) -> None:
    """Change a live server's states (``vm_state`` None: only what is being done), and other columns with them.

    What is being deleted stays so (``task_state`` deleting) through all changes but ERROR and DELETED: whoever builds
    or changes it may not have noticed yet.

    Raises Conflict if that change is not legal from its present state, NotFound if there is no such live server.
    """
    changed: dict[str, object] = {"updated_at": utcnow(), **values}
    parameters = {"b_id": server_id, "v_task_state": task_state, **{f"v_{name}": v for name, v in changed.items()}}
    if c.execute(_move_statement(vm_state, frozenset(changed)), parameters).rowcount:
        return
    present = c.execute(_PRESENT, {"b_id": server_id}).scalar()
    if present is None:
        raise NotFound(f"Instance {server_id} could not be found.")
    raise Conflict(f"Server {server_id} is {present} and cannot become {vm_state}.", code="illegal_transition")
