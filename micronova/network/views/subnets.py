"""Subnets as documents."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.network.values import Subnet
from micronova.network.views.common import standard

CONSTANTS: Mapping[str, object] = {
    "ipv6_address_mode": None,
    "ipv6_ra_mode": None,
    "subnetpool_id": None,
    "segment_id": None,
    "dns_publish_fixed_ip": False,
}


def subnet(value: Subnet) -> dict[str, object]:
    """One subnet."""
    return {
        "id": value.id,
        "name": value.name,
        "network_id": value.network_id,
        "ip_version": value.ip_version,
        "cidr": value.cidr,
        "gateway_ip": value.gateway_ip,
        "enable_dhcp": value.enable_dhcp,
        "allocation_pools": value.allocation_pools,
        "dns_nameservers": value.dns_nameservers,
        "host_routes": value.host_routes,
        "service_types": [],
        **CONSTANTS,
        **standard(value.project_id, value.description, value.revision_number, value.created_at, value.updated_at),
    }
