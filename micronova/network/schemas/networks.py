"""Bodies of networks.  What we do not have is accepted in the form that says so (no provider network, not external)."""

from __future__ import annotations

from typing import Any

from micronova.network.schemas.common import FLAG, NAME, NOTHING, PROJECT, body

MIN_MTU = 1280
MAX_MTU = 65535

_UPDATABLE: dict[str, Any] = {
    "name": NAME,
    "description": NAME,
    "admin_state_up": FLAG,
    "shared": FLAG,
    # The openstack client sends it as text.
    "mtu": {"type": ["integer", "string"], "minimum": MIN_MTU, "maximum": MAX_MTU, "pattern": r"^[0-9]{1,5}\Z"},
    "port_security_enabled": FLAG,
    "dns_domain": {
        "type": "string",
        "maxLength": 255,
        "pattern": r"^([A-Za-z0-9-]{1,63}\.)*([A-Za-z0-9-]{1,63})?\.?\Z",
    },
    "router:external": {"enum": [False]},
    "is_default": {"enum": [False]},
    "qos_policy_id": NOTHING,
}

CREATE = body(
    "network",
    {
        **_UPDATABLE,
        "project_id": PROJECT,
        "tenant_id": PROJECT,
        "availability_zone_hints": {"type": "array", "items": {"enum": ["nova"]}, "maxItems": 1},
        "vlan_transparent": {"enum": [False, None]},
    },
)
UPDATE = body("network", _UPDATABLE)
