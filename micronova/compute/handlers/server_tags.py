"""``/servers/{server_id}/tags``, since 2.26."""

from __future__ import annotations

from urllib.parse import quote

import jsonschema
from sqlalchemy.engine import Connection

from micronova.compute import policies_servers as rules
from micronova.compute import server_labels, servers
from micronova.compute.api import Compute
from micronova.compute.handlers.server_access import server
from micronova.compute.schemas.servers import TAG
from micronova.compute.views.links import PREFIX
from micronova.model.errors import Invalid
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content


def index(api: Compute, req: Request) -> Response:
    """All tags."""
    with api.database.read() as c:
        found = server(c, api, req, rules.TAGS_INDEX)
        return JsonResponse({"tags": servers.tags_of(c, [found.id]).get(found.id, [])})


def show(api: Compute, req: Request) -> Response:
    """204 if the tag is there."""
    with api.database.read() as c:
        found = server(c, api, req, rules.TAGS_SHOW)
        if req.path["tag"] not in servers.tags_of(c, [found.id]).get(found.id, []):
            raise server_labels.no_tag(found, req.path["tag"])
    return no_content()


def put(api: Compute, req: Request) -> Response:
    """Add one tag: 201, or 204 if it was there."""
    tag = req.path["tag"]
    if not jsonschema.Draft202012Validator(TAG).is_valid(tag):
        raise Invalid(
            f"Tag '{tag[:60]}' is invalid. It must be a non empty string without characters '/' and ',', "
            "of at most 60 characters."
        )
    made = api.database.transact(lambda c: server_labels.add_tag(c, server(c, api, req, rules.TAGS_UPDATE), tag))
    if not made:
        return no_content()
    server_id = req.path["server_id"]
    location = f"{req.base_url}{PREFIX}/v2.1/servers/{server_id}/tags/{quote(tag, safe='')}"
    return no_content(201, {"Location": location})


def replace_all(api: Compute, req: Request) -> Response:
    """These tags and no others."""
    tags = req.json()["tags"]
    kept = api.database.transact(lambda c: server_labels.set_tags(c, server(c, api, req, rules.TAGS_UPDATE_ALL), tags))
    return JsonResponse({"tags": kept})


def delete(api: Compute, req: Request) -> Response:
    """Drop one tag."""

    def work(c: Connection) -> None:
        server_labels.delete_tag(c, server(c, api, req, rules.TAGS_DELETE), req.path["tag"])

    api.database.transact(work)
    return no_content()


def delete_all(api: Compute, req: Request) -> Response:
    """Drop all tags."""

    def work(c: Connection) -> None:
        server_labels.set_tags(c, server(c, api, req, rules.TAGS_DELETE_ALL), [])

    api.database.transact(work)
    return no_content()
