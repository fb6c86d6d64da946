"""Query strings of tenant usage, by microversion."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.compute.schemas.types import PAGING, TEXT, many, query
from micronova.web.microversion import Version
from micronova.web.schemas import Schema, Versioned

_SPAN: Mapping[str, Schema] = {"start": many(TEXT), "end": many(TEXT)}
_LIST: Mapping[str, Schema] = {**_SPAN, "detailed": many(TEXT)}
LIST_QUERY = Versioned(
    (Version(2, 1), query(_LIST)),
    (Version(2, 40), query({**_LIST, **PAGING})),
    (Version(2, 75), query({**_LIST, **PAGING}, closed=True)),
)
ONE_QUERY = Versioned(
    (Version(2, 1), query(_SPAN)),
    (Version(2, 40), query({**_SPAN, **PAGING})),
    (Version(2, 75), query({**_SPAN, **PAGING}, closed=True)),
)
