"""What the network service knows and hands out: networks, subnets, ports; interfaces of servers and their addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from micronova.model.ids import NetworkId, PortId, SubnetId


@dataclass(frozen=True, slots=True, kw_only=True)
class NicRequest:
    """One entry of ``networks`` in a server's create request: a network or an existing port."""

    network_id: NetworkId | None = None
    port_id: PortId | None = None
    fixed_ip: str | None = None
    tag: str | None = None


class PlannedNic(msgspec.Struct, frozen=True, kw_only=True):
    """A validated interface with the id its port has or will have.  Part of an operation's stored state.

    ``existing``: the port was there before the server, and stays when the server goes.
    """

    port_id: PortId
    network_id: NetworkId
    existing: bool = False
    fixed_ip: str | None = None
    tag: str | None = None


class Address(NamedTuple):
    """One address of a server, as its view shows it."""

    network_label: str
    ip: str
    version: int
    mac: str
    port_id: PortId
    kind: str = "fixed"


class FixedIp(NamedTuple):
    """An address that a port holds."""

    subnet_id: SubnetId
    ip_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks: a project, or somebody who may see everything."""

    project_id: str
    sees_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network row."""

    id: NetworkId
    project_id: str
    name: str
    description: str
    admin_state_up: bool
    shared: bool
    mtu: int
    port_security_enabled: bool
    dns_domain: str
    revision_number: int
    created_at: datetime
    updated_at: datetime | None

    @classmethod
    def of(cls, row: sa.Row[*tuple[Any, ...]]) -> Network:
        """From a row of ``networks``."""
        return cls(**row._mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A subnet row.  ``allocation_pools``: [{"start": ip, "end": ip}]; addresses are canonical texts."""

    id: SubnetId
    network_id: NetworkId
    project_id: str
    name: str
    description: str
    ip_version: int
    cidr: str
    gateway_ip: str | None
    enable_dhcp: bool
    allocation_pools: Sequence[Mapping[str, str]]
    dns_nameservers: Sequence[str]
    host_routes: Sequence[Mapping[str, str]]
    revision_number: int
    created_at: datetime
    updated_at: datetime | None

    @classmethod
    def of(cls, row: sa.Row[*tuple[Any, ...]]) -> Subnet:
        """From a row of ``subnets``."""
        return cls(**row._mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port row and its addresses."""

    id: PortId
    network_id: NetworkId
    project_id: str
    name: str
    description: str
    mac_address: str
    admin_state_up: bool
    status: str
    device_id: str
    device_owner: str
    server_id: str | None
    server_index: int
    made_for_server: bool
    host: str
    port_security_enabled: bool
    dns_name: str
    security_groups: Sequence[str]
    revision_number: int
    created_at: datetime
    updated_at: datetime | None
    fixed_ips: Sequence[FixedIp] = ()

    @classmethod
    def of(cls, row: sa.Row[*tuple[Any, ...]], fixed_ips: Sequence[FixedIp]) -> Port:
        """From a row of ``ports`` and its addresses."""
        return cls(**row._mapping, fixed_ips=fixed_ips)
