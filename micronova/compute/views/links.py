"""Links in documents: a resource's own two, and the next page of a list."""

from __future__ import annotations

from micronova.web.paging import next_href
from micronova.web.request import Request

PREFIX = "/compute"
Links = list[dict[str, str]]


def own_links(req: Request, path: str) -> Links:
    """``self`` and ``bookmark`` of the resource at ``path`` ("/flavors/7")."""
    return [
        {"rel": "self", "href": f"{req.base_url}{PREFIX}/v2.1{path}"},
        {"rel": "bookmark", "href": f"{req.base_url}{PREFIX}{path}"},
    ]


def next_links(req: Request, marker: str) -> Links:
    """``next``: the same request, after the item ``marker``."""
    return [{"rel": "next", "href": next_href(req, req.url_path, marker)}]
