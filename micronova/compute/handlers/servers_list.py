"""``GET /servers`` and ``GET /servers/detail``: which filters count for whom, and one page of servers."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import QueryParams

from micronova.compute import policies_servers as rules
from micronova.compute import server_details, server_list
from micronova.compute.api import Compute
from micronova.compute.handlers.server_access import sight, views
from micronova.compute.schemas.servers_query import IGNORED_SORT_KEYS, JOINED, parse_time
from micronova.compute.server_list import EXACT, MATCHED, NEWEST_FIRST, ServerQuery
from micronova.compute.states import VmState, states_of_status
from micronova.compute.views.links import PREFIX
from micronova.model.errors import Forbidden, Invalid
from micronova.web.paging import Page, next_href
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

_PAGING = frozenset({"limit", "marker", "sort_key", "sort_dir"})
# The 2.minor from which callers who may not use all filters may use this one; for the others it is ignored.
FOR_EVERYBODY = {
    **dict.fromkeys(("reservation_id", "name", "status", "image", "flavor", "ip", "changes-since", "all_tenants"), 1),
    "ip6": 5,
    **dict.fromkeys(("tags", "tags-any", "not-tags", "not-tags-any"), 26),
    "changes-before": 66,
    "locked": 73,
    **dict.fromkeys(
        (
            "availability_zone",
            "config_drive",
            "key_name",
            "created_at",
            "launched_at",
            "terminated_at",
            "power_state",
            "task_state",
            "vm_state",
            "progress",
            "user_id",
        ),
        83,
    ),
}
_ALIASES = {
    "image_ref": "image",
    "display_name": "name",
    "display_description": "description",
    "tenant_id": "project_id",
}
_TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})
_FALSE = frozenset({"0", "f", "false", "off", "n", "no"})


def index(api: Compute, req: Request) -> Response:
    """``GET /servers``: ids and names."""
    return _list(api, req, detailed=False)


def detail(api: Compute, req: Request) -> Response:
    """``GET /servers/detail``."""
    return _list(api, req, detailed=True)


def _list(api: Compute, req: Request, *, detailed: bool) -> Response:
    api.policy.authorize(req.caller, rules.DETAIL if detailed else rules.INDEX)
    query = _query(api, req, detailed=detailed)
    seen = sight(api, req) if detailed else None
    with api.database.read() as c:
        found, more = ([], False) if query is None else server_list.find(c, query)
        if seen is None:
            shown = views(api, req, sight(api, req))
            listed = [shown.brief(server) for server in found]
        else:
            shown = views(api, req, seen)
            details = server_details.of(
                c,
                found,
                api.settings,
                user_data=seen.extended_attributes and req.at_least(3),
                host_status=seen.host_status or seen.unknown_host_status,
            )
            listed = [shown.detailed(server, details) for server in found]
    document: dict[str, object] = {"servers": listed}
    if more:
        path = f"{PREFIX}/v2.1/servers/detail" if detailed else f"{PREFIX}/v2.1/servers"
        document["servers_links"] = [{"rel": "next", "href": next_href(req, path, found[-1].id)}]
    return JsonResponse(document)


def _query(api: Compute, req: Request, *, detailed: bool) -> ServerQuery | None:
    """The typed query; None when nothing can match."""
    given = _filters(api, req)
    page = Page.of(req.query, max_limit=api.settings.max_limit)
    statuses = req.query.getlist("status")
    if statuses:
        states = states_of_status(statuses)
        if not states:
            if req.at_least(38):
                raise Invalid("Invalid status value")
            return None
        if all(vm_state == VmState.DELETED for vm_state, _ in states):
            if not api.policy.allows(req.caller, "context_is_admin"):
                raise Forbidden("Only administrators may list deleted instances")
            given["deleted"] = "true"
    since, before = (parse_time(given[name]) if name in given else None for name in ("changes-since", "changes-before"))
    if since is not None and before is not None and before < since:
        raise Invalid("The value of changes-since must be less than or equal to changes-before.")
    deleted: bool | None = False
    if "deleted" in given:
        deleted = given["deleted"].lower() in _TRUE
    elif since is not None or before is not None:
        deleted = None
    exact = {name: given[name] for name in EXACT if name in given}
    exact |= _owner(api, req, given, detailed=detailed)
    return ServerQuery(
        exact=exact,
        matched={name: given[name] for name in MATCHED if name in given},
        flags={
            name: given[name].lower() in _TRUE or given[name].upper() == "AUTO"
            for name in ("config_drive", "auto_disk_config")
            if name in given
        },
        statuses=statuses,
        deleted=deleted,
        locked=_flag(given["locked"], "locked") if "locked" in given else None,
        changes_since=since,
        changes_before=before,
        ip=given.get("ip"),
        ip6=given.get("ip6"),
        tags=_tags(given, "tags"),
        tags_any=_tags(given, "tags-any"),
        not_tags=_tags(given, "not-tags"),
        not_tags_any=_tags(given, "not-tags-any"),
        sort=_sort(api, req),
        limit=page.limit,
        marker=page.marker,
    )


def _filters(api: Compute, req: Request) -> dict[str, str]:
    """The filters that count, by their present names; the last value of each."""
    all_filters = api.policy.allows(req.caller, rules.ALL_FILTERS)
    given: dict[str, str] = {}
    for name, value in req.query.multi_items():
        if name in _PAGING or (not all_filters and req.version.minor < FOR_EVERYBODY.get(name, 1000)):
            continue
        if name in JOINED or name.startswith("_"):
            raise Invalid(f"Invalid filter field: {name[:255]}.")
        if value:
            given[_ALIASES.get(name, name)] = value
    return given


def _owner(api: Compute, req: Request, given: dict[str, str], *, detailed: bool) -> dict[str, str]:
    """Whose servers: the caller's project's, unless all projects' are asked for and allowed."""
    if "all_tenants" in req.query:
        text = req.query["all_tenants"]
        if text == "" or _flag(text, "all_tenants"):
            api.policy.authorize(req.caller, rules.DETAIL_ALL_TENANTS if detailed else rules.INDEX_ALL_TENANTS)
            return {}
    return {"project_id": str(req.caller.project_id)}


def _flag(text: str, name: str) -> bool:
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise Invalid(f"Invalid value for {name}: '{text[:64]}' is not a boolean.")


def _tags(given: dict[str, str], name: str) -> Sequence[str]:
    return [tag for tag in given.get(name, "").split(",") if tag]


def _sort(api: Compute, req: Request) -> Sequence[tuple[str, bool]]:
    keys, directions = _sort_words(req.query)
    ignored = IGNORED_SORT_KEYS - {"locked"} if req.at_least(73) else IGNORED_SORT_KEYS
    admin = api.policy.allows(req.caller, "context_is_admin")
    sort: list[tuple[str, bool]] = []
    for key, direction in zip(keys, directions, strict=True):
        if direction not in ("asc", "desc"):
            raise Invalid(f"Unknown sort direction, must be one of: asc, desc (got '{direction[:64]}').")
        if key in ignored:
            continue
        if key in ("host", "node") and not admin:
            raise Forbidden(f"Only administrators can sort servers by {key}")
        sort.append((key, direction == "asc"))
    return tuple(sort) or NEWEST_FIRST


def _sort_words(query: QueryParams) -> tuple[list[str], list[str]]:
    keys, directions = query.getlist("sort_key"), query.getlist("sort_dir")
    if not keys:
        keys = ["created_at"]
    if len(directions) > len(keys):
        raise Invalid("Sort direction size exceeds sort key size")
    default = directions[0] if directions else "desc"
    return keys, [*directions, *[default] * (len(keys) - len(directions))]
