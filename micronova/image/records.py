"""Images as values, read from their tables: who may see which, one or many with properties and tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from micronova.db.tables.image import image_members, image_properties, image_tags, images
from micronova.image.states import Status
from micronova.model.errors import NotFound
from micronova.model.ids import ImageId

VISIBILITIES = ("public", "community", "shared", "private")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Whose eyes: a project, and whether an admin's."""

    project_id: str | None
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image.  Sizes are bytes, ``min_disk`` GiB, ``min_ram`` MiB; ``member`` if it is shared with the viewer."""

    id: ImageId
    name: str | None
    status: Status
    visibility: str
    owner: str | None
    disk_format: str | None
    container_format: str | None
    size: int | None
    virtual_size: int | None
    min_disk: int
    min_ram: int
    protected: bool
    os_hidden: bool
    checksum: str | None
    os_hash_algo: str | None
    os_hash_value: str | None
    created_at: datetime
    updated_at: datetime
    data_missing: bool = False
    uploading: bool = False  # bytes are coming in right now
    member: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()

    def target(self, viewer: Viewer) -> dict[str, object]:
        """What policy rules are checked against: the row's own values."""
        return {
            "project_id": self.owner or "",
            "owner": self.owner or "",
            "visibility": self.visibility,
            "member_id": (viewer.project_id or "") if self.member else "",
        }


_COLUMNS = (
    images.c.id,
    images.c.name,
    images.c.status,
    images.c.visibility,
    images.c.owner,
    images.c.disk_format,
    images.c.container_format,
    images.c.size,
    images.c.virtual_size,
    images.c.min_disk,
    images.c.min_ram,
    images.c.protected,
    images.c.os_hidden,
    images.c.checksum,
    images.c.os_hash_algo,
    images.c.os_hash_value,
    images.c.created_at,
    images.c.updated_at,
    images.c.data_missing,
    images.c.upload_id.is_not(None).label("uploading"),
)


_PROJECT: sa.BindParameter[str] = sa.bindparam("b_project")
_IMAGES: sa.BindParameter[str] = sa.bindparam("b_images", expanding=True)
_PROPERTIES = sa.select(image_properties.c.image_id, image_properties.c.name, image_properties.c.value).where(
    image_properties.c.image_id.in_(_IMAGES)
)
_TAGS = (
    sa.select(image_tags.c.image_id, image_tags.c.value)
    .where(image_tags.c.image_id.in_(_IMAGES))
    .order_by(image_tags.c.value)
)


def is_member(project_id: str | sa.BindParameter[str] | None, *statuses: str) -> sa.ColumnElement[bool]:
    """SQL: the image is shared with the project (with one of these member statuses, if given)."""
    where = [image_members.c.image_id == images.c.id, image_members.c.member_id == project_id]
    if statuses:
        where.append(image_members.c.status.in_(statuses))
    return sa.exists().where(*where)


def visible_to(viewer: Viewer) -> sa.ColumnElement[bool]:
    """SQL: the viewer may know that the image exists."""
    return _visible(viewer.project_id, is_admin=viewer.is_admin)


def _visible(project_id: str | sa.BindParameter[str] | None, *, is_admin: bool) -> sa.ColumnElement[bool]:
    if is_admin:
        return sa.true()
    return sa.or_(
        images.c.owner == project_id,
        images.c.visibility.in_(("public", "community")),
        sa.and_(images.c.visibility == "shared", is_member(project_id)),
    )


@cache
def _find_statement(*, scoped: bool, is_admin: bool) -> sa.Select[Any]:
    project = _PROJECT if scoped else None
    return sa.select(*_COLUMNS, is_member(project).label("member")).where(
        images.c.id == sa.bindparam("b_image"), images.c.status != Status.DELETED, _visible(project, is_admin=is_admin)
    )


def get(conn: Connection, viewer: Viewer, image_id: str) -> Image:
    """The image, if the viewer may see it.  Raises NotFound, the same for absent and foreign (T-PEER7)."""
    found = find(conn, viewer, image_id)
    if found is None:
        raise NotFound(f"No image found with ID {image_id[:255]}")
    return found


def find(conn: Connection, viewer: Viewer, image_id: str) -> Image | None:
    """The image, if it exists, is not deleted, and the viewer may see it."""
    statement = _find_statement(scoped=viewer.project_id is not None, is_admin=viewer.is_admin)
    row = conn.execute(statement, {"b_image": image_id, "b_project": viewer.project_id}).first()
    return None if row is None else read_all(conn, [row])[0]


def select() -> sa.Select[Any]:
    """The query of an image's own columns, for lists; give its rows to ``read_all``."""
    return sa.select(*_COLUMNS)


def read_all(conn: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Image]:
    """Images of rows, with their properties and tags, by two queries however many there are."""
    ids = {"b_images": [row.id for row in rows]}
    properties = _grouped(conn.execute(_PROPERTIES, ids) if rows else ())
    tags = _grouped(conn.execute(_TAGS, ids) if rows else ())
    result = []
    for row in rows:
        values = dict(row._mapping)
        values["status"] = Status(values["status"])
        values["updated_at"] = values["updated_at"] or values["created_at"]
        result.append(
            Image(
                **values,
                properties=dict(properties.get(row.id, ())),
                tags=tuple(tag for (tag,) in tags.get(row.id, ())),
            )
        )
    return result


def _grouped(rows: Iterable[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for image_id, *rest in rows:
        groups.setdefault(image_id, []).append(rest)
    return groups


def replace_properties(conn: Connection, image_id: str, properties: Mapping[str, str]) -> None:
    """The image has these properties and no others."""
    conn.execute(image_properties.delete().where(image_properties.c.image_id == image_id))
    if properties:
        conn.execute(
            image_properties.insert(),
            [{"image_id": image_id, "name": name, "value": value} for name, value in properties.items()],
        )


def replace_tags(conn: Connection, image_id: str, tags: Iterable[str]) -> None:
    """The image has these tags and no others."""
    conn.execute(image_tags.delete().where(image_tags.c.image_id == image_id))
    rows = [{"image_id": image_id, "value": tag} for tag in dict.fromkeys(tags)]
    if rows:
        conn.execute(image_tags.insert(), rows)
