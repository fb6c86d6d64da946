"""An image's states, and the one function that moves it from one to the next.

queued ──> saving ──────────────────> active <──> deactivated
   │  <──────┘  (refused, gone, crashed)   │            │
   ├──> uploading ──> importing ──> active │            │
   │  <─────┘  <──────────┘                │            │
   └──────────── from each of them: deleted, which is the end
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from micronova.db.tables.image import images
from micronova.model.clock import utcnow


class Status(enum.StrEnum):
    """Glance's words."""

    QUEUED = "queued"
    SAVING = "saving"
    UPLOADING = "uploading"
    IMPORTING = "importing"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    KILLED = "killed"
    PENDING_DELETE = "pending_delete"
    DELETED = "deleted"


_S = Status
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    _S.QUEUED: frozenset({_S.SAVING, _S.UPLOADING, _S.DELETED}),
    _S.SAVING: frozenset({_S.ACTIVE, _S.QUEUED, _S.KILLED, _S.DELETED}),
    _S.UPLOADING: frozenset({_S.IMPORTING, _S.QUEUED, _S.DELETED}),
    _S.IMPORTING: frozenset({_S.ACTIVE, _S.UPLOADING, _S.QUEUED, _S.KILLED, _S.DELETED}),
    _S.ACTIVE: frozenset({_S.DEACTIVATED, _S.PENDING_DELETE, _S.DELETED}),
    _S.DEACTIVATED: frozenset({_S.ACTIVE, _S.PENDING_DELETE, _S.DELETED}),
    _S.KILLED: frozenset({_S.DELETED}),
    _S.PENDING_DELETE: frozenset({_S.DELETED}),
    _S.DELETED: frozenset(),
}
# States in which an upload owns the image.
BUSY = (_S.SAVING, _S.UPLOADING, _S.IMPORTING)
# States in which the store holds the image's bytes.
STORED = (_S.ACTIVE, _S.DEACTIVATED)
# The columns of an image that no upload has.
NO_UPLOAD: Mapping[str, Any] = {"upload_id": None, "upload_node": None, "upload_reserved": 0}


def move(
    conn: Connection,
    image_id: str,
    before: Status,
    after: Status,
    *,
    upload_id: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Move the image, and set further columns with it; False if it is not in ``before`` (any more).

    With ``upload_id`` also if another upload has it by now.  Raises ValueError for a move that does not exist.
    """
    if after not in TRANSITIONS[before]:
        raise ValueError(f"an image never goes from {before} to {after}")
    where = [images.c.id == image_id, images.c.status == before]
    if upload_id is not None:
        where.append(images.c.upload_id == upload_id)
    change = {"status": after, "updated_at": utcnow(), **(values or {})}
    return conn.execute(images.update().where(*where).values(change)).rowcount == 1
