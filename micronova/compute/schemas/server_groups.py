"""What the server group calls accept, by microversion."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.compute.schemas.types import NAME, NUMBER_TEXT, POSITIVE, TEXT, body, many, query
from micronova.web.microversion import Version
from micronova.web.schemas import Schema, Versioned

_HARD = ["anti-affinity", "affinity"]
_ALL = [*_HARD, "soft-anti-affinity", "soft-affinity"]


def _policies(known: list[str]) -> Mapping[str, Schema]:
    return {"policies": {"type": "array", "items": {"enum": known}, "minItems": 1, "maxItems": 1}}


_POLICY: Mapping[str, Schema] = {
    "policy": {"enum": _ALL},
    "rules": {
        "type": "object",
        "properties": {"max_server_per_host": POSITIVE},
        "additionalProperties": False,
    },
}
CREATE = Versioned(
    (Version(2, 1), body("server_group", {"name": NAME, **_policies(_HARD)}, ("name", "policies"))),
    (Version(2, 15), body("server_group", {"name": NAME, **_policies(_ALL)}, ("name", "policies"))),
    (Version(2, 64), body("server_group", {"name": NAME, **_POLICY}, ("name", "policy"))),
)
_LIST: Mapping[str, Schema] = {"all_projects": many(TEXT), "limit": many(NUMBER_TEXT), "offset": many(NUMBER_TEXT)}
LIST_QUERY = Versioned((Version(2, 1), query(_LIST)), (Version(2, 75), query(_LIST, closed=True)))
