"""An image's bytes come in: counted, hashed, inspected and written while they stream, then the image is active.

Until the last moment they lie in a ``.part`` file.  Whatever ends an upload early (a refusal, a client that goes away,
a full disk, a deleted image, a crash) leaves an image in ``queued`` and no byte in the store.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.image import images
from micronova.image.api import Images
from micronova.image.records import Image
from micronova.image.states import BUSY, NO_UPLOAD, Status, move
from micronova.image.store import Writing
from micronova.image.store.digests import Fan
from micronova.imageformat import Inspector, check_declared
from micronova.model.errors import Conflict, Gone, Invalid, MicronovaError, StorageFull, TooLarge
from micronova.model.ids import ImageId, new_uuid

log = logging.getLogger(__name__)

HASH_ALGO = "sha512"
# Quota of an upload of unknown length is taken in steps of this many bytes.
RESERVE_STEP = 256 * 1024 * 1024
# How often an upload looks whether somebody deleted its image.
LOOK_EVERY_S = 2.0
# Containers whose bytes are the disk itself; in the others is an archive, which nobody boots.
_PLAIN_CONTAINERS = frozenset({"bare", "ami", "ari", "aki"})


def upload(api: Images, image: Image, chunks: Iterator[bytes], length: int | None) -> None:
    """Take the image's bytes.  ``length``: how many the client says will come, if it does.

    Raises Conflict (not queued, or another upload was first), Invalid (refused by inspection, or the client went away),
    TooLarge (size cap, quota or disk), Gone (deleted meanwhile).
    """
    if not image.disk_format or not image.container_format:
        raise Invalid("Properties disk_format, container_format must be set prior to saving data.")
    if length is not None:
        _check_cap(api, length)
    upload_id = new_uuid()
    api.database.transact(lambda conn: _take(conn, api, image, upload_id, length or 0))
    try:
        _receive(api, image, upload_id, chunks, length or 0)
    except StorageFull as err:
        _give_back(api, image.id, upload_id)
        raise TooLarge(f"Image storage media is full: {err.message}", detail=err.detail) from err
    except BaseException:
        _give_back(api, image.id, upload_id)
        raise


def _take(conn: Connection, api: Images, image: Image, upload_id: str, reserve: int) -> None:
    """queued -> saving, with the quota for the bytes that will come."""
    values = {"upload_id": upload_id, "upload_node": api.node}
    if image.status != Status.QUEUED or not move(conn, image.id, Status.QUEUED, Status.SAVING, values=values):
        now = conn.execute(sa.select(images.c.status).where(images.c.id == image.id)).scalar()
        raise Conflict(f"Image status transition from {now or Status.DELETED} to saving is not allowed")
    _reserve(conn, api, image, upload_id, reserve, reserve)


def _reserve(conn: Connection, api: Images, image: Image, upload_id: str, needed: int, wanted: int) -> int:
    """Set aside bytes of the project's quota for this upload: ``wanted``, or less, but at least ``needed``.

    How many.  Raises TooLarge, or Gone if the upload lost the image.
    """
    quota = api.settings.user_storage_quota
    granted = wanted
    if quota > 0:
        # The rows are locked, so that two uploads never both see the last free bytes (SQLite has one writer anyway).
        rows = conn.execute(
            sa.select(images.c.id, images.c.size, images.c.upload_reserved)
            .where(images.c.owner == image.owner, images.c.status != Status.DELETED)
            .order_by(images.c.id)
            .with_for_update()
        ).all()
        free = quota - sum(max(row.size or 0, row.upload_reserved) for row in rows if row.id != image.id)
        granted = min(wanted, free)
        if granted < needed:
            raise TooLarge(
                f"Image exceeds the storage quota: The size of the data {needed} will exceed the limit. "
                f"{max(0, free)} bytes remaining."
            )
    mine = images.update().where(images.c.id == image.id, images.c.upload_id == upload_id, images.c.status.in_(BUSY))
    if conn.execute(mine.values(upload_reserved=granted)).rowcount != 1:
        raise _gone(image.id)
    return granted


def _receive(api: Images, image: Image, upload_id: str, chunks: Iterator[bytes], reserved: int) -> None:
    inspector = Inspector(max_virtual_size=api.settings.max_virtual_size)
    size, looked = 0, time.monotonic()
    with api.store.write(image.id) as file:
        with Fan(file.write) as fan:
            for chunk in chunks:
                size += len(chunk)
                _check_cap(api, size)
                if size > reserved:
                    more = partial(
                        _reserve, api=api, image=image, upload_id=upload_id, needed=size, wanted=size + RESERVE_STEP
                    )
                    reserved = api.database.transact(more)
                    looked = time.monotonic()
                elif time.monotonic() - looked > LOOK_EVERY_S:
                    _check_still_mine(api, image.id, upload_id)
                    looked = time.monotonic()
                inspector.feed(chunk)
                fan.feed(chunk)
            sha512, md5 = fan.finish()
        virtual_size = _inspected(image, inspector, size)
        _complete(api, image, upload_id, file, size, virtual_size, sha512, md5)


def _inspected(image: Image, inspector: Inspector, size: int) -> int | None:
    """The virtual size, after the bytes were found to be what they were declared to be (T-IMG14)."""
    if image.container_format not in _PLAIN_CONTAINERS:
        return None
    return check_declared(inspector.finish(size), image.disk_format or "").virtual_size


def _complete(
    api: Images,
    image: Image,
    upload_id: str,
    file: Writing,
    size: int,
    virtual_size: int | None,
    sha512: str,
    md5: str,
) -> None:
    """The file gets its name, then the image is active; if it is gone by then, so is the file."""
    file.commit()
    values = {
        "size": size,
        "virtual_size": virtual_size,
        "checksum": md5,
        "os_hash_algo": HASH_ALGO,
        "os_hash_value": sha512,
        **NO_UPLOAD,
    }

    def activate(conn: Connection) -> bool:
        return move(conn, image.id, Status.SAVING, Status.ACTIVE, upload_id=upload_id, values=values)

    if not api.database.transact(activate):
        raise _gone(image.id)
    log.info("image %s is active: %d bytes of %s", image.id, size, image.disk_format)


def _give_back(api: Images, image_id: ImageId, upload_id: str) -> None:
    """saving -> queued after a failure, without a file; nothing if the image was deleted or never ours."""

    def back(conn: Connection) -> bool:
        return move(conn, image_id, Status.SAVING, Status.QUEUED, upload_id=upload_id, values=NO_UPLOAD)

    if _owns(api, image_id, upload_id):
        # Before the row says queued: from then on another upload may write its own.
        api.store.remove(image_id)
        api.database.transact(back)


def _owns(api: Images, image_id: ImageId, upload_id: str) -> bool:
    with api.database.read() as conn:
        row = conn.execute(sa.select(images.c.upload_id).where(images.c.id == image_id)).first()
    return row is not None and row.upload_id == upload_id


def _check_still_mine(api: Images, image_id: ImageId, upload_id: str) -> None:
    with api.database.read() as conn:
        row = conn.execute(sa.select(images.c.status, images.c.upload_id).where(images.c.id == image_id)).first()
    if row is None or row.upload_id != upload_id or row.status not in BUSY:
        raise _gone(image_id)


def _gone(image_id: ImageId) -> MicronovaError:
    return Gone(f"Image {image_id} could not be found after upload. The image may have been deleted during the upload.")


def _check_cap(api: Images, size: int) -> None:
    if 0 < api.settings.image_size_cap < size:
        raise TooLarge(
            "The incoming image is too large: Image size limit exceeded: "
            f"at most {api.settings.image_size_cap} bytes are allowed."
        )
