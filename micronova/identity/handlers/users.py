"""/v3/users."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from micronova.identity import assignments, groups, projects, users
from micronova.identity.api import Identity
from micronova.identity.handlers.authority import fetched, home_domain, of_caller_domain, of_user
from micronova.identity.scoping import refused
from micronova.identity.users import User
from micronova.identity.views import resources
from micronova.identity.views.links import listed
from micronova.model.errors import Forbidden, Invalid, NotFound
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


def index(api: Identity, req: Request) -> Response:
    """List users."""
    api.policy.authorize(req.caller, "identity:list_users", of_caller_domain(req.caller))
    with api.database.read() as conn:
        found = users.search(conn, req.query, domain_id=req.caller.domain_id)
    return JsonResponse(listed(req, "users", [resources.user(req.base_url, user) for user in found]))


def show(api: Identity, req: Request) -> Response:
    """Show a user."""
    with api.database.read() as conn:
        user = _fetched(api, conn, req, "get_user")
    return _answer(req, user)


def create(api: Identity, req: Request) -> Response:
    """Make a user."""
    body = req.json()["user"]
    domain_id = home_domain(req.caller, body.get("domain_id"))
    with api.database.read() as conn:
        fetched(
            api,
            req.caller,
            "create_user",
            lambda: projects.get_domain(conn, domain_id),
            lambda domain: {"target.user.domain_id": domain.id},
        )
    password_hash = _hash(api, body)
    user = api.change(lambda conn: users.create(conn, body, domain_id=domain_id, password_hash=password_hash))
    return _answer(req, user, 201)


def update(api: Identity, req: Request) -> Response:
    """Change a user; an admin's way to set a password."""
    body = req.json()["user"]
    with api.database.read() as conn:
        _fetched(api, conn, req, "update_user")
    password_hash = _hash(api, body)

    def work(conn: Connection) -> User:
        return users.update(conn, _fetched(api, conn, req, "update_user"), body, password_hash=password_hash)

    return _answer(req, api.change(work))


def delete(api: Identity, req: Request) -> Response:
    """Delete a user."""
    api.change(lambda conn: users.delete(conn, _fetched(api, conn, req, "delete_user")))
    return no_content()


def revoke_tokens(api: Identity, req: Request) -> Response:
    """Kill all tokens of a user."""
    api.change(lambda conn: users.revoke_tokens(conn, _fetched(api, conn, req, "revoke_tokens_for_user")))
    return no_content()


def change_password(api: Identity, req: Request) -> Response:
    """Users' own way to change their password: the old one is the authority, no token is needed."""
    body = req.json()["user"]
    original, new = body["original_password"], body["password"]
    if not isinstance(original, str) or not isinstance(new, str):
        raise Invalid("The fields original_password and password must be strings.")
    user_id = req.path["user_id"]
    with api.database.read() as conn:
        try:
            user = users.get(conn, user_id)
        except NotFound:
            user = None
    right = api.passwords.matches(user.password_hash if user else None, original)
    if user is None or not right or not user.enabled:
        raise refused()
    if user.options.get("lock_password"):
        raise Forbidden("The password of this user is locked: only an administrator can change it.")
    password_hash = api.passwords.hash(new)

    def work(conn: Connection) -> None:
        now = users.get(conn, user_id)
        if now.password_hash != user.password_hash:  # changed meanwhile: the old one is no authority any more
            raise refused()
        users.change_password(conn, now, password_hash)

    api.change(work)
    return no_content()


def list_projects(api: Identity, req: Request) -> Response:
    """The projects on which a user has a role."""
    with api.database.read() as conn:
        user = _fetched(api, conn, req, "list_user_projects")
        found = assignments.projects_of(conn, user.id)
    return JsonResponse(listed(req, "projects", [resources.project(req.base_url, one) for one in found]))


def list_groups(api: Identity, req: Request) -> Response:
    """The groups of a user."""
    with api.database.read() as conn:
        user = _fetched(api, conn, req, "list_groups_for_user")
        found = groups.search(conn, req.query, domain_id=req.caller.domain_id, user_id=user.id)
    return JsonResponse(listed(req, "groups", [resources.group(req.base_url, one) for one in found]))


def _fetched(api: Identity, conn: Connection, req: Request, rule: str) -> User:
    return fetched(api, req.caller, rule, lambda: users.get(conn, req.path["user_id"]), of_user)


def _hash(api: Identity, body: dict[str, Any]) -> str | None:
    password = body.get("password")
    if password is None:
        return None
    if not isinstance(password, str):
        raise Invalid("The field password must be a string.")
    return api.passwords.hash(password)


def _answer(req: Request, user: User, status: int = 200) -> Response:
    return JsonResponse({"user": resources.user(req.base_url, user)}, status)
