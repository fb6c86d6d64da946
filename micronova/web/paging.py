"""``limit``, ``marker`` and sorting, as Nova, Glance and Neutron read them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from micronova.model.errors import Invalid
from micronova.web.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list: at most ``limit`` items after the one with id ``marker``."""

    limit: int
    marker: str | None = None

    @classmethod
    def of(cls, query: QueryParams, *, max_limit: int, default_limit: int | None = None) -> Page:
        """From the query string.  Raises Invalid for a limit that is no number or negative."""
        text = query.get("limit")
        limit = default_limit if default_limit is not None else max_limit
        if text is not None:
            if not text.isdigit() or len(text) > 9:
                raise Invalid(
                    f"Invalid input for query parameters limit. Value: {text[:64]}. limit must be an integer >= 0"
                )
            limit = min(int(text), max_limit)
        return cls(limit=limit, marker=query.get("marker") or None)


def next_href(request: Request, path: str, marker: str) -> str:
    """The URL of the next page: the same query with another marker."""
    items = [(name, value) for name, value in request.query.multi_items() if name != "marker"]
    items.append(("marker", marker))
    return f"{request.base_url}{path}?{urlencode(items)}"
