"""The version documents by which clients find us."""

from __future__ import annotations

from typing import Any

from micronova.identity.api import Identity
from micronova.identity.views.links import PREFIX
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

_VERSION = "v3.14"
_UPDATED = "2020-04-07T00:00:00Z"


def choices(api: Identity, req: Request) -> Response:
    """All versions, as 300 Multiple Choices."""
    del api
    document = {"versions": {"values": [_version(req.base_url)]}}
    return JsonResponse(document, 300, {"Location": f"{req.base_url}{PREFIX}/v3/", "Vary": "X-Auth-Token"})


def v3(api: Identity, req: Request) -> Response:
    """Version 3."""
    del api
    return JsonResponse({"version": _version(req.base_url)}, 200, {"Vary": "X-Auth-Token"})


def _version(base_url: str) -> dict[str, Any]:
    return {
        "id": _VERSION,
        "status": "stable",
        "updated": _UPDATED,
        "links": [{"rel": "self", "href": f"{base_url}{PREFIX}/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }
