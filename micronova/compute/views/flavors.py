"""Flavors as the API shows them.

2.55  description              2.75   swap 0 instead of ""
2.61  extra_specs (who may)    2.102  no rxtx_factor, no OS-FLV-DISABLED:disabled
"""

from __future__ import annotations

from typing import Any

from micronova.compute.flavors import Flavor
from micronova.compute.views.links import own_links
from micronova.web.request import Request


def summary(req: Request, flavor: Flavor) -> dict[str, Any]:
    """An item of the short list."""
    view: dict[str, Any] = {
        "id": flavor.flavorid,
        "name": flavor.name,
        "links": own_links(req, f"/flavors/{flavor.flavorid}"),
    }
    if req.at_least(55):
        view["description"] = flavor.description
    return view


def detail(req: Request, flavor: Flavor, *, with_extra_specs: bool) -> dict[str, Any]:
    """A flavor with all that it says."""
    view = summary(req, flavor)
    view |= {
        "ram": flavor.memory_mib,
        "disk": flavor.root_gib,
        "swap": flavor.swap_mib or (0 if req.at_least(75) else ""),
        "vcpus": flavor.vcpus,
        "os-flavor-access:is_public": flavor.is_public,
        "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral_gib,
    }
    if not req.at_least(102):
        view |= {"OS-FLV-DISABLED:disabled": False, "rxtx_factor": flavor.rxtx_factor}
    if with_extra_specs and req.at_least(61):
        view["extra_specs"] = dict(flavor.extra_specs)
    return view
