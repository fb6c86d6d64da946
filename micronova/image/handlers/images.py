"""Images: create, list, show, update, delete."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from sqlalchemy.engine import Connection

from micronova.image import attributes, images, listing, patches, records
from micronova.image.api import Images
from micronova.image.faults import glance_style
from micronova.image.handlers.access import image_of, viewer
from micronova.image.handlers.info import IMPORT_METHODS
from micronova.image.images import NewImage
from micronova.image.records import Image
from micronova.image.views import image as view
from micronova.model.caller import Caller
from micronova.model.errors import Invalid, UnsupportedMediaType
from micronova.model.ids import ImageId
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_VISIBILITY_RULES = {"public": "publicize_image", "community": "communitize_image"}


def create(api: Images, req: Request) -> Response:
    """POST /v2/images"""
    body = req.json()
    if not isinstance(body, dict):
        raise Invalid("The request body must be a JSON object.")
    attributes.check_settable(body)
    attributes.check_values(body)
    new = _new_image(req.caller, body)
    target: dict[str, object] = {"project_id": new.owner or "", "owner": new.owner or "", "visibility": new.visibility}
    api.policy.authorize(req.caller, "add_image", target)
    _authorize_visibility(api, req.caller, new.visibility, target)
    attributes.check_counts(api.settings, new.properties, new.tags)
    image = api.database.transact(lambda conn: images.create(conn, viewer(req.caller), new))
    headers = {
        "Location": f"{req.base_url}/image/v2/images/{image.id}",
        "OpenStack-image-import-methods": ",".join(IMPORT_METHODS),
    }
    return JsonResponse(view.show(image), 201, headers)


def _new_image(caller: Caller, body: dict[str, Any]) -> NewImage:
    given = {name: body[name] for name in body if name in attributes.BASE}
    if "id" in given:
        given["id"] = ImageId(given["id"].lower())
    given.setdefault("owner", caller.project_id)
    properties = {name: value for name, value in body.items() if name not in attributes.BASE}
    return NewImage(**given, properties=properties)


def _authorize_visibility(api: Images, caller: Caller, visibility: str, target: dict[str, object]) -> None:
    rule = _VISIBILITY_RULES.get(visibility)
    if rule is not None:
        api.policy.authorize(caller, rule, target)


def index(api: Images, req: Request) -> Response:
    """GET /v2/images"""
    api.policy.authorize(req.caller, "get_images")
    settings = api.settings
    request = listing.request_of(
        viewer(req.caller),
        req.query.multi_items(),
        default_limit=settings.limit_param_default,
        max_limit=settings.api_limit_max,
    )
    with api.database.read() as conn:
        found = listing.page(conn, viewer(req.caller), request)
    query = [(name, value) for name, value in req.query.multi_items() if name != "marker"]
    document: dict[str, Any] = {
        "images": [view.show(image) for image in found],
        "first": _href(query),
        "schema": "/v2/schemas/images",
    }
    if found and len(found) == request.limit:
        document["next"] = _href([*query, ("marker", found[-1].id)])
    return JsonResponse(document)


def _href(query: list[tuple[str, str]]) -> str:
    return f"/v2/images?{urlencode(query)}" if query else "/v2/images"


def show(api: Images, req: Request) -> Response:
    """GET /v2/images/{image_id}"""
    with api.database.read() as conn:
        return JsonResponse(view.show(image_of(conn, api, req)))


def update(api: Images, req: Request) -> Response:
    """PATCH /v2/images/{image_id}"""
    try:
        changes = patches.parse(req.headers.get("content-type", ""), req.json())
    except UnsupportedMediaType as err:
        return _not_a_patch(err, req)

    def work(conn: Connection) -> Image:
        image = image_of(conn, api, req, "modify_image")
        planned = patches.plan(image, changes)
        target = image.target(viewer(req.caller))
        if "visibility" in planned.columns and planned.columns["visibility"] != image.visibility:
            _authorize_visibility(api, req.caller, planned.columns["visibility"], target)
        if "owner" in planned.columns and planned.columns["owner"] != image.owner:
            api.policy.authorize(req.caller, "add_image", {**target, "owner": planned.columns["owner"] or ""})
        attributes.check_counts(api.settings, planned.properties, planned.tags)
        patches.apply(conn, image, planned)
        return records.get(conn, records.Viewer(project_id=req.caller.project_id, is_admin=True), image.id)

    return JsonResponse(view.show(api.database.transact(work)))


def _not_a_patch(err: UnsupportedMediaType, req: Request) -> Response:
    document = glance_style(err.status, err.message, err, req.request_id)
    return JsonResponse(document, err.status, {"Accept-Patch": patches.ACCEPTED})


def delete(api: Images, req: Request) -> Response:
    """DELETE /v2/images/{image_id}"""

    def work(conn: Connection) -> Image:
        image = image_of(conn, api, req, "delete_image")
        images.delete(conn, image)
        return image

    image = api.database.transact(work)
    if not image.uploading:  # else the upload removes its file itself, when it finds the image gone
        api.store.remove(image.id)
    return no_content()
