"""Availability zones: which zone each host is in, and which zones there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from micronova.compute import aggregates, host_registry
from micronova.compute.api import ComputeSettings
from micronova.compute.host_registry import ComputeService


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone with the services in it.  ``available``: at least one of them is not disabled."""

    name: str
    available: bool
    services: Sequence[ComputeService]


def of_services(conn: Connection, settings: ComputeSettings, services: Sequence[ComputeService]) -> Mapping[int, str]:
    """The zone of each service, by its number: the control plane's is the internal one."""
    by_host = aggregates.zones_by_host(conn)
    return {
        service.id: by_host.get(service.host, settings.default_availability_zone)
        if service.binary == host_registry.COMPUTE
        else settings.internal_service_availability_zone
        for service in services
    }


def of_host(conn: Connection, settings: ComputeSettings, host: str) -> str:
    """The zone of a compute host."""
    return aggregates.zones_by_host(conn).get(host, settings.default_availability_zone)


def list_zones(conn: Connection, settings: ComputeSettings) -> list[Zone]:
    """All zones that have a service, by name; available ones first."""
    services = host_registry.services(conn)
    zone_of = of_services(conn, settings, services)
    members: dict[str, list[ComputeService]] = {}
    for service in services:
        members.setdefault(zone_of[service.id], []).append(service)
    zones = [
        Zone(name=name, available=any(not service.disabled for service in found), services=found)
        for name, found in members.items()
    ]
    return sorted(zones, key=lambda zone: (not zone.available, zone.name))


def exists(conn: Connection, settings: ComputeSettings, name: str) -> bool:
    """Whether servers can be asked to be in a zone of that name."""
    return any(
        zone.name == name and zone.available and zone.name != settings.internal_service_availability_zone
        for zone in list_zones(conn, settings)
    )
