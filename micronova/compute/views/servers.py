"""Servers as the API shows them: which fields at which microversion, in one table at the top.

Everything that a whole list needs is looked up once for the request; a server then is one dictionary, built directly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from micronova.compute.servers import UNREADABLE_FLAVOR, Fault, Server, ServerFlavor, decoded
from micronova.compute.states import VmState, status_of
from micronova.model.clock import micros, zulu
from micronova.network.values import Address
from micronova.web.microversion import Version

# The 2.minor at which a field (or a form) appears.  What is not here is shown at every version.
SINCE: Mapping[str, int] = {
    "extended_attributes": 3,  # reservation_id ... user_data, for whom the policy shows OS-EXT-SRV-ATTR
    "locked": 9,
    "host_status": 16,
    "description": 19,
    "tags": 26,
    "embedded_flavor": 47,
    "trusted_image_certificates": 63,
    "server_groups": 71,  # one server only, not lists
    "locked_reason": 73,
    "alike": 75,  # PUT answers with all fields that GET has
    "hostname": 90,  # to everybody
    "pinned_availability_zone": 96,
    "image_properties": 98,
    "scheduler_hints": 100,
}

_WITH_PROGRESS = frozenset({"ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"})
_WITH_FAULT = frozenset({"ERROR", "DELETED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What belongs to the servers of one answer, by server id; read by a query each (``compute.server_details``)."""

    metadata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    addresses: Mapping[str, Sequence[Address]] = field(default_factory=dict)
    user_data: Mapping[str, str | None] = field(default_factory=dict)
    security_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    server_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # by host name: UP, DOWN, MAINTENANCE, UNKNOWN
    host_status: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the caller may see, by policy: decided once per request."""

    extended_attributes: bool = False
    host_status: bool = False
    unknown_host_status: bool = False
    extra_specs: bool = False
    fault_details: bool = False


def host_id(project_id: str, host: str | None) -> str:
    """An opaque name for a host, different for each project: the same for two servers on one host."""
    return hashlib.sha224(f"{project_id}{host}".encode()).hexdigest() if host else ""


class ServerViews:
    """Views for one request: version, caller's sight and base URL are settled here."""

    def __init__(self, version: Version, base_url: str, prefix: str, sight: Sight, instance_name_template: str) -> None:
        self._has = frozenset(name for name, minor in SINCE.items() if version.minor >= minor)
        self._self_url = f"{base_url}{prefix}/v2.1/servers/"
        self._bookmark_url = f"{base_url}{prefix}/servers/"
        self._images_url = f"{base_url}{prefix}/images/"
        self._flavors_url = f"{base_url}{prefix}/flavors/"
        self._sight = sight
        self._template = instance_name_template
        # Most servers of a list share a few flavors, image properties, zones: what was read once is not read again.
        self._flavors: dict[str, ServerFlavor] = {}
        self._host_ids: dict[tuple[str, str | None], str] = {}
        self._properties: dict[str, dict[str, Any]] = {}

    def links(self, server_id: str) -> list[dict[str, str]]:
        """``self`` and ``bookmark``."""
        return [
            {"rel": "self", "href": self._self_url + server_id},
            {"rel": "bookmark", "href": self._bookmark_url + server_id},
        ]

    def location(self, server_id: str) -> str:
        """The URL of a server, for the Location header."""
        return self._self_url + server_id

    def brief(self, server: Server) -> dict[str, object]:
        """As ``GET /servers`` lists it."""
        return {"id": server.id, "name": server.name, "links": self.links(server.id)}

    def detailed(self, s: Server, details: Details, *, one: bool = False, updated: bool = False) -> dict[str, object]:
        """As ``GET /servers/detail`` lists it; ``one``: GET of one server; ``updated``: the answer to PUT."""
        has = self._has
        full = not updated or "alike" in has
        status = "DELETED" if s.deleted_at is not None else status_of(s.vm_state, s.task_state)
        view: dict[str, object] = {
            "id": s.id,
            "name": s.name,
            "status": status,
            "tenant_id": s.project_id,
            "user_id": s.user_id,
            "metadata": details.metadata.get(s.id, {}),
            "hostId": self._host_id(s),
            "image": self._image(s),
            "flavor": self._flavor(s),
            "created": zulu(s.created_at),
            "updated": zulu(s.updated_at or s.created_at),
            "addresses": {}
            if s.vm_state == VmState.BUILDING
            else addresses(details.addresses.get(s.id, ()), full=full),
            "accessIPv4": s.access_ip_v4 or "",
            "accessIPv6": s.access_ip_v6 or "",
            "links": self.links(s.id),
            "OS-DCF:diskConfig": "AUTO" if s.auto_disk_config else "MANUAL",
        }
        if status in _WITH_FAULT and s.id in details.faults:
            view["fault"] = self._fault(details.faults[s.id])
        if status in _WITH_PROGRESS:
            view["progress"] = s.progress
        if full:
            self._add_extensions(view, s, details)
        if "locked" in has:
            view["locked"] = s.locked_by is not None
        if "description" in has:
            view["description"] = s.description
        if "tags" in has:
            view["tags"] = details.tags.get(s.id, [])
        if "trusted_image_certificates" in has:
            view["trusted_image_certificates"] = decoded(s.trusted_certs, list, []) or None
        if "server_groups" in has and one:
            view["server_groups"] = details.server_groups.get(s.id, [])
        if "locked_reason" in has:
            view["locked_reason"] = s.locked_reason
        if "hostname" in has:
            view["OS-EXT-SRV-ATTR:hostname"] = s.hostname
        if "pinned_availability_zone" in has:
            view["pinned_availability_zone"] = s.pinned_availability_zone
        if "scheduler_hints" in has:
            view["scheduler_hints"] = decoded(s.scheduler_hints, dict, {})
        return view

    def _add_extensions(self, view: dict[str, object], s: Server, details: Details) -> None:
        view["OS-EXT-AZ:availability_zone"] = s.availability_zone or s.pinned_availability_zone or ""
        view["config_drive"] = "True" if s.config_drive else ""
        view["key_name"] = s.key_name
        view["OS-SRV-USG:launched_at"] = micros(s.launched_at)
        view["OS-SRV-USG:terminated_at"] = micros(s.terminated_at)
        view["OS-EXT-STS:task_state"] = s.task_state
        view["OS-EXT-STS:vm_state"] = s.vm_state
        view["OS-EXT-STS:power_state"] = s.power_state
        view["os-extended-volumes:volumes_attached"] = []
        groups = details.security_groups.get(s.id)
        if groups:
            view["security_groups"] = [{"name": name} for name in groups]
        if self._sight.extended_attributes:
            view["OS-EXT-SRV-ATTR:host"] = s.host
            view["OS-EXT-SRV-ATTR:instance_name"] = self._template % s.number
            view["OS-EXT-SRV-ATTR:hypervisor_hostname"] = s.host
            if "extended_attributes" in self._has:
                view["OS-EXT-SRV-ATTR:reservation_id"] = s.reservation_id
                view["OS-EXT-SRV-ATTR:launch_index"] = s.launch_index
                view["OS-EXT-SRV-ATTR:hostname"] = s.hostname
                view["OS-EXT-SRV-ATTR:kernel_id"] = ""
                view["OS-EXT-SRV-ATTR:ramdisk_id"] = ""
                view["OS-EXT-SRV-ATTR:root_device_name"] = s.root_device_name
                view["OS-EXT-SRV-ATTR:user_data"] = details.user_data.get(s.id)
        if "host_status" in self._has:
            status = "" if s.host is None else details.host_status.get(s.host, "UNKNOWN")
            if self._sight.host_status or (self._sight.unknown_host_status and status == "UNKNOWN"):
                view["host_status"] = status

    def _host_id(self, s: Server) -> str:
        key = (s.project_id, s.host)
        found = self._host_ids.get(key)
        if found is None:
            found = self._host_ids[key] = host_id(*key)
        return found

    def _image(self, s: Server) -> object:
        if s.image_id is None:
            return ""
        view: dict[str, object] = {
            "id": s.image_id,
            "links": [{"rel": "bookmark", "href": self._images_url + s.image_id}],
        }
        if "image_properties" in self._has:
            properties = self._properties.get(s.image_properties)
            if properties is None:
                properties = self._properties[s.image_properties] = decoded(s.image_properties, dict, {})
            view["properties"] = properties
        return view

    def _flavor(self, s: Server) -> dict[str, object]:
        if "embedded_flavor" not in self._has:
            return {
                "id": s.flavor_id,
                "links": [{"rel": "bookmark", "href": self._flavors_url + s.flavor_id}],
            }
        flavor = self._flavors.get(s.flavor)
        if flavor is None:
            flavor = self._flavors[s.flavor] = decoded(s.flavor, ServerFlavor, UNREADABLE_FLAVOR)
        view: dict[str, object] = {
            "vcpus": flavor.vcpus,
            "ram": flavor.memory_mib,
            "disk": flavor.root_gib,
            "ephemeral": flavor.ephemeral_gib,
            "swap": flavor.swap_mib,
            "original_name": flavor.name,
        }
        if self._sight.extra_specs:
            view["extra_specs"] = flavor.extra_specs
        return view

    def _fault(self, fault: Fault) -> dict[str, object]:
        view: dict[str, object] = {"code": fault.code, "created": zulu(fault.created_at), "message": fault.message}
        if self._sight.fault_details and fault.detail:
            view["details"] = fault.detail
        return view


def addresses(found: Sequence[Address], *, full: bool = True) -> dict[str, list[dict[str, object]]]:
    """Addresses by network label; ``full`` with MAC and type, as ``addresses`` of a server has them."""
    view: dict[str, list[dict[str, object]]] = {}
    for address in found:
        item: dict[str, object] = {"version": address.version, "addr": address.ip}
        if full:
            item["OS-EXT-IPS:type"] = address.kind
            item["OS-EXT-IPS-MAC:mac_addr"] = address.mac
        view.setdefault(address.network_label, []).append(item)
    return view
