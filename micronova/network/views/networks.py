"""Networks as documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micronova.network.values import Network
from micronova.network.views.common import standard

# The same for every network here; clients show them, and filter by them.
CONSTANTS: Mapping[str, object] = {
    "status": "ACTIVE",
    "router:external": False,
    "is_default": False,
    "vlan_transparent": None,
    "ipv4_address_scope": None,
    "ipv6_address_scope": None,
    "qos_policy_id": None,
    "l2_adjacency": True,
}


def network(value: Network, subnet_ids: Sequence[str]) -> dict[str, object]:
    """One network."""
    return {
        "id": value.id,
        "name": value.name,
        "admin_state_up": value.admin_state_up,
        "shared": value.shared,
        "mtu": value.mtu,
        "subnets": subnet_ids,
        "port_security_enabled": value.port_security_enabled,
        "dns_domain": value.dns_domain,
        "availability_zone_hints": [],
        "availability_zones": ["nova"],
        **CONSTANTS,
        **standard(value.project_id, value.description, value.revision_number, value.created_at, value.updated_at),
    }
