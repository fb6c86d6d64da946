"""What the calls for hypervisors, services, hosts, zones and aggregates accept, by microversion."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.compute.schemas.types import (
    BOOLEAN,
    HOST,
    LOOSE_NAME,
    METADATA_OR_NULL,
    NAME,
    PAGING,
    SINGLE_PAGING,
    TEXT,
    body,
    many,
    query,
    single,
)
from micronova.web.microversion import Version
from micronova.web.schemas import Schema, Versioned

_WITH_SERVERS: Mapping[str, Schema] = {"with_servers": single(BOOLEAN)}
_HYPERVISORS_253 = {**SINGLE_PAGING, **_WITH_SERVERS, "hypervisor_hostname_pattern": single(HOST)}
HYPERVISORS_QUERY = Versioned(
    (Version(2, 1), query({})),
    (Version(2, 33), query(PAGING)),
    (Version(2, 53), query(_HYPERVISORS_253, closed=True)),
)
HYPERVISOR_QUERY = Versioned((Version(2, 1), query({})), (Version(2, 53), query(_WITH_SERVERS, closed=True)))

_SERVICES: Mapping[str, Schema] = {"host": many(TEXT), "binary": many(TEXT)}
SERVICES_QUERY = Versioned((Version(2, 1), query(_SERVICES)), (Version(2, 75), query(_SERVICES, closed=True)))

_BINARY: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
_REASON: Schema = {"type": "string", "minLength": 1, "maxLength": 255}


def _plain(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


_BY_HOST: Mapping[str, Schema] = {"host": HOST, "binary": _BINARY, "disabled_reason": _REASON}
SERVICE_UPDATE = Versioned(
    (Version(2, 1), _plain(_BY_HOST, ("host", "binary"))),
    (Version(2, 11), _plain({**_BY_HOST, "forced_down": BOOLEAN}, ("host", "binary"))),
    (
        Version(2, 53),
        _plain(
            {
                "status": {"type": "string", "enum": ["enabled", "disabled"]},
                "disabled_reason": _REASON,
                "forced_down": BOOLEAN,
            }
        ),
    ),
)

HOSTS_QUERY = Versioned.always(query({"zone": many(TEXT)}))

_ZONE_NAME: Schema = {"type": ["string", "null"], "minLength": 1, "maxLength": 255, "format": "zone-name"}
AGGREGATE_CREATE = Versioned.always(body("aggregate", {"name": NAME, "availability_zone": _ZONE_NAME}, ("name",)))
AGGREGATE_UPDATE = Versioned.always(
    body("aggregate", {"name": LOOSE_NAME, "availability_zone": _ZONE_NAME}, minProperties=1)
)
_ADD = body("add_host", {"host": HOST}, ("host",))
_REMOVE = body("remove_host", {"host": HOST}, ("host",))
_METADATA = body("set_metadata", {"metadata": METADATA_OR_NULL}, ("metadata",))
AGGREGATE_ACTION = Versioned.always(
    {
        "type": "object",
        "properties": {**_ADD["properties"], **_REMOVE["properties"], **_METADATA["properties"]},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
)
