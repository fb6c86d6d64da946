"""How every handler gets an image: what the caller may not see is not found, what he may not do is forbidden."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.image import records
from micronova.image.api import Images
from micronova.image.records import Image, Viewer
from micronova.model.caller import Caller
from micronova.model.errors import NotFound
from micronova.web.request import Request


def viewer(caller: Caller) -> Viewer:
    """The caller, as far as visibility goes."""
    return Viewer(project_id=caller.project_id, is_admin=caller.is_admin)


def image_of(conn: Connection, api: Images, req: Request, rule: str | None = None) -> Image:
    """The image of the path.  Raises NotFound, or Forbidden if the caller sees it and may not do ``rule``."""
    image_id = req.path["image_id"]
    image = records.get(conn, viewer(req.caller), image_id)
    target = image.target(viewer(req.caller))
    if not api.policy.allows(req.caller, "get_image", target):
        raise NotFound(f"No image found with ID {image_id[:255]}")
    if rule is not None:
        api.policy.authorize(req.caller, rule, target)
    return image
