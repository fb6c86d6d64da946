"""Tags of an image."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.image import attributes, images
from micronova.image.api import Images
from micronova.image.handlers.access import image_of
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import Response, no_content


def put(api: Images, req: Request) -> Response:
    """PUT /v2/images/{image_id}/tags/{tag}"""
    tag = req.path["tag"]
    if len(tag) > 255:
        raise Invalid("Image tag must not be longer than 255 characters.")

    def work(conn: Connection) -> None:
        image = image_of(conn, api, req, "modify_image")
        attributes.check_tag_count(api.settings, len({*image.tags, tag}))
        images.set_tag(conn, image, tag)

    api.database.transact(work)
    return no_content()


def delete(api: Images, req: Request) -> Response:
    """DELETE /v2/images/{image_id}/tags/{tag}"""
    api.database.transact(
        lambda conn: images.remove_tag(conn, image_of(conn, api, req, "modify_image"), req.path["tag"])
    )
    return no_content()
