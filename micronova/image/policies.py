"""Glance's policy rules, with its names and defaults."""

from __future__ import annotations

from micronova.web.policy import RuleDefault

_MEMBER = "role:admin or (role:member and project_id:%(project_id)s)"
_READER = "role:admin or (role:reader and project_id:%(project_id)s)"
_ANYBODYS = (
    'project_id:%(project_id)s or project_id:%(member_id)s or "community":%(visibility)s '
    'or "public":%(visibility)s or "shared":%(visibility)s'
)
_GET = f"role:admin or (role:reader and ({_ANYBODYS}))"
_DOWNLOAD = f"role:admin or (role:member and ({_ANYBODYS}))"
_CREATE = "role:admin or (role:member and project_id:%(project_id)s and project_id:%(owner)s)"
_SHARED_WITH = "role:admin or (role:member and project_id:%(member_id)s)"
_READER_OR_SHARED_WITH = "role:admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))"
_ADMIN = "role:admin"

_IMAGE = "/v2/images/{image_id}"
_MEMBERS = f"{_IMAGE}/members"


def _rule(name: str, check: str, what: str, method: str, path: str) -> RuleDefault:
    return RuleDefault(name, check, what, [{"method": method, "path": path}])


RULES = [
    _rule("add_image", _CREATE, "Create new image", "POST", "/v2/images"),
    _rule("delete_image", _MEMBER, "Deletes the image", "DELETE", _IMAGE),
    _rule("get_image", _GET, "Get specified image", "GET", _IMAGE),
    _rule("get_images", _READER, "Get all available images", "GET", "/v2/images"),
    _rule("modify_image", _MEMBER, "Updates given image", "PATCH", _IMAGE),
    _rule("publicize_image", _ADMIN, "Publicize given image", "PATCH", _IMAGE),
    _rule("communitize_image", _MEMBER, "Communitize given image", "PATCH", _IMAGE),
    _rule("download_image", _DOWNLOAD, "Downloads given image", "GET", f"{_IMAGE}/file"),
    _rule("upload_image", _MEMBER, "Uploads data to specified image", "PUT", f"{_IMAGE}/file"),
    _rule("add_member", _MEMBER, "Create image member", "POST", _MEMBERS),
    _rule("delete_member", _MEMBER, "Delete image member", "DELETE", f"{_MEMBERS}/{{member_id}}"),
    _rule("get_member", _READER_OR_SHARED_WITH, "Show image member details", "GET", f"{_MEMBERS}/{{member_id}}"),
    _rule("get_members", _READER_OR_SHARED_WITH, "List image members", "GET", _MEMBERS),
    _rule("modify_member", _SHARED_WITH, "Update image member", "PUT", f"{_MEMBERS}/{{member_id}}"),
    _rule("deactivate", _MEMBER, "Deactivate image", "POST", f"{_IMAGE}/actions/deactivate"),
    _rule("reactivate", _MEMBER, "Reactivate image", "POST", f"{_IMAGE}/actions/reactivate"),
]
