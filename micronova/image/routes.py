"""The URLs of the image service."""

from __future__ import annotations

from micronova.image.api import Images
from micronova.image.faults import glance_style
from micronova.image.handlers import actions, data, images, info, members, tags
from micronova.image.schemas import image as image_schemas
from micronova.image.schemas import member as member_schemas
from micronova.web.endpoint import Endpoint, Service
from micronova.web.schemas import Versioned

_IMAGE = "/v2/images/{image_id}"
_MEMBER = f"{_IMAGE}/members/{{member_id}}"
_TAG = f"{_IMAGE}/tags/{{tag}}"

# Bodies of images have no fixed schema (any property may come): handlers check them, so that read-only attributes
# get Glance's 403 before anything else is looked at.
ENDPOINTS: tuple[Endpoint[Images], ...] = (
    Endpoint(method="GET", path="/", handler=info.versions, summary="List API versions", auth=False),
    Endpoint(method="GET", path="/versions", handler=info.versions_ok, summary="List API versions", auth=False),
    Endpoint(method="GET", path="/v2", handler=info.versions_ok, summary="List API versions", auth=False),
    Endpoint(method="POST", path="/v2/images", handler=images.create, summary="Create image"),
    Endpoint(method="GET", path="/v2/images", handler=images.index, summary="List images"),
    Endpoint(method="GET", path=_IMAGE, handler=images.show, summary="Show image"),
    Endpoint(method="PATCH", path=_IMAGE, handler=images.update, summary="Update image"),
    Endpoint(method="DELETE", path=_IMAGE, handler=images.delete, summary="Delete image"),
    Endpoint(
        method="PUT", path=f"{_IMAGE}/file", handler=data.upload, summary="Upload binary image data", streams=True
    ),
    Endpoint(method="GET", path=f"{_IMAGE}/file", handler=data.download, summary="Download binary image data"),
    Endpoint(method="PUT", path=f"{_IMAGE}/stage", handler=data.stage, summary="Stage image data", streams=True),
    Endpoint(
        method="POST",
        path=f"{_IMAGE}/import",
        handler=data.import_,
        summary="Import an image",
        body=Versioned.always(image_schemas.IMPORT),
    ),
    Endpoint(method="PUT", path=_TAG, handler=tags.put, summary="Add image tag"),
    Endpoint(method="DELETE", path=_TAG, handler=tags.delete, summary="Delete image tag"),
    Endpoint(
        method="POST", path=f"{_IMAGE}/actions/deactivate", handler=actions.deactivate, summary="Deactivate image"
    ),
    Endpoint(
        method="POST", path=f"{_IMAGE}/actions/reactivate", handler=actions.reactivate, summary="Reactivate image"
    ),
    Endpoint(
        method="POST",
        path=f"{_IMAGE}/members",
        handler=members.create,
        summary="Create image member",
        body=Versioned.always(member_schemas.CREATE),
    ),
    Endpoint(method="GET", path=f"{_IMAGE}/members", handler=members.index, summary="List image members"),
    Endpoint(method="GET", path=_MEMBER, handler=members.show, summary="Show image member details"),
    Endpoint(
        method="PUT",
        path=_MEMBER,
        handler=members.update,
        summary="Update image member",
        body=Versioned.always(member_schemas.UPDATE),
    ),
    Endpoint(method="DELETE", path=_MEMBER, handler=members.delete, summary="Delete image member"),
    Endpoint(method="GET", path="/v2/schemas/image", handler=info.schema_image, summary="Show image schema"),
    Endpoint(method="GET", path="/v2/schemas/images", handler=info.schema_images, summary="Show images schema"),
    Endpoint(method="GET", path="/v2/schemas/member", handler=info.schema_member, summary="Show image member schema"),
    Endpoint(method="GET", path="/v2/schemas/members", handler=info.schema_members, summary="Show members schema"),
    Endpoint(method="GET", path="/v2/info/import", handler=info.import_info, summary="Import methods"),
    Endpoint(method="GET", path="/v2/info/stores", handler=info.stores, summary="List stores"),
)


def service(api: Images) -> Service[Images]:
    """The image service under ``/image``."""
    return Service(name="image", prefix="/image", api=api, endpoints=ENDPOINTS, fault=glance_style)
