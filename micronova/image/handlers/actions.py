"""Actions on an image: deactivate, reactivate."""

from __future__ import annotations

from micronova.image import images
from micronova.image.api import Images
from micronova.image.handlers.access import image_of
from micronova.web.request import Request
from micronova.web.response import Response, no_content


def deactivate(api: Images, req: Request) -> Response:
    """POST /v2/images/{image_id}/actions/deactivate"""
    api.database.transact(lambda conn: images.deactivate(conn, image_of(conn, api, req, "deactivate")))
    return no_content()


def reactivate(api: Images, req: Request) -> Response:
    """POST /v2/images/{image_id}/actions/reactivate"""
    api.database.transact(lambda conn: images.reactivate(conn, image_of(conn, api, req, "reactivate")))
    return no_content()
