"""Members of a shared image.  The owner shares; the other project accepts or rejects, and sees only itself."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.image import members
from micronova.image.api import Images
from micronova.image.handlers.access import image_of, viewer
from micronova.image.members import Member
from micronova.image.records import Image
from micronova.image.views import member as view
from micronova.model.errors import NotFound
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


def create(api: Images, req: Request) -> Response:
    """POST /v2/images/{image_id}/members"""
    member_id = req.json()["member"]

    def work(conn: Connection) -> Member:
        image = image_of(conn, api, req, "add_member")
        return members.add(conn, image, member_id, limit=api.settings.image_member_quota)

    return JsonResponse(view.show(api.database.transact(work)))


def index(api: Images, req: Request) -> Response:
    """GET /v2/images/{image_id}/members"""
    with api.database.read() as conn:
        image = image_of(conn, api, req, "get_members")
        found = [member for member in members.of_image(conn, image) if _may_see(req, image, member.member_id)]
    return JsonResponse({"members": [view.show(member) for member in found], "schema": "/v2/schemas/members"})


def show(api: Images, req: Request) -> Response:
    """GET /v2/images/{image_id}/members/{member_id}"""
    with api.database.read() as conn:
        image = image_of(conn, api, req)
        member_id = req.path["member_id"]
        allowed = api.policy.allows(req.caller, "get_member", image.target(viewer(req.caller)))
        if not allowed or not _may_see(req, image, member_id):
            raise NotFound(f"{member_id[:255]} not found in the member list of the image {image.id}.")
        return JsonResponse(view.show(members.get(conn, image, member_id)))


def update(api: Images, req: Request) -> Response:
    """PUT /v2/images/{image_id}/members/{member_id}"""
    status = req.json()["status"]
    member_id = req.path["member_id"]

    def work(conn: Connection) -> Member:
        image = image_of(conn, api, req)
        target = {**image.target(viewer(req.caller)), "member_id": member_id}
        if not _may_see(req, image, member_id):
            raise NotFound(f"{member_id[:255]} not found in the member list of the image {image.id}.")
        members.get(conn, image, member_id)
        api.policy.authorize(req.caller, "modify_member", target)
        return members.set_status(conn, image, member_id, status)

    return JsonResponse(view.show(api.database.transact(work)))


def delete(api: Images, req: Request) -> Response:
    """DELETE /v2/images/{image_id}/members/{member_id}"""
    api.database.transact(
        lambda conn: members.remove(conn, image_of(conn, api, req, "delete_member"), req.path["member_id"])
    )
    return no_content()


def _may_see(req: Request, image: Image, member_id: str) -> bool:
    caller = req.caller
    return caller.is_admin or caller.project_id in (image.owner, member_id)
