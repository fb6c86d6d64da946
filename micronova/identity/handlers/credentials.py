"""/v3/credentials."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from micronova.identity import credentials, users
from micronova.identity.api import Identity
from micronova.identity.credentials import Credential
from micronova.identity.handlers.authority import Target, fetched, refuse_delegated
from micronova.identity.views import resources
from micronova.identity.views.links import listed
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_MAX_BLOB = 65535


def index(api: Identity, req: Request) -> Response:
    """List credentials: all for those who may see all, else one's own."""
    everybody = api.policy.allows(req.caller, "identity:list_credentials", {})
    own = req.caller.user_id
    if not everybody:
        api.policy.authorize(req.caller, "identity:list_credentials", {"target.credential.user_id": own})
    with api.database.read() as conn:
        found = credentials.search(conn, api.vault, req.query, user_id=None if everybody else own)
    return JsonResponse(listed(req, "credentials", [resources.credential(req.base_url, one) for one in found]))


def show(api: Identity, req: Request) -> Response:
    """Show a credential."""
    with api.database.read() as conn:
        return _answer(req, _fetched(api, conn, req, "get_credential"))


def create(api: Identity, req: Request) -> Response:
    """Store a credential for a user."""
    refuse_delegated(api, req)
    body = _checked(req.json()["credential"])

    def work(conn: Connection) -> Credential:
        fetched(
            api,
            req.caller,
            "create_credential",
            lambda: users.get(conn, body["user_id"]),
            lambda user: {"target.credential.user_id": user.id},
        )
        return credentials.create(conn, api.vault, body)

    return _answer(req, api.change(work), 201)


def update(api: Identity, req: Request) -> Response:
    """Change a credential."""
    refuse_delegated(api, req)
    body = _checked(req.json()["credential"])

    def work(conn: Connection) -> Credential:
        return credentials.update(conn, api.vault, _fetched(api, conn, req, "update_credential"), body)

    return _answer(req, api.change(work))


def delete(api: Identity, req: Request) -> Response:
    """Delete a credential."""
    refuse_delegated(api, req)
    api.change(lambda conn: credentials.delete(conn, _fetched(api, conn, req, "delete_credential")))
    return no_content()


def _fetched(api: Identity, conn: Connection, req: Request, rule: str) -> Credential:
    def target(credential: Credential) -> Target:
        return {"target.credential.user_id": credential.user_id}

    return fetched(api, req.caller, rule, lambda: credentials.get(conn, api.vault, req.path["credential_id"]), target)


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    blob = body.get("blob", "")
    if not isinstance(blob, str) or len(blob) > _MAX_BLOB:
        raise Invalid(f"The field blob must be a string of at most {_MAX_BLOB} characters.")
    return body


def _answer(req: Request, credential: Credential, status: int = 200) -> Response:
    return JsonResponse({"credential": resources.credential(req.base_url, credential)}, status)
