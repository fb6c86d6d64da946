"""/v3/users/{user_id}/application_credentials and /access_rules."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.engine import Connection

from micronova.identity import application_credentials, roles, users
from micronova.identity.api import Identity
from micronova.identity.application_credentials import ApplicationCredential, NewRule
from micronova.identity.handlers.authority import fetched, of_user, refuse_delegated
from micronova.identity.records import missing
from micronova.identity.tokens import Named
from micronova.identity.users import User
from micronova.identity.views import resources
from micronova.identity.views.links import listed
from micronova.model.clock import utcnow
from micronova.model.errors import Forbidden, Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


def index(api: Identity, req: Request) -> Response:
    """List a user's application credentials."""
    with api.database.read() as conn:
        user = _user(api, conn, req, "list_application_credentials")
        found = application_credentials.search(conn, req.query, user_id=user.id)
        documents = [_document(conn, req, credential) for credential in found]
    return JsonResponse(listed(req, "application_credentials", documents))


def show(api: Identity, req: Request) -> Response:
    """Show one."""
    with api.database.read() as conn:
        credential = _fetched(api, conn, req, "get_application_credential")
        return JsonResponse({"application_credential": _document(conn, req, credential)})


def create(api: Identity, req: Request) -> Response:
    """Make one for the project of the caller's token; the only answer that ever shows the secret."""
    with api.database.read() as conn:
        user = _user(api, conn, req, "create_application_credential")
    refuse_delegated(api, req)
    body = req.json()["application_credential"]
    project_id = req.caller.project_id
    if project_id is None:
        raise Forbidden("An application credential is made with a token for the project that it shall be for.")
    secret = body.get("secret")
    if secret is None:
        secret = secrets.token_urlsafe(64)
    elif not isinstance(secret, str) or not secret:
        raise Invalid("The field secret must be a string.")
    role_ids = _role_ids(body.get("roles"), api.tokens.read(req.headers.get("x-auth-token", "")).roles)
    expires_at = _expires_at(body.get("expires_at"))
    rules = body.get("access_rules")
    secret_hash = api.passwords.hash(secret)

    def work(conn: Connection) -> ApplicationCredential:
        return application_credentials.create(
            conn,
            name=body["name"],
            user_id=user.id,
            project_id=project_id,
            secret_hash=secret_hash,
            description=body.get("description"),
            unrestricted=bool(body.get("unrestricted")),
            expires_at=expires_at,
            role_ids=role_ids,
            access_rules=None if rules is None else [NewRule(**rule) for rule in rules],
        )

    credential = api.change(work)
    with api.database.read() as conn:
        document = _document(conn, req, credential)
    return JsonResponse({"application_credential": {**document, "secret": secret}}, 201)


def delete(api: Identity, req: Request) -> Response:
    """Delete one, with its tokens."""
    refuse_delegated(api, req)
    api.change(
        lambda conn: application_credentials.delete(conn, _fetched(api, conn, req, "delete_application_credential"))
    )
    return no_content()


def list_rules(api: Identity, req: Request) -> Response:
    """List a user's access rules."""
    with api.database.read() as conn:
        user = _user(api, conn, req, "list_access_rules")
        found = application_credentials.rules_of(conn, user.id, req.query)
    return JsonResponse(
        listed(req, "access_rules", [resources.access_rule(req.base_url, user.id, rule) for rule in found])
    )


def show_rule(api: Identity, req: Request) -> Response:
    """Show an access rule."""
    with api.database.read() as conn:
        user = _user(api, conn, req, "get_access_rule")
        rule = application_credentials.get_rule(conn, user.id, req.path["rule_id"])
    return JsonResponse({"access_rule": resources.access_rule(req.base_url, user.id, rule)})


def delete_rule(api: Identity, req: Request) -> Response:
    """Delete an access rule that no credential uses."""
    refuse_delegated(api, req)

    def work(conn: Connection) -> None:
        user = _user(api, conn, req, "delete_access_rule")
        application_credentials.delete_rule(conn, application_credentials.get_rule(conn, user.id, req.path["rule_id"]))

    api.change(work)
    return no_content()


def _user(api: Identity, conn: Connection, req: Request, rule: str) -> User:
    return fetched(api, req.caller, rule, lambda: users.get(conn, req.path["user_id"]), of_user)


def _fetched(api: Identity, conn: Connection, req: Request, rule: str) -> ApplicationCredential:
    """The credential, which must be of the user in the path: of somebody else's there is no sign (T-ID2)."""
    user = _user(api, conn, req, rule)
    credential = application_credentials.get(conn, req.path["credential_id"])
    if credential.user_id != user.id:
        raise missing("application credential", credential.id)
    return credential


def _role_ids(asked: Sequence[dict[str, Any]] | None, held: Sequence[Named]) -> Sequence[str]:
    """Ids of the asked roles, all of which the caller's token must carry; default: all that it carries."""
    if not asked:
        return [role.id for role in held]
    by_name = {role.name.lower(): role.id for role in held}
    ids = {role.id for role in held}
    chosen = []
    for role in asked:
        role_id = role.get("id") or by_name.get(role.get("name", "").lower())
        if role_id not in ids:
            raise Invalid(f"Invalid application credential: you do not hold the role {role.get('id') or role['name']}.")
        chosen.append(role_id)
    return chosen


def _expires_at(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as err:
        raise Invalid(f"Invalid input for field expires_at: {text[:64]} is not a time in ISO 8601.") from err
    if when.tzinfo is not None:
        when = when.astimezone(UTC).replace(tzinfo=None)
    if when <= utcnow():
        raise Invalid("Invalid input for field expires_at: the time is in the past.")
    return when


def _document(conn: Connection, req: Request, credential: ApplicationCredential) -> dict[str, Any]:
    held = {role.id: role for role in roles.by_ids(conn, credential.role_ids)}
    return resources.application_credential(req.base_url, credential, held)
