"""Endpoints of the catalog: the URL of a service for one interface in one region, with variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from starlette.datastructures import QueryParams

from micronova.db.tables import identity as t
from micronova.identity import regions
from micronova.identity.listing import filtered, paged
from micronova.identity.records import dumps, loads, merged, missing, split
from micronova.model.errors import Invalid
from micronova.model.ids import new_hex

INTERFACES = ("public", "internal", "admin")
_VARIABLE = re.compile(r"[$%]\((\w+)\)s")
_VARIABLES = frozenset({"base_url", "project_id", "tenant_id", "user_id"})
_ENDPOINT = frozenset({"service_id", "region_id", "region", "interface", "url", "enabled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEndpoint:
    """Where a service is found, for one interface in one region."""

    id: str
    service_id: str
    region_id: str | None
    interface: str
    url: str
    enabled: bool
    extra: Mapping[str, Any] = field(default_factory=dict)


def rendered(url: str, variables: Mapping[str, str | None]) -> str | None:
    """``url`` with its variables in place; None if it needs one that there is not (a project, for instance)."""
    wanted = set(_VARIABLE.findall(url))
    if any(variables.get(name) is None for name in wanted):
        return None
    return _VARIABLE.sub(lambda match: str(variables[match[1]]), url)


def get(conn: Connection, endpoint_id: str) -> CatalogEndpoint:
    """The endpoint with this id.  Raises NotFound."""
    row = conn.execute(sa.select(t.endpoints).where(t.endpoints.c.id == endpoint_id)).one_or_none()
    if row is None:
        raise missing("endpoint", endpoint_id)
    return _endpoint(row)


def search(conn: Connection, query: QueryParams) -> Sequence[CatalogEndpoint]:
    """A page of endpoints."""
    c = t.endpoints.c
    columns = {"interface": c.interface, "service_id": c.service_id, "region_id": c.region_id, "region": c.region_id}
    return [
        _endpoint(row) for row in conn.execute(paged(filtered(sa.select(t.endpoints), query, columns), query, c.id))
    ]


def create(conn: Connection, body: Mapping[str, Any]) -> CatalogEndpoint:
    """Make an endpoint.  Raises Invalid for an unknown service or region, or a URL with unknown variables."""
    known, extra = split(body, _ENDPOINT)
    values = _values(conn, known)
    new_id = new_hex()
    conn.execute(t.endpoints.insert().values(id=new_id, **values, extra=dumps(merged({}, extra))))
    return get(conn, new_id)


def update(conn: Connection, endpoint: CatalogEndpoint, body: Mapping[str, Any]) -> CatalogEndpoint:
    """Change an endpoint.  Raises as ``create_endpoint`` does."""
    known, extra = split(body, _ENDPOINT)
    values = {**_values(conn, known), "extra": dumps(merged(endpoint.extra, extra))}
    conn.execute(t.endpoints.update().where(t.endpoints.c.id == endpoint.id).values(**values))
    return get(conn, endpoint.id)


def delete(conn: Connection, endpoint: CatalogEndpoint) -> None:
    """Delete an endpoint."""
    conn.execute(t.endpoints.delete().where(t.endpoints.c.id == endpoint.id))


def _values(conn: Connection, known: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: known[name] for name in ("service_id", "interface", "url", "enabled") if name in known}
    service_id = values.get("service_id")
    if service_id is not None and not _exists(conn, t.services.c.id, service_id):
        raise Invalid(f"The service_id {service_id} does not exist.")
    unknown = set(_VARIABLE.findall(values.get("url", ""))) - _VARIABLES
    if unknown:
        raise Invalid(f"The url has unknown variables: {', '.join(sorted(unknown))}.")
    if "region_id" in known or "region" in known:
        region_id = known.get("region_id", known.get("region"))
        if region_id is not None and not _exists(conn, t.regions.c.id, region_id):
            if "region_id" in known:
                raise Invalid(f"The region_id {region_id} does not exist.")
            regions.create(conn, {"id": region_id})  # by its old name a region comes into being, as in Keystone
        values["region_id"] = region_id
    return values


def _exists(conn: Connection, column: sa.Column[str], value: str) -> bool:
    return conn.execute(sa.select(column).where(column == value)).first() is not None


def _endpoint(row: Row[Any]) -> CatalogEndpoint:
    return CatalogEndpoint(
        id=row.id,
        service_id=row.service_id,
        region_id=row.region_id,
        interface=row.interface,
        url=row.url,
        enabled=row.enabled,
        extra=loads(row.extra),
    )
