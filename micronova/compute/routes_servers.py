"""The endpoints of servers and what hangs below them."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.compute.api import Compute
from micronova.compute.handlers import (
    server_actions,
    server_addresses,
    server_metadata,
    server_tags,
    servers,
    servers_list,
)
from micronova.compute.schemas import server_belongings
from micronova.compute.schemas import servers as schemas
from micronova.compute.schemas.servers_query import LIST
from micronova.web.endpoint import Endpoint
from micronova.web.microversion import Version

_SERVERS = "/v2.1/servers"
_SERVER = _SERVERS + "/{server_id}"
_METADATA = _SERVER + "/metadata"
_TAGS = _SERVER + "/tags"
_V226 = Version(2, 26)

ENDPOINTS: Sequence[Endpoint[Compute]] = (
    Endpoint(method="GET", path=_SERVERS, handler=servers_list.index, summary="List servers", query=LIST),
    Endpoint(method="POST", path=_SERVERS, handler=servers.create, summary="Create servers", body=schemas.CREATE),
    Endpoint(
        method="GET",
        path=_SERVERS + "/detail",
        handler=servers_list.detail,
        summary="List servers in detail",
        query=LIST,
    ),
    Endpoint(method="GET", path=_SERVER, handler=servers.show, summary="Show a server"),
    Endpoint(method="PUT", path=_SERVER, handler=servers.update, summary="Change a server", body=schemas.UPDATE),
    Endpoint(method="DELETE", path=_SERVER, handler=servers.delete, summary="Delete a server"),
    Endpoint(method="POST", path=_SERVER + "/action", handler=server_actions.act, summary="Act on a server"),
    Endpoint(method="GET", path=_METADATA, handler=server_metadata.index, summary="List metadata"),
    Endpoint(
        method="POST",
        path=_METADATA,
        handler=server_metadata.add,
        summary="Add metadata",
        body=server_belongings.METADATA_BODY,
    ),
    Endpoint(
        method="PUT",
        path=_METADATA,
        handler=server_metadata.replace_all,
        summary="Replace metadata",
        body=server_belongings.METADATA_BODY,
    ),
    Endpoint(method="GET", path=_METADATA + "/{key}", handler=server_metadata.show, summary="Show one metadata item"),
    Endpoint(
        method="PUT",
        path=_METADATA + "/{key}",
        handler=server_metadata.put,
        summary="Set one metadata item",
        body=server_belongings.METADATA_ITEM,
    ),
    Endpoint(
        method="DELETE", path=_METADATA + "/{key}", handler=server_metadata.delete, summary="Delete one metadata item"
    ),
    Endpoint(method="GET", path=_TAGS, handler=server_tags.index, summary="List tags", min_version=_V226),
    Endpoint(
        method="PUT",
        path=_TAGS,
        handler=server_tags.replace_all,
        summary="Replace tags",
        body=server_belongings.TAGS_BODY,
        min_version=_V226,
    ),
    Endpoint(method="DELETE", path=_TAGS, handler=server_tags.delete_all, summary="Delete all tags", min_version=_V226),
    Endpoint(method="GET", path=_TAGS + "/{tag}", handler=server_tags.show, summary="Check a tag", min_version=_V226),
    Endpoint(method="PUT", path=_TAGS + "/{tag}", handler=server_tags.put, summary="Add a tag", min_version=_V226),
    Endpoint(
        method="DELETE", path=_TAGS + "/{tag}", handler=server_tags.delete, summary="Delete a tag", min_version=_V226
    ),
    Endpoint(method="GET", path=_SERVER + "/ips", handler=server_addresses.index, summary="List addresses"),
    Endpoint(
        method="GET", path=_SERVER + "/ips/{label}", handler=server_addresses.show, summary="Addresses on a network"
    ),
)
