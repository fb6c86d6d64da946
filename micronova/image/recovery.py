"""What a start finds of a former life: abandoned uploads, files without an image, images without a file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from micronova.db.database import Database
from micronova.db.tables.image import images
from micronova.image.states import BUSY, NO_UPLOAD, STORED, Status, move
from micronova.image.store import ImageStore
from micronova.model.ids import ImageId

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """Ids: interrupted uploads (queued again), removed files, and images whose file is missing or of a wrong size."""

    interrupted: Sequence[ImageId]
    removed: Sequence[ImageId]
    missing: Sequence[ImageId]


def recover(database: Database, store: ImageStore, node: str) -> Recovered:
    """Clean up after the process that was ``node`` before; call it before the first request is answered.

    Images whose file is missing stay, are marked, and do not boot; they are good again when the file is back.
    """
    with database.read() as conn:
        busy = conn.execute(
            sa.select(images.c.id, images.c.status).where(images.c.status.in_(BUSY), images.c.upload_node == node)
        ).all()
        stored = conn.execute(
            sa.select(images.c.id, images.c.size, images.c.data_missing).where(images.c.status.in_(STORED))
        ).all()

        staged = conn.execute(
            sa.select(images.c.id).where(images.c.status == Status.UPLOADING, images.c.upload_id.is_(None))
        ).scalars()
        keep = {*(row.id for row in stored), *staged}

    removed = sorted({*store.partial(), *(found for found in store.complete() if found not in keep)})
    for image_id in removed:
        if image_id in keep:
            store.remove_part(image_id)
        else:
            store.remove(image_id)
    with database.write() as conn:
        for row in busy:
            move(conn, row.id, Status(row.status), Status.QUEUED, values=NO_UPLOAD)
    missing = [ImageId(row.id) for row in stored if store.size(row.id) != row.size]
    _mark(database, [row.id for row in stored if row.data_missing], missing)
    result = Recovered(interrupted=[ImageId(row.id) for row in busy], removed=removed, missing=missing)
    if result.interrupted or result.removed:
        log.info("image store: %d uploads were interrupted, %d files removed", len(busy), len(removed))
    if missing:
        log.error("image store: the data of %d images is missing: %s", len(missing), ", ".join(missing[:20]))
    return result


def _mark(database: Database, marked: Sequence[str], missing: Sequence[str]) -> None:
    if set(marked) == set(missing):
        return
    with database.write() as conn:
        conn.execute(images.update().where(images.c.id.in_(marked)).values(data_missing=False))
        conn.execute(images.update().where(images.c.id.in_(missing)).values(data_missing=True))
