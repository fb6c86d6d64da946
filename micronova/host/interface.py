"""What the control plane asks of a host.  The only door: nothing above imports libvirt, storage or network code.

All calls block and run in threads.  All arguments and results are plain frozen values that can be sent to an agent.
Every verb says *ensure* or *remove*: done twice is done once, and removing what is not there is a success.
Everything on a host is keyed by ids that the control plane made beforehand (server id, port id), so that a host can be
asked what it has (``holdings``) and compared with the database, both ways.

Errors: HostUnreachable (libvirt or the agent does not answer), StorageFull, Invalid (an image that is refused),
NotFound, Conflict (the domain is not in a state for that), Unsupported, OurFault.  Nothing else leaves a host.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from micronova.model.ids import HostName, ImageId, NetworkId, PortId, ServerId


class PowerState(enum.IntEnum):
    """Nova's numbers, as ``OS-EXT-STS:power_state`` shows them."""

    NOSTATE = 0
    RUNNING = 1
    PAUSED = 3
    SHUTDOWN = 4
    CRASHED = 6
    SUSPENDED = 7


class DiskRole(enum.StrEnum):
    """What a disk is for; the server's disks are named by role and index on a host."""

    ROOT = "root"
    EPHEMERAL = "ephemeral"
    SWAP = "swap"
    CONFIG = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What a host is and has, read once at start and when it changes.

    ``supported_instances`` rows are (arch, hypervisor type, vm mode) as Nova reports them.
    ``traits`` are os-traits names (CPU flags that guests get, COMPUTE_* capabilities).
    """

    hostname: HostName
    hypervisor_type: str
    hypervisor_version: int  # as Nova: 7002000 for 7.2.0
    vcpus: int
    memory_mib: int
    disk_gib: int
    cpu_info: Mapping[str, object]
    supported_instances: Sequence[tuple[str, str, str]] = ()
    traits: frozenset[str] = frozenset()
    host_ip: str = "127.0.0.1"
    virt_type: str = "qemu"
    notes: Sequence[str] = ()  # for the operator: "KVM does not run a guest here because ..."


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUsage:
    """What changes by itself on a host: for /os-hypervisors and the audit."""

    running_vms: int
    memory_used_mib: int
    disk_used_gib: int
    disk_free_gib: int
    uptime: str = ""
    load_average: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """An active image as the host needs it.  ``disk_format`` was verified against the bytes at upload."""

    id: ImageId
    disk_format: str  # raw | qcow2 | ...
    size: int  # bytes
    virtual_size: int  # bytes
    hash_algo: str
    hash_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpec:
    """A disk to make.  ``image`` None: an empty one.  ``size_bytes`` is the virtual size."""

    role: DiskRole
    index: int = 0
    size_bytes: int
    image: ImageRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A disk that was made.  ``format`` is fixed for its life and never probed again (DESIGN.md 7.3)."""

    role: DiskRole
    index: int
    format: str  # raw | qcow2
    backend: str  # qcow2 | flat | lvm | rbd | simulated
    location: str  # path or pool/name; for the host that made it only
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec:
    """A NAT network of the built-in network service, as a host has to provide it."""

    id: NetworkId
    name: str
    cidr: str
    gateway_ip: str
    dhcp: bool = True
    dns_servers: Sequence[str] = ()
    mtu: int = 1500
    domain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """A port as the guest gets it.  ``security`` False only for ports with port security switched off."""

    port_id: PortId
    mac_address: str
    network: NetworkSpec
    fixed_ips: Sequence[str]
    hostname: str = ""
    security: bool = True
    model: str = "virtio"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSpec:
    """A guest to define and start: everything decided above the host, nothing that only the host knows.

    ``image_properties`` and ``extra_specs`` are already validated against the known names.
    """

    server_id: ServerId
    name: str
    project_id: str
    vcpus: int
    memory_mib: int
    disks: Sequence[Disk]
    nics: Sequence[Nic]
    image_properties: Mapping[str, str] = field(default_factory=dict)
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    flavor_name: str = ""
    user_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """All that a host keeps, by owner, for the audit.  Ids are as the control plane made them."""

    domains: Mapping[ServerId, PowerState]
    disks: frozenset[ServerId]  # servers that have any file, volume or directory here
    ports: frozenset[PortId]  # ports that have a DHCP entry, tap or filter here
    networks: frozenset[NetworkId] = frozenset()  # networks that have a bridge, DHCP or routing rules here
    unknown: Sequence[str] = ()  # what looks like ours and has no readable owner


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerEvent:
    """A guest's power state changed, by us or behind our back."""

    host: HostName
    server_id: ServerId
    state: PowerState
    reason: str


