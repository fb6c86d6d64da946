"""What the keypair calls accept, by microversion."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.compute.schemas.types import END, NAME, PAGING, TEXT, body, many, query
from micronova.web.microversion import Version
from micronova.web.schemas import Schema, Versioned

_KEY: Mapping[str, Schema] = {"name": NAME, "public_key": {"type": "string"}}
_TYPE: Mapping[str, Schema] = {"type": {"type": "string", "enum": ["ssh", "x509"]}}
_USER: Mapping[str, Schema] = {"user_id": {"type": "string", "maxLength": 64}}
_NAME_292: Schema = {**NAME, "pattern": "^[a-zA-Z0-9@._ -]+" + END}

CREATE = Versioned(
    (Version(2, 1), body("keypair", _KEY, ("name",))),
    (Version(2, 2), body("keypair", {**_KEY, **_TYPE}, ("name",))),
    (Version(2, 10), body("keypair", {**_KEY, **_TYPE, **_USER}, ("name",))),
    (Version(2, 92), body("keypair", {**_KEY, **_TYPE, **_USER, "name": _NAME_292}, ("name", "public_key"))),
)

_USER_QUERY: Mapping[str, Schema] = {"user_id": many(TEXT)}
LIST_QUERY = Versioned(
    (Version(2, 1), query({})),
    (Version(2, 10), query(_USER_QUERY)),
    (Version(2, 35), query({**_USER_QUERY, **PAGING})),
    (Version(2, 75), query({**_USER_QUERY, **PAGING}, closed=True)),
)
ONE_QUERY = Versioned(
    (Version(2, 1), query({})),
    (Version(2, 10), query(_USER_QUERY)),
    (Version(2, 75), query(_USER_QUERY, closed=True)),
)
