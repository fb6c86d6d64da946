"""Ports as documents."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.network.values import Port
from micronova.network.views.common import standard

CONSTANTS: Mapping[str, object] = {
    "binding:vnic_type": "normal",
    "propagate_uplink_status": True,
    "qos_policy_id": None,
    "ip_allocation": "immediate",
}


def port(value: Port, *, show_binding: bool) -> dict[str, object]:
    """One port.  ``show_binding``: where it is bound, for admins."""
    document: dict[str, object] = {
        "id": value.id,
        "name": value.name,
        "network_id": value.network_id,
        "mac_address": value.mac_address,
        "admin_state_up": value.admin_state_up,
        "status": value.status,
        "device_id": value.device_id,
        "device_owner": value.device_owner,
        "fixed_ips": [{"subnet_id": fixed.subnet_id, "ip_address": fixed.ip_address} for fixed in value.fixed_ips],
        "security_groups": value.security_groups,
        "port_security_enabled": value.port_security_enabled,
        "dns_name": value.dns_name,
        "dns_assignment": [],
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
        **CONSTANTS,
        **standard(value.project_id, value.description, value.revision_number, value.created_at, value.updated_at),
    }
    if show_binding:
        document["binding:host_id"] = value.host
        document["binding:vif_type"] = "bridge" if value.host else "unbound"
        document["binding:vif_details"] = {}
        document["binding:profile"] = {}
    return document
