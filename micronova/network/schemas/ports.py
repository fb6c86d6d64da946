"""Bodies of ports."""

from __future__ import annotations

from typing import Any

from micronova.network.schemas.common import EMPTY_LIST, FLAG, IP, NAME, NOTHING, PROJECT, UUID, body

_UPDATABLE: dict[str, Any] = {
    "name": NAME,
    "description": NAME,
    "admin_state_up": FLAG,
    "mac_address": {"type": "string", "maxLength": 17},
    "fixed_ips": {
        "type": "array",
        "maxItems": 10,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {"subnet_id": UUID, "ip_address": IP},
        },
    },
    "device_id": NAME,
    "device_owner": NAME,
    "security_groups": {"type": ["array", "null"], "maxItems": 10, "items": UUID},
    "port_security_enabled": FLAG,
    "dns_name": {"type": "string", "maxLength": 63, "pattern": r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)?\Z"},
    "binding:host_id": {"type": ["string", "null"], "maxLength": 255, "pattern": r"^[A-Za-z0-9._-]*\Z"},
    "binding:vnic_type": {"enum": ["normal"]},
    "binding:profile": {"type": ["object", "null"], "maxProperties": 0},
    # Anti-spoofing knows the port's own addresses only.
    "allowed_address_pairs": EMPTY_LIST,
    "extra_dhcp_opts": EMPTY_LIST,
    "qos_policy_id": NOTHING,
}

CREATE = body(
    "port",
    {
        **_UPDATABLE,
        "network_id": UUID,
        "project_id": PROJECT,
        "tenant_id": PROJECT,
        "propagate_uplink_status": FLAG,
        "numa_affinity_policy": NOTHING,
        "device_profile": NOTHING,
    },
    required=["network_id"],
)
UPDATE = body("port", _UPDATABLE)
