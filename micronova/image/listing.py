"""Lists of images: Glance's filters with operators, several sort keys, and pages by marker; one query for the ids."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.image import image_properties, image_tags, images
from micronova.image import records
from micronova.image.records import VISIBILITIES, Image, Viewer, is_member
from micronova.image.states import Status
from micronova.model.errors import Invalid

SORT_KEYS = (
    "name",
    "status",
    "container_format",
    "disk_format",
    "size",
    "id",
    "created_at",
    "updated_at",
    "os_hidden",
    "visibility",
    "owner",
    "protected",
    "min_disk",
    "min_ram",
    "virtual_size",
    "checksum",
)
_EQUAL = ("owner", "checksum", "os_hash_algo", "os_hash_value")
_IN = ("id", "name", "status", "disk_format", "container_format")
_BOOLEAN = ("protected", "os_hidden")
_NUMBERS = ("size", "min_disk", "min_ram", "virtual_size")
_DATES = ("created_at", "updated_at")
_OPERATORS = ("gt", "gte", "lt", "lte", "eq", "neq")
_MEMBER_STATUSES = ("accepted", "pending", "rejected")
_MAX_INT = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """A page of a list: SQL conditions, sort keys with directions, and where to begin."""

    where: Sequence[sa.ColumnElement[bool]]
    sort: Sequence[tuple[str, str]]
    limit: int
    marker: str | None


def request_of(viewer: Viewer, items: Sequence[tuple[str, str]], *, default_limit: int, max_limit: int) -> ListRequest:
    """Read a query string.  Raises Invalid, naming the parameter."""
    sort_keys: list[str] = []
    sort_dirs: list[str] = []
    sort_new: str | None = None
    limit, marker = default_limit, None
    visibility, member_status, hidden = "", "accepted", False
    where: list[sa.ColumnElement[bool]] = []
    for name, value in items:
        if name == "limit":
            limit = min(_limit(value), max_limit)
        elif name == "marker":
            marker = value or None
        elif name == "sort":
            sort_new = value
        elif name == "sort_key":
            sort_keys.append(value.strip())
        elif name == "sort_dir":
            sort_dirs.append(value.strip())
        elif name == "visibility":
            visibility = _one_of(name, value, (*VISIBILITIES, "all"))
        elif name == "member_status":
            member_status = _one_of(name, value, (*_MEMBER_STATUSES, "all"))
        else:
            hidden = hidden or name == "os_hidden"
            where.append(_condition(name, value))
    if not hidden:
        where.append(images.c.os_hidden.is_(False))
    where += [images.c.status != Status.DELETED, _shown_to(viewer, visibility, member_status)]
    return ListRequest(where=where, sort=_sort(sort_new, sort_keys, sort_dirs), limit=limit, marker=marker)


def page(conn: Connection, viewer: Viewer, request: ListRequest) -> list[Image]:
    """The images of one page.  Raises Invalid for a marker that is no image of the viewer's."""
    columns = [_sortable(key) for key, _ in request.sort]
    query = records.select().where(*request.where)
    if request.marker is not None:
        if records.find(conn, viewer, request.marker) is None:
            raise Invalid(f"Image {request.marker[:255]}, given as marker, could not be found.")
        at = conn.execute(sa.select(*columns).where(images.c.id == request.marker)).one()
        query = query.where(_after(columns, [direction for _, direction in request.sort], tuple(at)))
    for column, (_, direction) in zip(columns, request.sort, strict=True):
        query = query.order_by(column.desc() if direction == "desc" else column.asc())
    return records.read_all(conn, conn.execute(query.limit(request.limit)).all()) if request.limit else []


def _shown_to(viewer: Viewer, visibility: str, member_status: str) -> sa.ColumnElement[bool]:
    """Which images a list shows.  Community images of others only when asked for; shared ones when accepted."""
    mine = images.c.owner == viewer.project_id
    statuses = () if member_status == "all" else (member_status,)
    shared = sa.and_(images.c.visibility == "shared", is_member(viewer.project_id, *statuses))
    chosen = images.c.visibility == visibility
    if viewer.is_admin:
        return sa.true() if visibility in ("", "all") else chosen
    if visibility in ("public", "community"):
        return chosen
    if visibility == "shared":
        return sa.or_(sa.and_(mine, chosen), shared)
    if visibility == "private":
        return sa.and_(mine, chosen)
    anybodys = ("public", "community") if visibility == "all" else ("public",)
    return sa.or_(mine, images.c.visibility.in_(anybodys), shared)


