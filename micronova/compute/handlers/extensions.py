"""/extensions, which old clients read before they use a call: the same fixed list as any Nova's."""

from __future__ import annotations

from micronova.compute.api import Compute
from micronova.compute.extensions import EXTENSIONS
from micronova.model.errors import NotFound
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

_RULE = "os_compute_api:extensions"


def index(api: Compute, req: Request) -> Response:
    """GET /extensions"""
    api.policy.authorize(req.caller, _RULE)
    return JsonResponse({"extensions": [_view(alias) for alias in sorted(EXTENSIONS)]})


def show(api: Compute, req: Request) -> Response:
    """GET /extensions/{alias}"""
    api.policy.authorize(req.caller, _RULE)
    alias = req.path["alias"]
    if alias not in EXTENSIONS:
        raise NotFound("The resource could not be found.")
    return JsonResponse({"extension": _view(alias)})


def _view(alias: str) -> dict[str, object]:
    name, description = EXTENSIONS[alias]
    return {
        "alias": alias,
        "name": name,
        "description": description,
        "namespace": "http://docs.openstack.org/compute/ext/fake_xml",
        "updated": "2014-12-03T00:00:00Z",
        "links": [],
    }
