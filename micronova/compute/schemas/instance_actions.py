"""Query strings of the list of a server's actions, by microversion."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.compute.schemas.types import SINGLE_PAGING, query, single
from micronova.web.microversion import Version
from micronova.web.schemas import Schema, Versioned

_TIME: Schema = {"type": "string", "maxLength": 64, "format": "iso-date-time"}
_SINCE: Mapping[str, Schema] = {**SINGLE_PAGING, "changes-since": single(_TIME)}
LIST_QUERY = Versioned(
    (Version(2, 1), query({})),
    (Version(2, 58), query(_SINCE, closed=True)),
    (Version(2, 66), query({**_SINCE, "changes-before": single(_TIME)}, closed=True)),
)
