"""From the body of ``PUT /servers/{id}`` to the columns that change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from micronova.compute.servers import Server
from micronova.model.errors import Invalid


def changes_of(server: Server, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Columns and their new values.  Raises Invalid for a pin to a zone that the server is not in."""
    changes: dict[str, Any] = {}
    if "name" in asked:
        changes["name"] = asked["name"].strip()
    if "description" in asked:
        changes["description"] = asked["description"]
    if "hostname" in asked:
        changes["hostname"] = asked["hostname"]
    if "accessIPv4" in asked:
        changes["access_ip_v4"] = asked["accessIPv4"] or None
    if "accessIPv6" in asked:
        changes["access_ip_v6"] = asked["accessIPv6"] or None
    if "OS-DCF:diskConfig" in asked:
        changes["auto_disk_config"] = asked["OS-DCF:diskConfig"] == "AUTO"
    if "pinned_availability_zone" in asked:
        zone = asked["pinned_availability_zone"]
        if zone is not None and zone != server.availability_zone:
            raise Invalid(
                f"Instance {server.id} cannot be pinned to availability zone {zone}: "
                "a server can only be pinned to the zone that it is in."
            )
        changes["pinned_availability_zone"] = zone
    return changes
