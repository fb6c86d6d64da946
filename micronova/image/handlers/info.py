"""What this service can do: version documents, import methods, stores, schemas."""

from __future__ import annotations

from typing import Any

from micronova.image.api import Images
from micronova.image.schemas.image import IMAGE, collection
from micronova.image.schemas.member import MEMBER
from micronova.image.views.image import STORE_ID
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

# The versions of the Images API, all alike to clients of v2: the newest is what we answer.
_MINOR = (17, 16, 15, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
IMPORT_METHODS = ("glance-direct",)


def versions(api: Images, req: Request) -> Response:
    """GET /, without a token: 300, as Glance says it"""
    return JsonResponse(_versions(req), 300)


def versions_ok(api: Images, req: Request) -> Response:
    """GET /versions and /v2, without a token"""
    return JsonResponse(_versions(req))


def _versions(req: Request) -> dict[str, Any]:
    href = f"{req.base_url}/image/v2/"
    return {
        "versions": [
            {
                "id": f"v2.{minor}",
                "status": "CURRENT" if minor == _MINOR[0] else "SUPPORTED",
                "links": [{"rel": "self", "href": href}],
            }
            for minor in _MINOR
        ]
    }


def import_info(api: Images, req: Request) -> Response:
    """GET /v2/info/import"""
    methods = {"description": "Import methods available.", "type": "array", "value": list(IMPORT_METHODS)}
    return JsonResponse({"import-methods": methods})


def stores(api: Images, req: Request) -> Response:
    """GET /v2/info/stores"""
    return JsonResponse({"stores": [{"id": STORE_ID, "default": "true"}]})


_SCHEMAS = {
    "image": IMAGE,
    "images": collection("images", IMAGE),
    "member": MEMBER,
    "members": collection("members", MEMBER),
}


def schema_image(api: Images, req: Request) -> Response:
    """GET /v2/schemas/image"""
    return JsonResponse(_SCHEMAS["image"])


def schema_images(api: Images, req: Request) -> Response:
    """GET /v2/schemas/images"""
    return JsonResponse(_SCHEMAS["images"])


def schema_member(api: Images, req: Request) -> Response:
    """GET /v2/schemas/member"""
    return JsonResponse(_SCHEMAS["member"])


def schema_members(api: Images, req: Request) -> Response:
    """GET /v2/schemas/members"""
    return JsonResponse(_SCHEMAS["members"])
