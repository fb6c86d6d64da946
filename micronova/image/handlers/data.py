"""An image's bytes: upload and download."""

from __future__ import annotations

from micronova.image import uploads
from micronova.image.api import Images
from micronova.image.downloads import ImageDownload, byte_range
from micronova.image.handlers.access import image_of
from micronova.image.handlers.info import IMPORT_METHODS
from micronova.image.states import STORED, Status
from micronova.model.errors import Forbidden, Invalid, UnsupportedMediaType
from micronova.web.request import Request
from micronova.web.response import Response, no_content


def upload(api: Images, req: Request) -> Response:
    """PUT /v2/images/{image_id}/file"""
    _check_octets(req)
    with api.database.read() as conn:
        image = image_of(conn, api, req, "upload_image")
    uploads.upload(api, image, req.stream, _length(req))
    return no_content()


def stage(api: Images, req: Request) -> Response:
    """PUT /v2/images/{image_id}/stage"""
    _check_octets(req)
    with api.database.read() as conn:
        image = image_of(conn, api, req, "modify_image")
    uploads.stage(api, image, req.stream, _length(req))
    return no_content()


def import_(api: Images, req: Request) -> Response:
    """POST /v2/images/{image_id}/import"""
    name = req.json()["method"]["name"]
    if name not in IMPORT_METHODS:
        raise Invalid(f"Unknown import method name '{name[:64]}'; use one of: {', '.join(IMPORT_METHODS)}.")
    api.database.transact(lambda conn: uploads.import_staged(conn, image_of(conn, api, req, "modify_image")))
    return no_content(202)


def _check_octets(req: Request) -> None:
    kind = req.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/octet-stream":
        raise UnsupportedMediaType(f"Unsupported Content-Type {kind[:100]!r}; send application/octet-stream.")


def _length(req: Request) -> int | None:
    text = req.headers.get("content-length")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Invalid(f"Content-Length {text[:32]!r} is not a number of bytes.")
    return int(text)


def download(api: Images, req: Request) -> Response:
    """GET /v2/images/{image_id}/file"""
    with api.database.read() as conn:
        image = image_of(conn, api, req, "download_image")
    if image.status == Status.DEACTIVATED and not req.caller.is_admin:
        raise Forbidden("The requested image has been deactivated. Image data download is forbidden.")
    if image.status not in STORED:
        return no_content()
    part = byte_range(req.headers.get("range"), image.size or 0)
    return ImageDownload(image, api.store.open(image.id), part)
