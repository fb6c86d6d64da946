"""The verbs on images that touch only the database: create, delete, deactivate, reactivate; and what a boot needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.image import image_members, images
from micronova.image import records
from micronova.image.records import Image, Viewer
from micronova.image.states import Status, move
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Forbidden, Invalid, NotFound
from micronova.model.ids import ImageId, new_uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """What a create asks for, checked."""

    id: ImageId | None = None
    name: str | None = None
    visibility: str = "shared"
    owner: str | None = None
    disk_format: str | None = None
    container_format: str | None = None
    min_disk: int = 0
    min_ram: int = 0
    protected: bool = False
    os_hidden: bool = False
    properties: Mapping[str, str]
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BootImage:
    """An image that a server can be made from.  Bytes; ``min_disk`` GiB, ``min_ram`` MiB."""

    id: ImageId
    name: str
    status: str
    disk_format: str
    container_format: str
    size: int
    virtual_size: int
    min_disk: int
    min_ram: int
    hash_algo: str
    hash_value: str
    properties: Mapping[str, str]


# What a host can make a disk of; the others are stored and handed out only.
_BOOTABLE = frozenset({"raw", "qcow2", "qed", "vmdk", "vdi", "vhd", "vhdx", "iso", "ami"})
_BOOTABLE_CONTAINERS = frozenset({"bare", "ami", "ovf"})


def create(conn: Connection, viewer: Viewer, new: NewImage) -> Image:
    """A new image without bytes.  Raises Conflict if its id was ever used."""
    image_id = new.id or ImageId(new_uuid())
    if conn.execute(sa.select(images.c.id).where(images.c.id == image_id)).first() is not None:
        raise Conflict(f"Image ID {image_id} already exists!")
    now = utcnow()
    try:
        conn.execute(
            images.insert().values(
                id=image_id,
                name=new.name,
                status=Status.QUEUED,
                visibility=new.visibility,
                owner=new.owner,
                disk_format=new.disk_format,
                container_format=new.container_format,
                min_disk=new.min_disk,
                min_ram=new.min_ram,
                protected=new.protected,
                os_hidden=new.os_hidden,
                created_at=now,
                updated_at=now,
            )
        )
    except sa.exc.IntegrityError as err:
        raise Conflict(f"Image ID {image_id} already exists!") from err
    records.replace_properties(conn, image_id, new.properties)
    records.replace_tags(conn, image_id, new.tags)
    # Read as an admin: an admin may create for a project that is not his.
    return records.get(conn, Viewer(project_id=viewer.project_id, is_admin=True), image_id)


def delete(conn: Connection, image: Image) -> None:
    """Mark the image deleted; the caller removes its bytes after the commit.  Its id stays taken."""
    if image.protected:
        raise Forbidden(f"Image {image.id} is protected and cannot be deleted.")
    values = {"deleted_at": utcnow(), "upload_reserved": 0}
    if not move(conn, image.id, image.status, Status.DELETED, values=values):
        raise Conflict(f"Image {image.id} was changed by another request; try again.")
    records.replace_properties(conn, image.id, {})
    records.replace_tags(conn, image.id, ())
    conn.execute(image_members.delete().where(image_members.c.image_id == image.id))


def deactivate(conn: Connection, image: Image) -> None:
    """Nobody but admins gets the bytes any more.  Nothing happens to a deactivated image."""
    _switch(conn, image, Status.ACTIVE, Status.DEACTIVATED, "deactivate")


def reactivate(conn: Connection, image: Image) -> None:
    """The bytes can be had again.  Nothing happens to an active image."""
    _switch(conn, image, Status.DEACTIVATED, Status.ACTIVE, "reactivate")


def _switch(conn: Connection, image: Image, before: Status, after: Status, verb: str) -> None:
    if image.status == after:
        return
    if image.status != before or not move(conn, image.id, before, after):
        raise Forbidden(f"Not allowed to {verb} image in status '{image.status}'")


def get_for_boot(conn: Connection, project_id: str | None, is_admin: bool, image_id: str) -> BootImage:
    """The image a server is to be made from.

    Raises Invalid, in Nova's words, if it is absent, foreign, not active, without bytes, or nothing that boots.
    """
    image = records.find(conn, Viewer(project_id=project_id, is_admin=is_admin), image_id)
    if image is None:
        raise Invalid("Can not find requested image", code="image_not_found")
    if image.status != Status.ACTIVE:
        raise Invalid(f"Image {image.id} is not active.", code="image_not_active")
    if image.data_missing or image.size is None:
        raise Invalid(
            _unacceptable(image, "its data is lost; upload it again as a new image"), code="image_data_missing"
        )
    if image.disk_format not in _BOOTABLE or image.container_format not in _BOOTABLE_CONTAINERS:
        kind = f"disk format {image.disk_format} in container format {image.container_format} cannot be booted"
        raise Invalid(_unacceptable(image, kind), code="image_not_bootable")
    if image.virtual_size is None or not image.os_hash_algo or not image.os_hash_value:
        raise Invalid(_unacceptable(image, "its content was never checked; upload it again"), code="image_unchecked")
    return BootImage(
        id=image.id,
        name=image.name or "",
        status=image.status,
        disk_format=image.disk_format,
        container_format=image.container_format,
        size=image.size,
        virtual_size=image.virtual_size,
        min_disk=image.min_disk,
        min_ram=image.min_ram,
        hash_algo=image.os_hash_algo,
        hash_value=image.os_hash_value,
        properties=image.properties,
    )


def _unacceptable(image: Image, reason: str) -> str:
    return f"Image {image.id} is unacceptable: {reason}"


def set_tag(conn: Connection, image: Image, tag: str) -> None:
    """The image has the tag."""
    if tag not in image.tags:
        records.replace_tags(conn, image.id, [*image.tags, tag])


def remove_tag(conn: Connection, image: Image, tag: str) -> None:
    """The image does not have the tag any more.  Raises NotFound if it did not."""
    if tag not in image.tags:
        raise NotFound(f"Image {image.id} does not have tag '{tag[:255]}'.")
    records.replace_tags(conn, image.id, [other for other in image.tags if other != tag])
