"""``/servers/{server_id}/metadata``."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.compute import policies_servers as rules
from micronova.compute import server_labels, servers
from micronova.compute.api import Compute
from micronova.compute.handlers.server_access import is_admin, server
from micronova.compute.servers import Server
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


def index(api: Compute, req: Request) -> Response:
    """All items."""
    return JsonResponse({"metadata": _present(api, req, rules.METADATA_INDEX)})


def show(api: Compute, req: Request) -> Response:
    """One item."""
    key = req.path["key"]
    found = _present(api, req, rules.METADATA_SHOW)
    if key not in found:
        raise server_labels.no_metadata()
    return JsonResponse({"meta": {key: found[key]}})


def add(api: Compute, req: Request) -> Response:
    """``POST``: set these items, keep the others."""
    return JsonResponse({"metadata": _set(api, req, rules.METADATA_CREATE, req.json()["metadata"], keep=True)})


def replace_all(api: Compute, req: Request) -> Response:
    """``PUT``: these items and no others."""
    return JsonResponse({"metadata": _set(api, req, rules.METADATA_UPDATE_ALL, req.json()["metadata"], keep=False)})


def put(api: Compute, req: Request) -> Response:
    """``PUT .../{key}``: one item."""
    item = req.json()["meta"]
    if req.path["key"] not in item:
        raise Invalid("Request body and URI mismatch")
    _set(api, req, rules.METADATA_UPDATE, item, keep=True)
    return JsonResponse({"meta": item})


def delete(api: Compute, req: Request) -> Response:
    """``DELETE .../{key}``."""

    def work(c: Connection) -> None:
        server_labels.delete_metadata(c, _changeable(c, api, req, rules.METADATA_DELETE), req.path["key"])

    api.database.transact(work)
    return no_content()


def _present(api: Compute, req: Request, rule: str) -> dict[str, str]:
    with api.database.read() as c:
        found = server(c, api, req, rule)
        return servers.metadata_of(c, [found.id]).get(found.id, {})


def _set(api: Compute, req: Request, rule: str, items: dict[str, str], *, keep: bool) -> dict[str, str]:
    return api.database.transact(
        lambda c: server_labels.set_metadata(c, api.settings.quota, _changeable(c, api, req, rule), items, keep=keep)
    )


def _changeable(c: Connection, api: Compute, req: Request, rule: str) -> Server:
    found = server(c, api, req, rule)
    servers.ensure_unlocked(found, is_admin=is_admin(api, req))
    return found
