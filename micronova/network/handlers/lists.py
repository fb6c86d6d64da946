"""How every list of the network service reads its query and writes its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from micronova.model.errors import Invalid
from micronova.network.api import Networking
from micronova.network.listing import Query
from micronova.network.values import Viewer
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

_NO_FILTERS = frozenset({"fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse"})


def viewer_of(api: Networking, req: Request, rule: str) -> Viewer:
    """Who looks; whoever may read what belongs to nobody in particular sees everything."""
    everything = {"project_id": "", "shared": False, "network:project_id": ""}
    return Viewer(project_id=req.caller.project_id or "", sees_all=api.policy.allows(req.caller, rule, everything))


def query_of(api: Networking, req: Request) -> Query:
    """From the query string.  Raises Invalid."""
    filters: dict[str, list[str]] = {}
    for name, value in req.query.multi_items():
        if "\x00" in value:
            raise Invalid(f"Invalid input for {name[:64]}. Reason: it contains a NUL.", code="HTTPBadRequest")
        if name not in _NO_FILTERS:
            filters.setdefault(name, []).append(value)
    keys, directions = req.query.getlist("sort_key"), req.query.getlist("sort_dir")
    if (directions and len(directions) != len(keys)) or len(keys) > 10:
        raise Invalid("The number of sort_keys and sort_dirs must be same", code="HTTPBadRequest")
    if any(direction not in ("asc", "desc") for direction in directions):
        raise Invalid("sort_dir must be 'asc' or 'desc'", code="HTTPBadRequest")
    sorts = [(key, bool(directions) and directions[at] == "desc") for at, key in enumerate(keys)]
    return Query(
        filters=filters,
        sorts=sorts,
        limit=_limit(api, req),
        marker=req.query.get("marker") or None,
        page_reverse=req.query.get("page_reverse", "").lower() in ("true", "1"),
    )


def page(req: Request, plural: str, documents: Sequence[Mapping[str, object]], query: Query) -> Response:
    """The list with the asked fields, and links to the pages beside it when there is a limit."""
    answer: dict[str, object] = {plural: [only_fields(req, document) for document in documents]}
    if query.limit and documents:
        links = []
        if len(documents) >= query.limit or query.page_reverse:
            links.append({"rel": "next", "href": _href(req, str(documents[-1]["id"]), reverse=False)})
        if query.marker is not None:
            links.append({"rel": "previous", "href": _href(req, str(documents[0]["id"]), reverse=True)})
        if links:
            answer[f"{plural}_links"] = links
    return JsonResponse(answer)


def only_fields(req: Request, document: Mapping[str, object]) -> Mapping[str, object]:
    """The fields that the query asks for, all without ``fields``."""
    wanted = set(req.query.getlist("fields"))
    if not wanted:
        return document
    return {name: value for name, value in document.items() if name in wanted}


def _limit(api: Networking, req: Request) -> int | None:
    text = req.query.get("limit")
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise Invalid(f"Limit must be an integer 0 or greater and not '{text[:64]}'", code="HTTPBadRequest")
    asked = int(text)
    return min(asked, api.max_limit) if asked else None  # 0: no limit, as in Neutron


def _href(req: Request, marker: str, *, reverse: bool) -> str:
    kept = [(name, value) for name, value in req.query.multi_items() if name not in ("marker", "page_reverse")]
    kept.append(("marker", marker))
    if reverse:
        kept.append(("page_reverse", "True"))
    return f"{req.base_url}{req.url_path}?{urlencode(kept)}"
