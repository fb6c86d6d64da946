"""The catalog: what a token's holder sees of services and endpoints, and the rows of our own services in it.

Our own services are stored like all others, with URLs that begin with ``$(base_url)s``: scheme, host and port by
which the request came in (or ``--public-url``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables import identity as t
from micronova.identity import regions
from micronova.identity.endpoints import INTERFACES, rendered
from micronova.identity.records import dumps, loads
from micronova.identity.services import built_in_id


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """A service of our own, below ``path`` of every URL that leads to us."""

    type: str
    name: str
    path: str


BUILT_IN = (
    BuiltIn(type="identity", name="keystone", path="/identity"),
    BuiltIn(type="compute", name="nova", path="/compute/v2.1"),
    BuiltIn(type="image", name="glance", path="/image"),
    BuiltIn(type="placement", name="placement", path="/placement"),
    BuiltIn(type="network", name="neutron", path="/network"),
)


_s, _e = t.services.c, t.endpoints.c
_ENABLED = (
    sa.select(_s.id, _s.type, _s.extra, _e.id.label("endpoint_id"), _e.interface, _e.region_id, _e.url)
    .join(t.endpoints, _e.service_id == _s.id)
    .where(_s.enabled, _e.enabled)
    .order_by(_s.type, _s.id, _e.region_id, _e.interface, _e.id)
)


def for_holder(
    conn: Connection, *, base_url: str, user_id: str, project_id: str | None
) -> Sequence[Mapping[str, object]]:
    """The catalog of a token: enabled services with their enabled endpoints, in Keystone's form."""
    variables = {"base_url": base_url, "user_id": user_id, "project_id": project_id, "tenant_id": project_id}
    rows = conn.execute(_ENABLED)
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        service = found.get(row.id)
        if service is None:
            name = loads(row.extra).get("name", "")
            service = found[row.id] = {"endpoints": [], "id": row.id, "type": row.type, "name": name}
        url = rendered(row.url, variables)
        if url is not None:
            service["endpoints"].append(
                {
                    "id": row.endpoint_id,
                    "interface": row.interface,
                    "region_id": row.region_id,
                    "url": url,
                    "region": row.region_id,
                }
            )
    return list(found.values())


def ensure_built_in(conn: Connection, built_in: Sequence[BuiltIn], region_id: str) -> None:
    """Make the rows of our own services where they are missing; what somebody changed stays as it is."""
    if conn.execute(sa.select(t.regions.c.id).where(t.regions.c.id == region_id)).first() is None:
        regions.create(conn, {"id": region_id})
    services = set(conn.scalars(sa.select(t.services.c.id)))
    for service in built_in:
        service_id = built_in_id(service.type)
        if service_id in services:
            continue
        conn.execute(
            t.services.insert().values(
                id=service_id, type=service.type, enabled=True, extra=dumps({"name": service.name})
            )
        )
        conn.execute(
            t.endpoints.insert(),
            [
                {
                    "id": built_in_id(f"{service.type} {interface}"),
                    "service_id": service_id,
                    "region_id": region_id,
                    "interface": interface,
                    "url": f"$(base_url)s{service.path}",
                    "enabled": True,
                    "extra": "{}",
                }
                for interface in INTERFACES
            ],
        )
