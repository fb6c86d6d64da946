"""/v3/groups."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.identity import groups, projects, users
from micronova.identity.api import Identity
from micronova.identity.groups import Group
from micronova.identity.handlers.authority import fetched, home_domain, of_caller_domain, of_group, of_user
from micronova.identity.records import missing
from micronova.identity.users import User
from micronova.identity.views import resources
from micronova.identity.views.links import listed
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


def index(api: Identity, req: Request) -> Response:
    """List groups."""
    api.policy.authorize(req.caller, "identity:list_groups", of_caller_domain(req.caller))
    with api.database.read() as conn:
        found = groups.search(conn, req.query, domain_id=req.caller.domain_id)
    return JsonResponse(listed(req, "groups", [resources.group(req.base_url, one) for one in found]))


def show(api: Identity, req: Request) -> Response:
    """Show a group."""
    with api.database.read() as conn:
        return _answer(req, _fetched(api, conn, req, "get_group"))


def create(api: Identity, req: Request) -> Response:
    """Make a group."""
    body = req.json()["group"]
    domain_id = home_domain(req.caller, body.get("domain_id"))

    def work(conn: Connection) -> Group:
        fetched(
            api,
            req.caller,
            "create_group",
            lambda: projects.get_domain(conn, domain_id),
            lambda domain: {"target.group.domain_id": domain.id},
        )
        return groups.create(conn, body, domain_id=domain_id)

    return _answer(req, api.change(work), 201)


def update(api: Identity, req: Request) -> Response:
    """Change a group."""
    body = req.json()["group"]
    return _answer(req, api.change(lambda conn: groups.update(conn, _fetched(api, conn, req, "update_group"), body)))


def delete(api: Identity, req: Request) -> Response:
    """Delete a group."""
    api.change(lambda conn: groups.delete(conn, _fetched(api, conn, req, "delete_group")))
    return no_content()


def list_users(api: Identity, req: Request) -> Response:
    """The members of a group."""
    with api.database.read() as conn:
        group = _fetched(api, conn, req, "list_users_in_group")
        found = users.search(conn, req.query, domain_id=None, group_id=group.id)
    return JsonResponse(listed(req, "users", [resources.user(req.base_url, user) for user in found]))


def check_user(api: Identity, req: Request) -> Response:
    """Whether a user is in a group."""
    with api.database.read() as conn:
        group, user = _both(api, conn, req, "check_user_in_group")
        if not groups.has_member(conn, group.id, user.id):
            raise missing("user in group", f"{user.id} in {group.id}")
    return no_content()


def add_user(api: Identity, req: Request) -> Response:
    """Put a user into a group."""

    def work(conn: Connection) -> None:
        group, user = _both(api, conn, req, "add_user_to_group")
        groups.add(conn, group, user.id)

    api.change(work)
    return no_content()


def remove_user(api: Identity, req: Request) -> Response:
    """Take a user out of a group."""

    def work(conn: Connection) -> None:
        group, user = _both(api, conn, req, "remove_user_from_group")
        groups.remove(conn, group, user.id)

    api.change(work)
    return no_content()


def _fetched(api: Identity, conn: Connection, req: Request, rule: str) -> Group:
    return fetched(api, req.caller, rule, lambda: groups.get(conn, req.path["group_id"]), of_group)


def _both(api: Identity, conn: Connection, req: Request, rule: str) -> tuple[Group, User]:
    return fetched(
        api,
        req.caller,
        rule,
        lambda: (groups.get(conn, req.path["group_id"]), users.get(conn, req.path["user_id"])),
        lambda both: {**of_group(both[0]), **of_user(both[1])},
    )


def _answer(req: Request, group: Group, status: int = 200) -> Response:
    return JsonResponse({"group": resources.group(req.base_url, group)}, status)
