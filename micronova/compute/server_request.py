"""A request for new servers as a value: decoded, and not yet checked against anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from micronova.compute.config_drive import InjectedFile
from micronova.compute.server_block_devices import LocalDisks
from micronova.network.values import NicRequest
from micronova.scheduler.hints import Hints


@dataclass(frozen=True, slots=True, kw_only=True)
class NewServers:
    """A create request, decoded.  ``networks`` empty: nothing was said; ``hostname`` None: made from the name."""

    name: str
    flavor_ref: str
    image_id: str | None
    networks: Sequence[NicRequest] | Literal["auto", "none"] = ()
    key_name: str | None = None
    user_data: str | None = None
    config_drive: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[InjectedFile] = ()
    auto_disk_config: bool | None = None
    access_ip_v4: str | None = None
    access_ip_v6: str | None = None
    min_count: int = 1
    max_count: int = 1
    availability_zone: str | None = None
    host: str | None = None  # the only host that will do, for admins
    disks: LocalDisks = field(default_factory=LocalDisks)
    security_groups: Sequence[str] = ()
    description: str | None = None
    tags: Sequence[str] = ()
    trusted_certs: Sequence[str] | None = None
    hostname: str | None = None
    hints: Hints = field(default_factory=Hints)
    raw_hints: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What policy allows the caller beyond creating servers."""

    is_admin: bool
    zero_disk_flavor: bool