def _condition(name: str, value: str) -> sa.ColumnElement[bool]:
    if "\x00" in value or "\x00" in name:
        raise Invalid(f"Invalid filter value for {name[:64]!r}.")
    column: Any = images.c.get(name)
    if name in _IN:
        if name == "status" and not value.startswith("in:"):
            _one_of(name, value, tuple(Status))
        return _one_or_in(column, value)
    if name in _EQUAL:
        return _equals(column, value)
    if name in _BOOLEAN:
        return _equals(column, _one_of(name, value.lower(), ("true", "false")) == "true")
    if name == "tag":
        return sa.exists().where(image_tags.c.image_id == images.c.id, image_tags.c.value == value)
    if name in _DATES:
        return _date_condition(column, name, value)
    base, _, bound = name.rpartition("_")
    if base in _NUMBERS and bound in ("min", "max"):
        number, column = _number(name, value), images.c[base]
        return sa.and_(column >= number) if bound == "min" else sa.and_(column <= number)
    if name in _NUMBERS:
        return _equals(column, _number(name, value))
    return sa.exists().where(
        image_properties.c.image_id == images.c.id,
        image_properties.c.name == name,
        image_properties.c.value == value,
    )


def _equals(column: Any, value: object) -> sa.ColumnElement[bool]:
    """SQL: ``column`` is ``value``."""
    return sa.and_(column == value)


def _one_or_in(column: Any, value: str) -> sa.ColumnElement[bool]:
    """SQL for ``value`` or ``in:value,"va,lue"``."""
    if not value.startswith("in:"):
        return _equals(column, value.removeprefix("eq:") if value.startswith("eq:") else value)
    try:
        values = next(csv.reader([value[3:]], strict=True))
    except (csv.Error, StopIteration) as err:
        raise Invalid(f"Invalid filter value {value[:255]}. The quote is not closed.") from err
    if not all(values):
        raise Invalid(f"Invalid filter value {value[:255]}. There is no comma or quote too many allowed.")
    return sa.and_(column.in_(values))


def _date_condition(column: Any, name: str, value: str) -> sa.ColumnElement[bool]:
    operator, colon, rest = value.partition(":")
    if not colon or operator not in _OPERATORS:
        if colon and operator.isalpha():
            raise Invalid(f"Unable to filter by unknown operator '{operator[:32]}'.")
        operator, rest = "eq", value
    try:
        when = datetime.fromisoformat(rest)
    except ValueError as err:
        raise Invalid(f"Invalid filter value {rest[:64]} for {name}; give an ISO 8601 time.") from err
    if when.tzinfo is not None:
        when = when.astimezone(UTC).replace(tzinfo=None)
    method = {"gt": "__gt__", "gte": "__ge__", "lt": "__lt__", "lte": "__le__", "eq": "__eq__", "neq": "__ne__"}
    return sa.and_(getattr(column, method[operator])(when))


def _sort(new: str | None, keys: Sequence[str], dirs: Sequence[str]) -> list[tuple[str, str]]:
    if new is not None:
        if keys or dirs:
            raise Invalid("Old and new sorting syntax cannot be combined")
        pairs = []
        for part in new.split(","):
            key, _, direction = part.strip().partition(":")
            pairs.append((key, direction or "desc"))
    else:
        if len(dirs) > 1 and len(dirs) != len(keys):
            raise Invalid("Number of sort dirs does not match the number of sort keys")
        names = list(keys) or ["created_at"]
        pairs = [(key, dirs[n] if len(dirs) > 1 else (dirs[0] if dirs else "desc")) for n, key in enumerate(names)]
    result: dict[str, str] = {}
    for key, direction in pairs:
        if key not in SORT_KEYS:
            raise Invalid(f"Invalid sort key: {key[:64]}. It must be one of the following: {', '.join(SORT_KEYS)}.")
        if direction not in ("asc", "desc"):
            raise Invalid(f"Invalid sort direction: {direction[:64]}")
        result.setdefault(key, direction)
    last = pairs[0][1]
    for key in ("created_at", "id"):  # so that the order is the same every time
        result.setdefault(key, last)
    return list(result.items())


def _sortable(key: str) -> Any:
    """A sort key that is never NULL, so that it can be compared on both databases."""
    column = images.c[key]
    if not column.nullable:
        return column
    if key == "updated_at":
        return sa.func.coalesce(column, images.c.created_at)
    if isinstance(column.type, sa.BigInteger):
        return sa.func.coalesce(column, -1)
    return sa.func.coalesce(column, "")


def _after(columns: Sequence[Any], directions: Sequence[str], at: Sequence[Any]) -> sa.ColumnElement[bool]:
    """SQL: behind the marker in the order of the columns."""
    alternatives = []
    for n, (column, direction) in enumerate(zip(columns, directions, strict=True)):
        equal = [earlier == value for earlier, value in zip(columns[:n], at[:n], strict=True)]
        beyond = column < at[n] if direction == "desc" else column > at[n]
        alternatives.append(sa.and_(*equal, beyond))
    return sa.or_(*alternatives)


def _limit(value: str) -> int:
    if not value.isascii() or not value.removeprefix("-").isdigit():
        raise Invalid("limit param must be an integer")
    if value.startswith("-"):
        raise Invalid("limit param must be positive")
    return int(value[:12])


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value[:20]) > _MAX_INT:
        raise Invalid(f"Invalid filter value {value[:64]} for {name}; give an integer.")
    return int(value)


def _one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise Invalid(f"Invalid {name} value: {value[:64]}; it must be one of {', '.join(allowed)}.")
    return value
