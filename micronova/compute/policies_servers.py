"""Policy rules of servers and what hangs below them, with Nova's names and defaults."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.compute.policies_base import ADMIN, PROJECT_MEMBER_OR_ADMIN, PROJECT_READER_OR_ADMIN, rule
from micronova.web.policy import PlainRule, RuleDefault

_SERVERS = "os_compute_api:servers:"
INDEX = _SERVERS + "index"
INDEX_ALL_TENANTS = _SERVERS + "index:get_all_tenants"
DETAIL = _SERVERS + "detail"
DETAIL_ALL_TENANTS = _SERVERS + "detail:get_all_tenants"
ALL_FILTERS = _SERVERS + "allow_all_filters"
SHOW = _SERVERS + "show"
SHOW_FLAVOR_EXTRA_SPECS = _SERVERS + "show:flavor-extra-specs"
SHOW_HOST_STATUS = _SERVERS + "show:host_status"
SHOW_HOST_STATUS_UNKNOWN = _SERVERS + "show:host_status:unknown-only"
CREATE = _SERVERS + "create"
CREATE_FORCED_HOST = _SERVERS + "create:forced_host"
REQUESTED_DESTINATION = "compute:servers:create:requested_destination"
CREATE_ATTACH_VOLUME = _SERVERS + "create:attach_volume"
CREATE_ATTACH_NETWORK = _SERVERS + "create:attach_network"
CREATE_TRUSTED_CERTS = _SERVERS + "create:trusted_certs"
ZERO_DISK_FLAVOR = _SERVERS + "create:zero_disk_flavor"
DELETE = _SERVERS + "delete"
UPDATE = _SERVERS + "update"
EXTENDED_ATTRIBUTES = "os_compute_api:os-extended-server-attributes"
CONSOLE_OUTPUT = "os_compute_api:os-console-output"
_METADATA = "os_compute_api:server-metadata:"
METADATA_INDEX = _METADATA + "index"
METADATA_SHOW = _METADATA + "show"
METADATA_CREATE = _METADATA + "create"
METADATA_UPDATE_ALL = _METADATA + "update_all"
METADATA_UPDATE = _METADATA + "update"
METADATA_DELETE = _METADATA + "delete"
_TAGS = "os_compute_api:os-server-tags:"
TAGS_INDEX = _TAGS + "index"
TAGS_SHOW = _TAGS + "show"
TAGS_UPDATE = _TAGS + "update"
TAGS_UPDATE_ALL = _TAGS + "update_all"
TAGS_DELETE = _TAGS + "delete"
TAGS_DELETE_ALL = _TAGS + "delete_all"
IPS_INDEX = "os_compute_api:ips:index"
IPS_SHOW = "os_compute_api:ips:show"

RULES: Sequence[RuleDefault | PlainRule] = (
    rule(INDEX, PROJECT_READER_OR_ADMIN, "List servers.", "GET /servers"),
    rule(DETAIL, PROJECT_READER_OR_ADMIN, "List servers with details.", "GET /servers/detail"),
    rule(INDEX_ALL_TENANTS, ADMIN, "List the servers of all projects.", "GET /servers"),
    rule(DETAIL_ALL_TENANTS, ADMIN, "List the servers of all projects with details.", "GET /servers/detail"),
    rule(ALL_FILTERS, ADMIN, "Use every filter of server lists.", "GET /servers", "GET /servers/detail"),
    rule(SHOW, PROJECT_READER_OR_ADMIN, "Show a server.", "GET /servers/{server_id}"),
    rule(
        SHOW_FLAVOR_EXTRA_SPECS,
        PROJECT_READER_OR_ADMIN,
        "See the extra specs in a server's flavor.",
        "GET /servers/{server_id}",
        "GET /servers/detail",
        "PUT /servers/{server_id}",
    ),
    rule(
        SHOW_HOST_STATUS, ADMIN, "See the state of a server's host.", "GET /servers/{server_id}", "GET /servers/detail"
    ),
    rule(
        SHOW_HOST_STATUS_UNKNOWN,
        ADMIN,
        "See that a server's host is unknown.",
        "GET /servers/{server_id}",
        "GET /servers/detail",
    ),
    rule(CREATE, PROJECT_MEMBER_OR_ADMIN, "Create a server.", "POST /servers"),
    rule(CREATE_FORCED_HOST, ADMIN, "Create a server on a named host, unchecked.", "POST /servers"),
    rule(REQUESTED_DESTINATION, ADMIN, "Create a server on a named host, checked.", "POST /servers"),
    rule(CREATE_ATTACH_VOLUME, PROJECT_MEMBER_OR_ADMIN, "Create a server with block devices.", "POST /servers"),
    rule(CREATE_ATTACH_NETWORK, PROJECT_MEMBER_OR_ADMIN, "Create a server with networks.", "POST /servers"),
    rule(CREATE_TRUSTED_CERTS, PROJECT_MEMBER_OR_ADMIN, "Create a server with trusted certificates.", "POST /servers"),
    rule(ZERO_DISK_FLAVOR, ADMIN, "Boot an image with a flavor that has no disk.", "POST /servers"),
    rule(DELETE, PROJECT_MEMBER_OR_ADMIN, "Delete a server.", "DELETE /servers/{server_id}"),
    rule(UPDATE, PROJECT_MEMBER_OR_ADMIN, "Change a server.", "PUT /servers/{server_id}"),
    rule(
        EXTENDED_ATTRIBUTES,
        ADMIN,
        "See a server's host and other internals.",
        "GET /servers/{server_id}",
        "GET /servers/detail",
    ),
    rule(
        CONSOLE_OUTPUT,
        PROJECT_MEMBER_OR_ADMIN,
        "Read a server's console log.",
        "POST /servers/{server_id}/action (os-getConsoleOutput)",
    ),
    rule(METADATA_INDEX, PROJECT_READER_OR_ADMIN, "List metadata.", "GET /servers/{server_id}/metadata"),
    rule(METADATA_SHOW, PROJECT_READER_OR_ADMIN, "Show metadata.", "GET /servers/{server_id}/metadata/{key}"),
    rule(METADATA_CREATE, PROJECT_MEMBER_OR_ADMIN, "Add metadata.", "POST /servers/{server_id}/metadata"),
    rule(METADATA_UPDATE_ALL, PROJECT_MEMBER_OR_ADMIN, "Replace metadata.", "PUT /servers/{server_id}/metadata"),
    rule(METADATA_UPDATE, PROJECT_MEMBER_OR_ADMIN, "Set one item.", "PUT /servers/{server_id}/metadata/{key}"),
    rule(METADATA_DELETE, PROJECT_MEMBER_OR_ADMIN, "Delete one item.", "DELETE /servers/{server_id}/metadata/{key}"),
    rule(TAGS_INDEX, PROJECT_READER_OR_ADMIN, "List tags.", "GET /servers/{server_id}/tags"),
    rule(TAGS_SHOW, PROJECT_READER_OR_ADMIN, "Check a tag.", "GET /servers/{server_id}/tags/{tag}"),
    rule(TAGS_UPDATE, PROJECT_MEMBER_OR_ADMIN, "Add a tag.", "PUT /servers/{server_id}/tags/{tag}"),
    rule(TAGS_UPDATE_ALL, PROJECT_MEMBER_OR_ADMIN, "Replace all tags.", "PUT /servers/{server_id}/tags"),
    rule(TAGS_DELETE, PROJECT_MEMBER_OR_ADMIN, "Delete a tag.", "DELETE /servers/{server_id}/tags/{tag}"),
    rule(TAGS_DELETE_ALL, PROJECT_MEMBER_OR_ADMIN, "Delete all tags.", "DELETE /servers/{server_id}/tags"),
    rule(IPS_INDEX, PROJECT_READER_OR_ADMIN, "List addresses.", "GET /servers/{server_id}/ips"),
    rule(IPS_SHOW, PROJECT_READER_OR_ADMIN, "Addresses on a network.", "GET /servers/{server_id}/ips/{label}"),
)
