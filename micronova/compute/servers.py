"""Servers as values, and the reads and small changes that every verb on servers needs.

A server belongs to a project; who may not see it gets the same NotFound as for one that never was (T-PEER7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute.states import VmState
from micronova.db.tables.compute import server_disks, server_faults, server_metadata, server_tags, servers
from micronova.host.interface import Disk, DiskRole
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, NotFound
from micronova.operations.definition import Failure

T = TypeVar("T")
# Longer texts say nothing more to anybody.
_MAX_FAULT_MESSAGE = 1000
_MAX_FAULT_DETAIL = 4000


class ServerFlavor(msgspec.Struct, frozen=True, kw_only=True):
    """The flavor that a server was built with, kept in its row: a later change of the flavor does not change it."""

    name: str
    vcpus: int
    memory_mib: int
    root_gib: int
    ephemeral_gib: int = 0
    swap_mib: int = 0
    extra_specs: dict[str, str] = {}


# What stands in for a flavor that cannot be read (T-API11).
UNREADABLE_FLAVOR = ServerFlavor(name="", vcpus=0, memory_mib=0, root_gib=0)


class ServerKey(msgspec.Struct, frozen=True, kw_only=True):
    """The public key given to the guest, as it was when the server was built."""

    name: str
    type: str
    public_key: str


# What JSON columns hold.  At import, once: msgspec crashes when two threads meet a new type at the same time.
_decoders: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (dict, list, ServerFlavor, ServerKey)
}


class Server(msgspec.Struct, frozen=True):
    """One row of ``servers``; fields in the order of COLUMNS.  JSON columns stay text until somebody needs them."""

    number: int
    id: str
    project_id: str
    user_id: str
    name: str
    description: str | None
    hostname: str
    vm_state: str
    task_state: str | None
    power_state: int
    progress: int
    host: str | None
    locked_by: str | None
    locked_reason: str | None
    pinned_availability_zone: str | None
    availability_zone: str | None
    image_id: str | None
    image_properties: str
    flavor_id: str
    flavor: str
    key_name: str | None
    config_drive: bool
    auto_disk_config: bool
    access_ip_v4: str | None
    access_ip_v6: str | None
    reservation_id: str
    launch_index: int
    root_device_name: str | None
    scheduler_hints: str
    trusted_certs: str | None
    created_at: datetime
    updated_at: datetime | None
    launched_at: datetime | None
    terminated_at: datetime | None
    deleted_at: datetime | None


COLUMNS = tuple(servers.c[name] for name in Server.__struct_fields__)

# Statements of the hot path are built once: building one costs SQLAlchemy more than running it costs SQLite.
_ID: sa.BindParameter[str] = sa.bindparam("b_id")
_IDS: sa.BindParameter[str] = sa.bindparam("b_ids", expanding=True)
_ANY = sa.select(*COLUMNS).where(servers.c.id == _ID)
_LIVE = _ANY.where(servers.c.deleted_at.is_(None))
_HOST = sa.select(servers.c.host).where(servers.c.id == _ID)
_GUEST_DATA = sa.select(servers.c.key_data, servers.c.user_data).where(servers.c.id == _ID)
_USER_DATA = sa.select(servers.c.id, servers.c.user_data).where(
    servers.c.id.in_(_IDS), servers.c.user_data.is_not(None)
)
_METADATA = sa.select(server_metadata).where(server_metadata.c.server_id.in_(_IDS)).order_by(server_metadata.c.key)
_TAGS = sa.select(server_tags).where(server_tags.c.server_id.in_(_IDS)).order_by(server_tags.c.tag)
_FAULTS = sa.select(server_faults).where(server_faults.c.server_id.in_(_IDS))
_DELETE_FAULT = server_faults.delete().where(server_faults.c.server_id == _ID)
_INSERT_FAULT = server_faults.insert()
_DISKS = sa.select(server_disks).where(server_disks.c.server_id == _ID)
_DELETE_DISKS = server_disks.delete().where(server_disks.c.server_id == _ID)
_INSERT_DISKS = server_disks.insert()


class Fault(msgspec.Struct, frozen=True):
    """Why a server is in ERROR: ``message`` for its user, ``detail`` for admins."""

    code: int
    message: str
    detail: str
    created_at: datetime


def not_found(server_id: str) -> NotFound:
    """The one answer for absent and foreign servers."""
    return NotFound(f"Instance {server_id[:64]} could not be found.")


def get(c: Connection, server_id: str, *, project_id: str | None) -> Server:
    """The live server, if it is in that project (None: in any).  Raises NotFound."""
    row = c.execute(_LIVE, {"b_id": server_id}).first()
    if row is None or (project_id is not None and row.project_id != project_id):
        raise not_found(server_id)
    return Server(*row)


def get_any(c: Connection, server_id: str) -> Server | None:
    """The server, deleted or not, for operations and reconcilers."""
    row = c.execute(_ANY, {"b_id": server_id}).first()
    return None if row is None else Server(*row)


def host_of(c: Connection, server_id: str) -> str | None:
    """The host that it is, or was, on; None if it never got to one, or is not known."""
    return c.execute(_HOST, {"b_id": server_id}).scalar()


def user_data_of(c: Connection, server_ids: Sequence[str]) -> dict[str, str | None]:
    """Base64 user data by server; up to 64 KiB each, so it is read only where it is shown or written."""
    return {row.id: row.user_data for row in c.execute(_USER_DATA, {"b_ids": server_ids})}


def guest_data_of(c: Connection, server_id: str) -> tuple[ServerKey | None, str | None]:
    """The key and the user data (base64) that the guest gets."""
    row = c.execute(_GUEST_DATA, {"b_id": server_id}).one()
    key: ServerKey | None = None if row.key_data is None else _decoders[ServerKey].decode(row.key_data)
    return key, row.user_data


def decoded(text: str | None, kind: type[T], otherwise: T) -> T:
    """A JSON column's value; ``otherwise`` where it is NULL or cannot be read (T-API11)."""
    if text is None:
        return otherwise
    try:
        value: T = _decoders[kind].decode(text)
        return value
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeEncodeError):
        return otherwise


