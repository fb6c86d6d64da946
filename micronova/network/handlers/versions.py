"""Version documents and the list of extensions."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.model.errors import NotFound
from micronova.network.api import Networking
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response

# alias -> (name, description): what clients look for before they use it.
_EXTENSIONS: Mapping[str, tuple[str, str]] = {
    "allowed-address-pairs": ("Allowed Address Pairs", "Provides allowed address pairs (always empty here)"),
    "binding": ("Port Binding", "Expose port bindings of a virtual port to external application"),
    "dns-integration": ("DNS Integration", "Provides integration with DNS."),
    "extra_dhcp_opt": ("Neutron Extra DHCP options", "Extra options configuration for DHCP (always empty here)"),
    "filter-validation": ("Filter parameters validation", "Provides validation on filter parameters."),
    "net-mtu": ("Network MTU", "Provides MTU attribute for a network resource."),
    "net-mtu-writable": ("Network MTU (writable)", "Provides a writable MTU attribute for a network resource."),
    "pagination": ("Pagination support", "Extension that indicates that pagination is enabled."),
    "port-security": ("Port Security", "Provides port security"),
    "project-id": ("project_id field enabled", "Extension that indicates that project_id field is enabled."),
    "security-group": ("security-group", "The security groups extension (read only here)."),
    "sorting": ("Sorting support", "Extension that indicates that sorting is enabled."),
    "standard-attr-description": ("standard-attr-description", "Extension to add descriptions to standard attributes"),
    "standard-attr-revisions": ("Resource revision numbers", "Displays revision numbers of resources"),
    "standard-attr-timestamp": ("Resource timestamps", "Adds created_at and updated_at fields to all resources"),
}


def index(api: Networking, req: Request) -> Response:
    """All versions: one."""
    version = {
        "id": "v2.0",
        "status": "CURRENT",
        "links": [{"rel": "self", "href": f"{req.base_url}/network/v2.0/"}],
    }
    return JsonResponse({"versions": [version]})


def show(api: Networking, req: Request) -> Response:
    """What v2.0 has."""
    resources = [
        {
            "name": singular,
            "collection": collection,
            "links": [{"rel": "self", "href": f"{req.base_url}/network/v2.0/{collection}"}],
        }
        for singular, collection in (
            ("network", "networks"),
            ("subnet", "subnets"),
            ("port", "ports"),
            ("security_group", "security-groups"),
        )
    ]
    return JsonResponse({"resources": resources})


def extensions(api: Networking, req: Request) -> Response:
    """List the extensions."""
    return JsonResponse({"extensions": [_extension(alias) for alias in _EXTENSIONS]})


def extension(api: Networking, req: Request) -> Response:
    """Show one extension."""
    alias = req.path["alias"]
    if alias not in _EXTENSIONS:
        raise NotFound(f"Extension with alias {alias[:64]} does not exist", code="HTTPNotFound")
    return JsonResponse({"extension": _extension(alias)})


def _extension(alias: str) -> dict[str, object]:
    name, description = _EXTENSIONS[alias]
    return {
        "alias": alias,
        "name": name,
        "description": description,
        "updated": "2026-01-01T00:00:00-00:00",
        "links": [],
    }