class ImageSource(Protocol):
    """Where a host gets an image's bytes: the built-in store in this process, or HTTP for an agent."""

    def local_path(self, image_id: ImageId) -> Path | None:
        """The store's own file if it lies on this machine and never changes; None otherwise."""

    def open(self, image_id: ImageId) -> BinaryIO:
        """The bytes, from the start.  NotFound if the image is gone."""


class Cancel(Protocol):
    """Asked between chunks of long work (``StepContext`` fits)."""

    def check(self) -> None:
        """Raise if the work should stop."""


class Host(Protocol):
    """One machine that runs guests."""

    @property
    def name(self) -> HostName:
        """The name under which it is known in services, hypervisors and resource providers."""

    def start(self) -> None:
        """Connect and check; raises OurFault with the remedy if this host can never run a guest as configured."""

    def close(self) -> None:
        """Let go of everything; guests keep running."""

    def facts(self) -> HostFacts:
        """What the host is."""

    def usage(self) -> HostUsage:
        """What is in use right now."""

    def health(self) -> Sequence[str]:
        """Complaints, each a sentence with its remedy; empty when all is well."""

    def ensure_image(self, image: ImageRef, cancel: Cancel) -> None:
        """Have the image in the cache, verified by its hash; one download however many ask."""

    def ensure_disks(self, server_id: ServerId, disks: Sequence[DiskSpec], cancel: Cancel) -> Sequence[Disk]:
        """Make the server's disks (not the config drive); those that exist stay as they are."""

    def ensure_config_drive(self, server_id: ServerId, files: Mapping[str, bytes]) -> Disk:
        """Write an ISO 9660 volume labelled ``config-2`` with these files."""

    def remove_disks(self, server_id: ServerId) -> None:
        """Remove all of the server's disks, config drive, console log and directory, wiped where the store needs it."""

    def ensure_nics(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """Have the networks up and DHCP and filters ready for these ports, before a guest can send a frame."""

    def remove_nics(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """Take back what ensure_nics made for these ports."""

    def remove_network(self, network_id: NetworkId) -> None:
        """Take down this host's part of a network that has no ports here any more; twice is once.

        OurFault with code ``order`` while a port of it is still here.
        """

    def ensure_running(self, guest: GuestSpec) -> None:
        """Define the domain if it is not, start it if it does not run."""

    def remove_domain(self, server_id: ServerId) -> None:
        """Destroy and undefine, NVRAM and managed save included."""

    def power_state(self, server_id: ServerId) -> PowerState:
        """Its power state; NotFound if there is no such domain."""

    def console_log(self, server_id: ServerId, tail_bytes: int) -> bytes:
        """The last bytes of what the guest wrote to its serial console; b"" if it wrote nothing."""

    def holdings(self) -> Holdings:
        """Everything kept here, for the audit."""

    def subscribe(self, listener: Callable[[PowerEvent], None]) -> None:
        """Call ``listener`` (from any thread, must not block) on each change of a guest's power state."""


class Hosts(Protocol):
    """All hosts that this control plane can reach, by name."""

    def get(self, name: HostName) -> Host:
        """The host; HostUnreachable if it is not known or not connected."""

    def names(self) -> Sequence[HostName]:
        """Names of the hosts known now."""
