"""/v3/auth: login, validation and revocation of tokens, and what a token's holder can see."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.identity import assignments, catalog, login_request, revocations
from micronova.identity.api import Identity
from micronova.identity.authentication import login
from micronova.identity.listing import flag
from micronova.identity.tokens import Payload
from micronova.identity.views import resources
from micronova.identity.views import tokens as view
from micronova.identity.views.links import Document, href, listed
from micronova.model.errors import NotFound, TooLarge, Unauthenticated
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

# Longer than any login: a password of 4096 characters, escaped.
_MAX_LOGIN_BYTES = 65536


def issue(api: Identity, req: Request) -> Response:
    """Log in."""
    if len(req.body) > _MAX_LOGIN_BYTES:
        raise TooLarge(f"A login must not be larger than {_MAX_LOGIN_BYTES} bytes.")
    token, payload = login(api, login_request.parse(req.json()))
    return _document(api, req, token, payload, 201)


def validate(api: Identity, req: Request) -> Response:
    """What the token in X-Subject-Token says."""
    token, payload = _subject(api, req, "validate_token")
    return _document(api, req, token, payload, 200)


def check(api: Identity, req: Request) -> Response:
    """Whether the token in X-Subject-Token lives."""
    token, _ = _subject(api, req, "check_token")
    return Response(b"", 200, headers={"X-Subject-Token": token, "Vary": "X-Auth-Token"})


def revoke(api: Identity, req: Request) -> Response:
    """Kill the token in X-Subject-Token."""
    _, payload = _subject(api, req, "revoke_token")
    api.change(lambda conn: revocations.record(conn, [revocations.token(payload.audit_ids[0])]))
    return no_content()


def show_catalog(api: Identity, req: Request) -> Response:
    """The caller's catalog."""
    api.policy.authorize(req.caller, "identity:get_auth_catalog", {})
    payload = api.tokens.read(req.headers.get("x-auth-token", ""))
    return JsonResponse(
        {"catalog": _catalog(api, req, payload), "links": {"self": href(req.base_url, "auth", "catalog")}}
    )


def list_projects(api: Identity, req: Request) -> Response:
    """The projects to which the caller may scope."""
    api.policy.authorize(req.caller, "identity:get_auth_projects", {})
    with api.database.read() as conn:
        found = [one for one in assignments.projects_of(conn, req.caller.user_id) if one.enabled]
    return JsonResponse(listed(req, "projects", [resources.project(req.base_url, one) for one in found]))


def list_domains(api: Identity, req: Request) -> Response:
    """The domains to which the caller may scope."""
    api.policy.authorize(req.caller, "identity:get_auth_domains", {})
    with api.database.read() as conn:
        found = [one for one in assignments.domains_of(conn, req.caller.user_id) if one.enabled]
    return JsonResponse(listed(req, "domains", [resources.domain(req.base_url, one) for one in found]))


def list_system(api: Identity, req: Request) -> Response:
    """Whether the caller may scope to the system."""
    api.policy.authorize(req.caller, "identity:get_auth_system", {})
    with api.database.read() as conn:
        held = assignments.roles_on_system(conn, req.caller.user_id)
    return JsonResponse(
        {"system": [{"all": True}] if held else [], "links": {"self": href(req.base_url, "auth", "system")}}
    )


def _subject(api: Identity, req: Request, rule: str) -> tuple[str, Payload]:
    token = req.headers.get("x-subject-token", "")
    window_us = 0
    if flag(req.query, "allow_expired"):
        window_us = int(api.settings.allow_expired_window.total_seconds() * 1_000_000)
    try:
        payload = api.tokens.read(token, expired_us=window_us)
    except Unauthenticated as err:
        # The same to everybody: whether a token lives is only for whoever holds it.
        raise NotFound("Could not find token.") from err
    api.policy.authorize(req.caller, f"identity:{rule}", {"target.token.user_id": payload.user.id})
    return token, payload


def _document(api: Identity, req: Request, token: str, payload: Payload, status: int) -> Response:
    entries = _catalog(api, req, payload) if payload.is_scoped and "nocatalog" not in req.query else None
    headers = {"X-Subject-Token": token, "Vary": "X-Auth-Token"}
    return JsonResponse(view.token(payload, entries), status, headers)


def _catalog(api: Identity, req: Request, payload: Payload) -> Sequence[Document]:
    with api.database.read() as conn:
        return catalog.for_holder(
            conn,
            base_url=req.base_url,
            user_id=payload.user.id,
            project_id=payload.project.id if payload.project else None,
        )
