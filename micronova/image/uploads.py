"""An image's bytes come in: counted, hashed, inspected and written while they stream, then the image is active.

Until the last moment they lie in a ``.part`` file.  Whatever ends an upload early (a refusal, a client that goes away,
a full disk, a deleted image, a crash) leaves an image in ``queued`` and no byte in the store.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.image import images
from micronova.image.api import Images
from micronova.image.records import Image
from micronova.image.states import NO_UPLOAD, Status, move
from micronova.image.store.digests import Fan
from micronova.imageformat import Inspector, check_declared
from micronova.model.clock import utcnow
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
    """Take the image's bytes; it is active then.  ``length``: how many the client says will come, if it does.

    Raises Conflict (not queued, or another upload was first), Invalid (refused by inspection, or the client went away),
    TooLarge (size cap, quota or disk), Gone (deleted meanwhile).
    """
    if not image.disk_format or not image.container_format:
        raise Invalid("Properties disk_format, container_format must be set prior to saving data.")
    _take_in(_Upload(api, image, Status.SAVING), chunks, length)


def stage(api: Images, image: Image, chunks: Iterator[bytes], length: int | None) -> None:
    """Take the image's bytes, checked already, and keep them until ``import_staged``.  Raises as ``upload`` does."""
    if not image.disk_format or not image.container_format:
        raise Invalid("'disk_format' and 'container_format' must be set before the data of an image is staged.")
    _take_in(_Upload(api, image, Status.UPLOADING), chunks, length)


def import_staged(conn: Connection, image: Image) -> None:
    """Staged bytes become the image's.  They were hashed and inspected on their way in, so this is done at once."""
    if image.status != Status.UPLOADING or image.uploading:
        raise Conflict(f"Only images with status 'uploading' and staged data can be imported, not '{image.status}'")
    if not move(conn, image.id, Status.UPLOADING, Status.IMPORTING) or not move(
        conn, image.id, Status.IMPORTING, Status.ACTIVE
    ):
        raise Conflict(f"Image {image.id} was changed by another request; try again.")


class _Upload:
    """One upload under way: its image, and the state that it holds the image in."""

    def __init__(self, api: Images, image: Image, state: Status) -> None:
        self.api = api
        self.image = image
        self.state = state
        self.id = new_uuid()

    def mine(self) -> tuple[sa.ColumnElement[bool], ...]:
        """SQL: the image is still this upload's."""
        return (images.c.id == self.image.id, images.c.upload_id == self.id, images.c.status == self.state)


def _take_in(up: _Upload, chunks: Iterator[bytes], length: int | None) -> None:
    if length is not None:
        _check_cap(up.api, length)
    up.api.database.transact(partial(_take, up=up, reserve=length or 0))
    try:
        _receive(up, chunks, length or 0)
    except StorageFull as err:
        _give_back(up)
        raise TooLarge(f"Image storage media is full: {err.message}", detail=err.detail) from err
    except BaseException:
        _give_back(up)
        raise


def _take(conn: Connection, up: _Upload, reserve: int) -> None:
    """queued -> saving or uploading, with the quota for the bytes that will come."""
    values = {"upload_id": up.id, "upload_node": up.api.node}
    image = up.image
    if image.status != Status.QUEUED or not move(conn, image.id, Status.QUEUED, up.state, values=values):
        now = conn.execute(sa.select(images.c.status).where(images.c.id == image.id)).scalar()
        raise Conflict(f"Image status transition from {now or Status.DELETED} to {up.state} is not allowed")
    _reserve(conn, up, reserve, reserve)


def _reserve(conn: Connection, up: _Upload, needed: int, wanted: int) -> int:
    """Set aside bytes of the project's quota for this upload: ``wanted``, or less, but at least ``needed``.

    How many.  Raises TooLarge, or Gone if the upload lost the image.
    """
    quota, image = up.api.settings.user_storage_quota, up.image
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
    if conn.execute(images.update().where(*up.mine()).values(upload_reserved=granted)).rowcount != 1:
        raise _gone(image.id)
    return granted


def _receive(up: _Upload, chunks: Iterator[bytes], reserved: int) -> None:
    api = up.api
    inspector = Inspector(max_virtual_size=api.settings.max_virtual_size)
    size, looked = 0, time.monotonic()
    with api.store.write(up.image.id) as file:
        with Fan(file.write) as fan:
            for chunk in chunks:
                size += len(chunk)
                _check_cap(api, size)
                if size > reserved:
                    more = partial(_reserve, up=up, needed=size, wanted=size + RESERVE_STEP)
                    reserved = api.database.transact(more)
                    looked = time.monotonic()
                elif time.monotonic() - looked > LOOK_EVERY_S:
                    _check_still_mine(up)
                    looked = time.monotonic()
                inspector.feed(chunk)
                fan.feed(chunk)
            sha512, md5 = fan.finish()
        virtual_size = _inspected(up.image, inspector, size)
        file.commit()  # its final name before the row says active; if the image is gone, _give_back removes it
    found = {
        "size": size,
        "virtual_size": virtual_size,
        "checksum": md5,
        "os_hash_algo": HASH_ALGO,
        "os_hash_value": sha512,
        **NO_UPLOAD,
    }
    if not api.database.transact(partial(_complete, up=up, found=found)):
        raise _gone(up.image.id)
    log.info("image %s has its data: %d bytes of %s", up.image.id, size, up.image.disk_format)


def _inspected(image: Image, inspector: Inspector, size: int) -> int | None:
    """The virtual size, after the bytes were found to be what they were declared to be (T-IMG14)."""
    if image.container_format not in _PLAIN_CONTAINERS:
        return None
    return check_declared(inspector.finish(size), image.disk_format or "").virtual_size


def _complete(conn: Connection, up: _Upload, found: Mapping[str, Any]) -> bool:
    """saving -> active; staged data waits in ``uploading``, without an upload.  False if the image is gone."""
    if up.state == Status.UPLOADING:
        values = {**found, "updated_at": utcnow()}
        return conn.execute(images.update().where(*up.mine()).values(values)).rowcount == 1
    return move(conn, up.image.id, Status.SAVING, Status.ACTIVE, upload_id=up.id, values=found)


def _give_back(up: _Upload) -> None:
    """Back to queued after a failure, without a file; a deleted image stays deleted."""
    with up.api.database.read() as conn:
        owner = conn.execute(sa.select(images.c.upload_id).where(images.c.id == up.image.id)).scalar()
    if owner == up.id:
        # Before the row says queued: from then on another upload may write its own.
        up.api.store.remove(up.image.id)
        back = partial(
            move, image_id=up.image.id, before=up.state, after=Status.QUEUED, upload_id=up.id, values=NO_UPLOAD
        )
        up.api.database.transact(back)


def _check_still_mine(up: _Upload) -> None:
    with up.api.database.read() as conn:
        if conn.execute(sa.select(images.c.id).where(*up.mine())).first() is None:
            raise _gone(up.image.id)


def _gone(image_id: ImageId) -> MicronovaError:
    return Gone(f"Image {image_id} could not be found after upload. The image may have been deleted during the upload.")


def _check_cap(api: Images, size: int) -> None:
    if 0 < api.settings.image_size_cap < size:
        raise TooLarge(
            "The incoming image is too large: Image size limit exceeded: "
            f"at most {api.settings.image_size_cap} bytes are allowed."
        )
