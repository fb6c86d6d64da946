"""Version documents, which clients read before they have a token."""

from __future__ import annotations

from typing import Any

from micronova.compute.api import Compute
from micronova.compute.versions import MAXIMUM, MINIMUM
from micronova.compute.views.links import PREFIX
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response


def index(api: Compute, req: Request) -> Response:
    """GET /compute: the versions there are"""
    return JsonResponse({"versions": [_summary(req)]})


def show(api: Compute, req: Request) -> Response:
    """GET /compute/v2.1"""
    view = _summary(req)
    view["links"].append({"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"})
    view["media-types"] = [{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}]
    return JsonResponse({"version": view})


def _summary(req: Request) -> dict[str, Any]:
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": str(MAXIMUM),
        "min_version": str(MINIMUM),
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{req.base_url}{PREFIX}/v2.1/"}],
    }