def metadata_of(c: Connection, server_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Metadata by server; servers without any are absent."""
    found: dict[str, dict[str, str]] = {}
    for server_id, key, value in c.execute(_METADATA, {"b_ids": server_ids}).all():
        found.setdefault(server_id, {})[key] = value
    return found


def tags_of(c: Connection, server_ids: Sequence[str]) -> dict[str, list[str]]:
    """Tags by server, sorted; servers without any are absent."""
    found: dict[str, list[str]] = {}
    for server_id, tag in c.execute(_TAGS, {"b_ids": server_ids}).all():
        found.setdefault(server_id, []).append(tag)
    return found


def faults_of(c: Connection, server_ids: Sequence[str]) -> dict[str, Fault]:
    """The last fault by server."""
    rows = c.execute(_FAULTS, {"b_ids": server_ids})
    return {r.server_id: Fault(r.code, r.message, r.detail, r.created_at) for r in rows}


def set_fault(c: Connection, server_id: str, failure: Failure) -> None:
    """Keep why it went wrong, in place of an older fault."""
    c.execute(_DELETE_FAULT, {"b_id": server_id})
    c.execute(
        _INSERT_FAULT,
        {
            "server_id": server_id,
            "code": failure.status,
            "message": failure.message[:_MAX_FAULT_MESSAGE],
            "detail": failure.detail[:_MAX_FAULT_DETAIL],
            "created_at": utcnow(),
        },
    )


def disks_of(c: Connection, server_id: str) -> list[Disk]:
    """The disks that were made for it, root first."""
    rows = c.execute(_DISKS, {"b_id": server_id}).all()
    order = list(DiskRole)
    disks = [
        Disk(
            role=DiskRole(r.role),
            index=r.disk_index,
            format=r.format,
            backend=r.backend,
            location=r.location,
            size_bytes=r.size_bytes,
        )
        for r in rows
    ]
    return sorted(disks, key=lambda disk: (order.index(disk.role), disk.index))


def set_disks(c: Connection, server_id: str, host: str, disks: Sequence[Disk]) -> None:
    """Keep what was made on ``host``; replaces what was kept before."""
    forget_disks(c, server_id)
    if disks:
        c.execute(
            _INSERT_DISKS,
            [
                {
                    "server_id": server_id,
                    "host": host,
                    "role": disk.role,
                    "disk_index": disk.index,
                    "format": disk.format,
                    "backend": disk.backend,
                    "location": disk.location,
                    "size_bytes": disk.size_bytes,
                }
                for disk in disks
            ],
        )


def forget_disks(c: Connection, server_id: str) -> None:
    """Its disks are gone."""
    c.execute(_DELETE_DISKS, {"b_id": server_id})


def update(c: Connection, server_id: str, changes: Mapping[str, Any]) -> None:
    """Change columns that say nothing of its state (name, description, ...).  Raises NotFound."""
    done = c.execute(
        servers.update()
        .where(servers.c.id == server_id, servers.c.deleted_at.is_(None))
        .values(**changes, updated_at=utcnow())
    )
    if not done.rowcount:
        raise not_found(server_id)


def ensure_unlocked(server: Server, *, is_admin: bool) -> None:
    """Raise Conflict if somebody locked it and the caller may not overrule that."""
    if server.locked_by is not None and not is_admin:
        raise Conflict(f"Instance {server.id} is locked", code="locked")


def ensure_state(server: Server, action: str, allowed: frozenset[VmState], *, idle: bool = True) -> None:
    """Raise Conflict, in the words that Nova's clients know, if ``action`` is not possible now.

    ``idle``: nothing may be under way on it.
    """
    if server.vm_state not in allowed:
        raise Conflict(
            f"Cannot '{action}' instance {server.id} while it is in vm_state {server.vm_state}", code="wrong_state"
        )
    if idle and server.task_state is not None:
        raise Conflict(
            f"Cannot '{action}' instance {server.id} while it is in task_state {server.task_state}", code="wrong_state"
        )
