"""What the flavor calls accept, by microversion."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.compute.schemas.types import (
    BOOLEAN,
    DESCRIPTION,
    END,
    MAX_INT,
    METADATA_KEY,
    NAME,
    NON_NEGATIVE,
    NUMBER_TEXT,
    POSITIVE,
    PROJECT_ID,
    TEXT,
    body,
    many,
    query,
)
from micronova.web.microversion import Version
from micronova.web.schemas import Schema, Versioned

_FLAVOR_ID: Schema = {
    "type": ["string", "number", "null"],
    "minLength": 1,
    "maxLength": 255,
    "pattern": r"^(?! )[a-zA-Z0-9. _-]+(?<! )" + END,
}
_CREATE: Mapping[str, Schema] = {
    "name": NAME,
    "id": _FLAVOR_ID,
    "ram": POSITIVE,
    "vcpus": POSITIVE,
    "disk": NON_NEGATIVE,
    "OS-FLV-EXT-DATA:ephemeral": NON_NEGATIVE,
    "swap": NON_NEGATIVE,
    "os-flavor-access:is_public": BOOLEAN,
}
_RXTX: Mapping[str, Schema] = {
    "rxtx_factor": {
        "type": ["number", "string"],
        "pattern": r"^[0-9]{1,10}(\.[0-9]{1,10})?" + END,
        "exclusiveMinimum": 0,
        "maximum": MAX_INT,
    }
}
_DESCRIPTION: Mapping[str, Schema] = {"description": DESCRIPTION}
_REQUIRED = ("name", "ram", "vcpus", "disk")

CREATE = Versioned(
    (Version(2, 1), body("flavor", {**_CREATE, **_RXTX}, _REQUIRED)),
    (Version(2, 55), body("flavor", {**_CREATE, **_RXTX, **_DESCRIPTION}, _REQUIRED)),
    (Version(2, 102), body("flavor", {**_CREATE, **_DESCRIPTION}, _REQUIRED)),
)
UPDATE = Versioned((Version(2, 55), body("flavor", _DESCRIPTION, ("description",))))

_LIST: Mapping[str, Schema] = {
    "limit": many(NUMBER_TEXT),
    "marker": many(TEXT),
    "is_public": many(TEXT),
    "minRam": many(TEXT),
    "minDisk": many(TEXT),
    "sort_key": many(TEXT),
    "sort_dir": many(TEXT),
}
LIST_QUERY = Versioned(
    (Version(2, 1), query(_LIST)),
    (Version(2, 75), query(_LIST, closed=True)),
    (Version(2, 102), query({**_LIST, "name": many(TEXT)}, closed=True)),
)
NO_QUERY = Versioned((Version(2, 1), query({})), (Version(2, 102), query({}, closed=True)))

_ACCESS = {"tenant": {**PROJECT_ID, "minLength": 1}}
ADD_ACCESS = body("addTenantAccess", _ACCESS, ("tenant",))
REMOVE_ACCESS = body("removeTenantAccess", _ACCESS, ("tenant",))
ACTION = Versioned.always(
    {
        "type": "object",
        "properties": {**ADD_ACCESS["properties"], **REMOVE_ACCESS["properties"]},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
)

_SPECS: Schema = {
    "type": "object",
    "patternProperties": {METADATA_KEY: {"type": ["string", "number"], "maxLength": 255}},
    "additionalProperties": False,
}
CREATE_SPECS = Versioned.always(
    {
        "type": "object",
        "properties": {"extra_specs": _SPECS},
        "required": ["extra_specs"],
        "additionalProperties": False,
    }
)
UPDATE_SPEC = Versioned.always({**_SPECS, "minProperties": 1, "maxProperties": 1})
