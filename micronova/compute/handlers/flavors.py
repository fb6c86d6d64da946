"""Flavors: list, show, create, change, delete."""

from __future__ import annotations

from micronova.compute import flavors
from micronova.compute.api import Compute
from micronova.compute.flavors import FlavorQuery, NewFlavor, Viewer
from micronova.compute.schemas.types import as_bool, as_int
from micronova.compute.views import flavors as view
from micronova.compute.views.links import next_links
from micronova.model.errors import Invalid
from micronova.web.paging import Page
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_EXTRA_SPECS = "os_compute_api:os-flavor-extra-specs:index"


def viewer(api: Compute, req: Request) -> Viewer:
    """For whom a request looks flavors up."""
    is_admin = api.policy.allows(req.caller, "context_is_admin")
    return Viewer(project_id=req.caller.project_id, is_admin=is_admin)


def index(api: Compute, req: Request) -> Response:
    """GET /flavors"""
    found, links = _list(api, req, with_extra_specs=False)
    return JsonResponse({"flavors": [view.summary(req, flavor) for flavor in found], **links})


def detail(api: Compute, req: Request) -> Response:
    """GET /flavors/detail"""
    with_specs = req.at_least(61) and api.policy.allows(req.caller, _EXTRA_SPECS)
    found, links = _list(api, req, with_extra_specs=with_specs)
    return JsonResponse(
        {"flavors": [view.detail(req, flavor, with_extra_specs=with_specs) for flavor in found], **links}
    )


def show(api: Compute, req: Request) -> Response:
    """GET /flavors/{flavor_id}"""
    with api.database.read() as conn:
        flavor = flavors.get(conn, viewer(api, req), req.path["flavor_id"])
    return _one(api, req, flavor)


def create(api: Compute, req: Request) -> Response:
    """POST /flavors"""
    api.policy.authorize(req.caller, "os_compute_api:os-flavor-manage:create")
    asked = req.json()["flavor"]
    flavorid = asked.get("id")
    new = NewFlavor(
        name=asked["name"],
        vcpus=as_int(asked["vcpus"]),
        memory_mib=as_int(asked["ram"]),
        root_gib=as_int(asked["disk"]),
        flavorid=None if flavorid is None else str(flavorid),
        ephemeral_gib=as_int(asked.get("OS-FLV-EXT-DATA:ephemeral", 0)),
        swap_mib=as_int(asked.get("swap", 0)),
        is_public=as_bool(asked.get("os-flavor-access:is_public", True)),
        description=asked.get("description"),
        rxtx_factor=float(asked.get("rxtx_factor", 1.0)),
    )
    flavor = api.database.transact(lambda conn: flavors.create(conn, new))
    return _one(api, req, flavor)


def update(api: Compute, req: Request) -> Response:
    """PUT /flavors/{flavor_id}, since 2.55"""
    api.policy.authorize(req.caller, "os_compute_api:os-flavor-manage:update")
    description = req.json()["flavor"]["description"]
    flavor = api.database.transact(lambda conn: flavors.set_description(conn, req.path["flavor_id"], description))
    return _one(api, req, flavor)


def delete(api: Compute, req: Request) -> Response:
    """DELETE /flavors/{flavor_id}"""
    api.policy.authorize(req.caller, "os_compute_api:os-flavor-manage:delete")
    api.database.transact(lambda conn: flavors.delete(conn, req.path["flavor_id"]))
    return no_content(202)


def _one(api: Compute, req: Request, flavor: flavors.Flavor) -> Response:
    with_specs = api.policy.allows(req.caller, _EXTRA_SPECS)
    return JsonResponse({"flavor": view.detail(req, flavor, with_extra_specs=with_specs)})


def _list(
    api: Compute, req: Request, *, with_extra_specs: bool
) -> tuple[list[flavors.Flavor], dict[str, list[dict[str, str]]]]:
    page = Page.of(req.query, max_limit=api.settings.max_limit)
    who = viewer(api, req)
    query = FlavorQuery(
        is_public=_is_public(req.query.get("is_public")) if who.is_admin else True,
        min_memory_mib=_minimum(req, "minRam"),
        min_root_gib=_minimum(req, "minDisk"),
        name=req.query.get("name") if req.at_least(102) else None,
        sort=_sort(req),
        marker=page.marker,
        limit=page.limit,
    )
    with api.database.read() as conn:
        found = flavors.list_flavors(conn, who, query, with_extra_specs=with_extra_specs)
    if len(found) > page.limit:
        found = found[: page.limit]
        if found:
            return found, {"flavors_links": next_links(req, found[-1].flavorid)}
    return found, {}


def _is_public(text: str | None) -> bool | None:
    if text is None:
        return True
    lowered = text.strip().lower()
    if lowered == "none":
        return None
    if lowered in ("true", "t", "1", "yes", "y", "on"):
        return True
    if lowered in ("false", "f", "0", "no", "n", "off"):
        return False
    raise Invalid(f"Invalid is_public filter [{text}]")


def _minimum(req: Request, name: str) -> int | None:
    text = req.query.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as err:
        raise Invalid(f"Invalid {name} filter [{text}]") from err


def _sort(req: Request) -> list[tuple[str, bool]]:
    keys = req.query.getlist("sort_key") or ["flavorid"]
    directions = req.query.getlist("sort_dir")
    known = set(flavors.SORT_KEYS) - ({"rxtx_factor", "disabled"} if req.at_least(102) else set())
    for key in keys:
        if key not in known:
            raise Invalid(f"Sort key supplied was not valid: {key}. Valid keys are: {', '.join(sorted(known))}.")
    for direction in directions:
        if direction not in ("asc", "desc"):
            raise Invalid(f"Sort direction supplied was not valid: {direction}. Valid ones are: asc, desc.")
    usual = directions[0] if directions else "asc"
    return [(key, (directions[n] if n < len(directions) else usual) == "asc") for n, key in enumerate(keys)]
