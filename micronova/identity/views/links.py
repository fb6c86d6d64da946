"""Links and lists, as Keystone wraps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from micronova.web.paging import next_href
from micronova.web.request import Request

PREFIX = "/identity"
Document = Mapping[str, Any]


def href(base_url: str, *segments: str) -> str:
    """The URL of something below /v3."""
    return f"{base_url}{PREFIX}/v3/" + "/".join(quote(segment, safe="") for segment in segments)


def listed(request: Request, noun: str, documents: Sequence[Document]) -> dict[str, Any]:
    """A list with its links; ``next`` when the query set a limit and the page is full."""
    path = request.url_path
    query = f"?{urlencode(request.query.multi_items())}" if request.query else ""
    limit = request.query.get("limit")
    following = None
    if limit is not None and documents and len(documents) == int(limit) and "id" in documents[-1]:
        following = next_href(request, path, documents[-1]["id"])
    links = {"next": following, "self": f"{request.base_url}{path}{query}", "previous": None}
    return {"links": links, noun: documents}
