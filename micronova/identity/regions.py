"""Regions: where endpoints are, and which region is part of which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from starlette.datastructures import QueryParams

from micronova.db.tables import identity as t
from micronova.identity.listing import filtered, paged
from micronova.identity.records import dumps, loads, merged, missing, split, unique
from micronova.model.errors import Conflict, Invalid
from micronova.model.ids import new_hex

_REGION = frozenset({"description", "parent_region_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region."""

    id: str
    description: str
    parent_region_id: str | None
    extra: Mapping[str, Any] = field(default_factory=dict)


def get(conn: Connection, region_id: str) -> Region:
    """The region with this id.  Raises NotFound."""
    row = conn.execute(sa.select(t.regions).where(t.regions.c.id == region_id)).one_or_none()
    if row is None:
        raise missing("region", region_id)
    return _region(row)


def search(conn: Connection, query: QueryParams) -> Sequence[Region]:
    """A page of regions."""
    c = t.regions.c
    statement = filtered(sa.select(t.regions), query, {"parent_region_id": c.parent_region_id})
    return [_region(row) for row in conn.execute(paged(statement, query, c.id))]


def create(conn: Connection, body: Mapping[str, Any]) -> Region:
    """Make a region, under the id in ``body`` if any.  Raises Conflict, NotFound for an unknown parent."""
    known, extra = split(body, _REGION)
    region_id = body.get("id") or new_hex()
    if known.get("parent_region_id") is not None:
        get(conn, known["parent_region_id"])
    with unique("region", f"ID {region_id}"):
        conn.execute(
            t.regions.insert().values(
                id=region_id,
                description=known.get("description") or "",
                parent_region_id=known.get("parent_region_id"),
                extra=dumps(merged({}, extra)),
            )
        )
    return get(conn, region_id)


def update(conn: Connection, region: Region, body: Mapping[str, Any]) -> Region:
    """Change a region.  Raises Invalid for a circle of parents, NotFound for an unknown one."""
    known, extra = split(body, _REGION)
    above = known.get("parent_region_id")
    while above is not None:
        if above == region.id:
            raise Invalid(f"Region {region.id} cannot be below itself.")
        above = get(conn, above).parent_region_id
    conn.execute(
        t.regions.update()
        .where(t.regions.c.id == region.id)
        .values(
            description=known.get("description", region.description) or "",
            parent_region_id=known.get("parent_region_id", region.parent_region_id),
            extra=dumps(merged(region.extra, extra)),
        )
    )
    return get(conn, region.id)


def delete(conn: Connection, region: Region) -> None:
    """Delete a region.  Raises Conflict while regions or endpoints are in it."""
    for column in (t.regions.c.parent_region_id, t.endpoints.c.region_id):
        if conn.execute(sa.select(column).where(column == region.id).limit(1)).first() is not None:
            raise Conflict(f"Unable to delete region {region.id} because it or its child regions have endpoints.")
    conn.execute(t.regions.delete().where(t.regions.c.id == region.id))


def _region(row: Row[Any]) -> Region:
    return Region(id=row.id, description=row.description, parent_region_id=row.parent_region_id, extra=loads(row.extra))
