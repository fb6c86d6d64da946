"""Services of the catalog, our own and others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from starlette.datastructures import QueryParams

from micronova.db.tables import identity as t
from micronova.identity.listing import filtered, paged
from micronova.identity.records import dumps, loads, merged, missing, split
from micronova.model.errors import Forbidden
from micronova.model.ids import new_hex

_SERVICE = frozenset({"type", "enabled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogService:
    """A service; its name and description are in ``extra``, as in Keystone."""

    id: str
    type: str
    enabled: bool
    extra: Mapping[str, Any] = field(default_factory=dict)


def get(conn: Connection, service_id: str) -> CatalogService:
    """The service with this id.  Raises NotFound."""
    row = conn.execute(sa.select(t.services).where(t.services.c.id == service_id)).one_or_none()
    if row is None:
        raise missing("service", service_id)
    return _service(row)


def search(conn: Connection, query: QueryParams) -> Sequence[CatalogService]:
    """A page of services, by type and name."""
    statement = filtered(sa.select(t.services), query, {"type": t.services.c.type})
    found = [_service(row) for row in conn.execute(paged(statement, query, t.services.c.id))]
    if "name" in query:
        found = [service for service in found if service.extra.get("name") == query["name"]]
    return found


def create(conn: Connection, body: Mapping[str, Any]) -> CatalogService:
    """Make a service."""
    known, extra = split(body, _SERVICE)
    new_id = new_hex()
    conn.execute(t.services.insert().values(id=new_id, **known, extra=dumps(merged({}, extra))))
    return get(conn, new_id)


def update(conn: Connection, service: CatalogService, body: Mapping[str, Any]) -> CatalogService:
    """Change a service."""
    known, extra = split(body, _SERVICE)
    values = {**known, "extra": dumps(merged(service.extra, extra))}
    conn.execute(t.services.update().where(t.services.c.id == service.id).values(**values))
    return get(conn, service.id)


def delete(conn: Connection, service: CatalogService) -> None:
    """Delete a service with its endpoints.  One of our own would be back at the next start: disable it instead."""
    if service.id == built_in_id(service.type):
        raise Forbidden(f"The built-in service {service.type} cannot be deleted; set enabled to false instead.")
    conn.execute(t.services.delete().where(t.services.c.id == service.id))


def built_in_id(text: str) -> str:
    """The id of a row of our own: the same in every installation, so that it is made once."""
    return hashlib.sha256(f"micronova catalog {text}".encode()).hexdigest()[:32]


def _service(row: Row[Any]) -> CatalogService:
    return CatalogService(id=row.id, type=row.type, enabled=row.enabled, extra=loads(row.extra))
