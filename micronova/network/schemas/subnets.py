"""Bodies of subnets."""

from __future__ import annotations

from typing import Any

from micronova.network.schemas.common import EMPTY_LIST, FLAG, IP, NAME, NOTHING, PROJECT, UUID, body

_CIDR = {"type": "string", "maxLength": 64}

_UPDATABLE: dict[str, Any] = {
    "name": NAME,
    "description": NAME,
    "gateway_ip": {"type": ["string", "null"], "maxLength": 64},
    "enable_dhcp": FLAG,
    "allocation_pools": {
        "type": "array",
        "maxItems": 64,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["start", "end"],
            "properties": {"start": IP, "end": IP},
        },
    },
    "dns_nameservers": {"type": "array", "maxItems": 5, "items": IP},
    "host_routes": {
        "type": "array",
        "maxItems": 20,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["destination", "nexthop"],
            "properties": {"destination": _CIDR, "nexthop": IP},
        },
    },
    "service_types": EMPTY_LIST,
    "segment_id": NOTHING,
    "dns_publish_fixed_ip": {"enum": [False]},
}

CREATE = body(
    "subnet",
    {
        **_UPDATABLE,
        "network_id": UUID,
        "cidr": _CIDR,
        "ip_version": {"enum": [4, 6]},
        "project_id": PROJECT,
        "tenant_id": PROJECT,
        "subnetpool_id": NOTHING,
        "use_default_subnetpool": {"enum": [False]},
        "ipv6_address_mode": NOTHING,
        "ipv6_ra_mode": NOTHING,
    },
    required=["network_id", "cidr"],
)
UPDATE = body("subnet", _UPDATABLE)
