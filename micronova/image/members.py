"""Members of shared images: the projects that an image is shared with, and whether they accepted it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.image import image_members
from micronova.image.records import Image
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Forbidden, NotFound, TooLarge


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A project that an image is shared with.  ``status``: pending, accepted or rejected."""

    image_id: str
    member_id: str
    status: str
    created_at: datetime
    updated_at: datetime


def of_image(conn: Connection, image: Image) -> list[Member]:
    """All members, the oldest first.  Raises Forbidden for an image that is not shared."""
    if image.visibility != "shared":
        raise Forbidden("Only shared images have members.")
    rows = conn.execute(
        sa.select(image_members)
        .where(image_members.c.image_id == image.id)
        .order_by(image_members.c.created_at, image_members.c.member_id)
    )
    return [Member(**dict(row._mapping)) for row in rows]


def get(conn: Connection, image: Image, member_id: str) -> Member:
    """One member.  Raises NotFound."""
    for member in of_image(conn, image):
        if member.member_id == member_id:
            return member
    raise NotFound(f"{member_id[:255]} not found in the member list of the image {image.id}.")


def add(conn: Connection, image: Image, member_id: str, *, limit: int) -> Member:
    """Share the image with a project, pending until it accepts."""
    present = of_image(conn, image)
    if any(member.member_id == member_id for member in present):
        raise Conflict(f"Member {member_id} is duplicated for image {image.id}")
    if 0 <= limit <= len(present):
        raise TooLarge(
            f"Image member limit exceeded for image {image.id}: The limit has been exceeded on the number of allowed "
            f"image members for this image. Attempted: {len(present) + 1}, Maximum: {limit}"
        )
    now = utcnow()
    member = Member(image_id=image.id, member_id=member_id, status="pending", created_at=now, updated_at=now)
    try:
        conn.execute(
            image_members.insert().values(
                image_id=image.id, member_id=member_id, status="pending", created_at=now, updated_at=now
            )
        )
    except sa.exc.IntegrityError as err:
        raise Conflict(f"Member {member_id} is duplicated for image {image.id}") from err
    return member


def set_status(conn: Connection, image: Image, member_id: str, status: str) -> Member:
    """The member accepts or rejects."""
    get(conn, image, member_id)
    conn.execute(
        image_members.update()
        .where(image_members.c.image_id == image.id, image_members.c.member_id == member_id)
        .values(status=status, updated_at=utcnow())
    )
    return get(conn, image, member_id)


def remove(conn: Connection, image: Image, member_id: str) -> None:
    """The image is not shared with the project any more."""
    get(conn, image, member_id)
    conn.execute(
        image_members.delete().where(image_members.c.image_id == image.id, image_members.c.member_id == member_id)
    )
