"""Keypairs of the caller, and for admins of other users (since 2.10)."""

from __future__ import annotations

from typing import Any

from micronova.compute import key_material, keypairs
from micronova.compute.api import Compute
from micronova.compute.keypairs import KeyPair
from micronova.compute.views import keypairs as view
from micronova.compute.views.links import next_links
from micronova.web.paging import Page
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

_RULE = "os_compute_api:os-keypairs:"


def index(api: Compute, req: Request) -> Response:
    """GET /os-keypairs"""
    user_id = _owner(api, req, "index", req.query.get("user_id"))
    paged = req.at_least(35)
    page = Page.of(req.query, max_limit=api.settings.max_limit) if paged else None
    with api.database.read() as conn:
        if page is None:
            found = keypairs.list_keypairs(conn, user_id)
        else:
            found = keypairs.list_keypairs(conn, user_id, marker=page.marker, limit=page.limit)
    document: dict[str, Any] = {}
    if page is not None and len(found) > page.limit:
        found = found[: page.limit]
        if found:
            document["keypairs_links"] = next_links(req, found[-1].name)
    return JsonResponse({"keypairs": [{"keypair": view.summary(req, pair)} for pair in found], **document})


def show(api: Compute, req: Request) -> Response:
    """GET /os-keypairs/{keypair_name}"""
    user_id = _owner(api, req, "show", req.query.get("user_id"))
    with api.database.read() as conn:
        pair = keypairs.get(conn, user_id, req.path["keypair_name"])
    return JsonResponse({"keypair": view.detail(req, pair)})


def create(api: Compute, req: Request) -> Response:
    """POST /os-keypairs: import, or up to 2.91 make one here"""
    asked = req.json()["keypair"]
    user_id = _owner(api, req, "create", asked.get("user_id"))
    name, kind = asked["name"], asked.get("type", "ssh")
    keypairs.check_name(name)
    public_key = asked.get("public_key")
    private_key = None
    if public_key is None:
        # Outside of the transaction: it takes processor time.
        made = key_material.generate(kind, user_id)
        public_key, private_key, fingerprint = made.public_key, made.private_key, made.fingerprint
    else:
        fingerprint = key_material.fingerprint(kind, public_key)

    def keep(conn: Any) -> KeyPair:
        return keypairs.create(
            conn,
            api.settings.quota,
            project_id=req.caller.project_id or "",
            user_id=user_id,
            name=name,
            kind=kind,
            public_key=public_key,
            fingerprint=fingerprint,
        )

    pair = api.database.transact(keep)
    return JsonResponse({"keypair": view.created(req, pair, private_key)}, 201 if req.at_least(2) else 200)


def delete(api: Compute, req: Request) -> Response:
    """DELETE /os-keypairs/{keypair_name}"""
    user_id = _owner(api, req, "delete", req.query.get("user_id"))
    api.database.transact(lambda conn: keypairs.delete(conn, user_id, req.path["keypair_name"]))
    return no_content(204 if req.at_least(2) else 202)


def _owner(api: Compute, req: Request, action: str, asked: str | None) -> str:
    """Whose keypairs are meant, if the caller may touch them."""
    user_id: str = (asked if req.at_least(10) else None) or req.caller.user_id
    target = {"user_id": user_id, "project_id": req.caller.project_id}
    api.policy.authorize(req.caller, _RULE + action, target)
    return user_id
