"""This machine as a host: libvirt, disks, networks and filters behind the one interface.

Each server has a lock of its own, so that no two verbs touch one guest at once; networks and images have theirs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from micronova.host.interface import (
    Cancel,
    Disk,
    DiskSpec,
    GuestSpec,
    Holdings,
    HostFacts,
    HostUsage,
    ImageRef,
    ImageSource,
    Nic,
    PowerEvent,
    PowerState,
)
from micronova.host.libvirt import console, kvm_probe, node
from micronova.host.libvirt.connection import Connection
from micronova.host.libvirt.domains import Domains
from micronova.host.libvirt.networks import Networks
from micronova.host.locks import KeyedLocks
from micronova.host.network.service import NatNetworks, PortNetwork, UserNetworks
from micronova.host.platform import domain as platform
from micronova.host.platform.host_platform import HostPlatform, PlatformSettings
from micronova.host.platform.sources import DiskSource
from micronova.host.storage.disks import ServerDisks
from micronova.host.storage.flat import FlatStore
from micronova.host.storage.image_cache import SUPPORTED, ImageCache
from micronova.host.storage.interface import DiskStore
from micronova.host.storage.layout import Layout, supports_direct_io
from micronova.host.storage.qcow2 import Qcow2Store
from micronova.model.errors import HostUnreachable, OurFault
from micronova.model.ids import HostName, NetworkId, ServerId

_GIB = 1 << 30
_LONGEST_CONSOLE = 1 << 20

_STORES: Mapping[str, Callable[[], DiskStore]] = {
    "default": Qcow2Store,
    "qcow2": Qcow2Store,
    "flat": FlatStore,
    "raw": FlatStore,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHostConfig:
    """What the host role must be told; the assembly fills it from nova.conf and the command line.

    ``uri``: ``qemu:///system`` as root, ``qemu:///session`` as a user.  ``virt_type`` None: KVM if a probe shows that
    it runs a guest, else QEMU.  ``state_dir`` and ``instances_dir`` are absolute.  ``images_type``: default, qcow2,
    flat or raw.  ``force_raw_images``: keep cached images as raw, at the price of a copy of each.
    """

    name: HostName
    uri: str
    state_dir: Path
    instances_dir: Path
    virt_type: str | None = None
    images_type: str = "default"
    force_raw_images: bool = False
    host_ip: str = "127.0.0.1"
    platform: PlatformSettings = field(default_factory=PlatformSettings)

    @property
    def is_session(self) -> bool:
        """Whether libvirt runs as the user, without networks and owners of its own."""
        return self.uri.endswith("/session")


def default_uri() -> str:
    """The libvirt that fits who we are."""
    return "qemu:///system" if os.geteuid() == 0 else "qemu:///session"


class LocalHost:
    """``Host`` on real libvirt.  See interface.py for the verbs."""

    def __init__(self, config: LocalHostConfig, images: ImageSource) -> None:
        store = _STORES.get(config.images_type)
        if store is None:
            raise OurFault(
                "This host's disks are not configured.",
                detail=f"[libvirt] images_type = {config.images_type}: one of {', '.join(_STORES)} is supported",
            )
        self._config = config
        self._connection = Connection(config.uri)
        self._domains = Domains(self._connection)
        self._layout = Layout(config.state_dir, config.instances_dir)
        self._cache = ImageCache(self._layout, images, force_raw=config.force_raw_images)
        self._disks = ServerDisks(self._layout, store(), self._cache)
        self._network: PortNetwork = (
            UserNetworks(self._layout) if config.is_session else NatNetworks(self._layout, Networks(self._connection))
        )
        self._locks = KeyedLocks()
        self._listeners: list[Callable[[PowerEvent], None]] = []
        self._domains.subscribe(self._on_power)
        self._qemu_user: node.QemuUser | None = None
        self._platform: HostPlatform | None = None
        self._facts: HostFacts | None = None

    @property
    def name(self) -> HostName:
        """See Host."""
        return self._config.name

    def start(self) -> None:
        """See Host.  Nothing that a guest or a file of a guest is like can stop it (SECURITY.md T-API11)."""
        self._connection.start()
        found = node.read_node(self._connection)
        user = self._qemu_user = None if self._config.is_session else node.qemu_user(found.capabilities)
        self._layout.prepare(user)
        self._cache.prepare()
        self._network.start()
        notes: list[str] = []
        arch = node.host_arch(found.capabilities)
        virt_type = self._virt_type(found, arch, notes)
        machine = self._config.platform.hw_machine_type.get(arch, "pc" if arch == "x86_64" else "virt")
        capabilities = node.read_domain_capabilities(self._connection, arch, virt_type, machine)
        self._platform = HostPlatform(
            arch=arch,
            emulator=capabilities.path or "",
            virt_type=virt_type,
            default_machine=machine,
            cpu_modes=frozenset(m.name for m in capabilities.cpu_modes if m.name and m.supported == "yes"),
            user_network=self._network.user_backend,
            direct_io=supports_direct_io(self._layout.instances),
            private_labels=user is not None,
            settings=self._config.platform,
        )
        self._facts = node.host_facts(
            found,
            capabilities,
            hostname=self.name,
            host_ip=self._config.host_ip,
            disk_gib=self._space()[0] // _GIB,
            image_formats=SUPPORTED,
            notes=[*notes, *self._network.notes],
        )

    def close(self) -> None:
        """See Host."""
        self._connection.close()

    def facts(self) -> HostFacts:
        """See Host."""
        if self._facts is None:
            raise HostUnreachable("The server's host does not answer.", detail=f"host {self.name} was not started")
        return self._facts

    def usage(self) -> HostUsage:
        """See Host."""
        running = sum(state is PowerState.RUNNING for state in self._domains.survey().servers.values())
        total, free = self._space()
        return HostUsage(
            running_vms=running,
            memory_used_mib=_memory_used_mib(),
            disk_used_gib=(total - free) // _GIB,
            disk_free_gib=free // _GIB,
            uptime=f"{int(time.clock_gettime(time.CLOCK_BOOTTIME))} s",
            load_average=node.load_average(),
        )

    def health(self) -> Sequence[str]:
        """See Host."""
        complaints: list[str] = []
        if not self._connection.is_up():
            complaints.append(
                f"libvirt at {self._config.uri} does not answer ({self._connection.why_away()}): start libvirtd"
            )
        device = kvm_probe.device_complaint(self._qemu_user)
        if device is not None:
            complaints.append(device)
        complaints += self._network.complaints()
        return complaints

    def ensure_image(self, image: ImageRef, cancel: Cancel) -> None:
        """See Host."""
        self._cache.ensure(image, cancel)

    def ensure_disks(self, server_id: ServerId, disks: Sequence[DiskSpec], cancel: Cancel) -> Sequence[Disk]:
        """See Host.  Invalid if a disk would be smaller than its image."""
        with self._locks.holding(server_id):
            return self._disks.ensure(server_id, disks, cancel)

    def ensure_config_drive(self, server_id: ServerId, files: Mapping[str, bytes]) -> Disk:
        """See Host.  One that is there is replaced; a guest that has it open keeps the old one until it is stopped."""
        with self._locks.holding(server_id):
            return self._disks.ensure_config_drive(server_id, files)

    def remove_disks(self, server_id: ServerId) -> None:
        """See Host."""
        with self._locks.holding(server_id):
            self._layout.remove_server(server_id)

    def ensure_nics(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """See Host."""
        with self._locks.holding(server_id):
            self._network.ensure(server_id, nics)

    def remove_nics(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """See Host."""
        with self._locks.holding(server_id):
            self._network.remove(nics)

    def remove_network(self, network_id: NetworkId) -> None:
        """See Host."""
        self._network.remove_network(network_id)

    def ensure_running(self, guest: GuestSpec) -> None:
        """See Host."""
        host = self._started()
        with self._locks.holding(guest.server_id):
            self._layout.make_server(guest.server_id)
            log = str(self._layout.console_log(guest.server_id))
            self._domains.ensure_running(
                guest.server_id, lambda: platform.domain(guest, self._sources(guest), log, host)
            )

    def remove_domain(self, server_id: ServerId) -> None:
        """See Host."""
        with self._locks.holding(server_id):
            self._domains.remove(server_id)

    def power_state(self, server_id: ServerId) -> PowerState:
        """See Host."""
        return self._domains.power_state(server_id)

    def console_log(self, server_id: ServerId, tail_bytes: int) -> bytes:
        """See Host.  Never more than a mebibyte (SECURITY.md T-CON6)."""
        return console.tail(self._layout.console_log(server_id), min(tail_bytes, _LONGEST_CONSOLE))

    def holdings(self) -> Holdings:
        """See Host."""
        survey = self._domains.survey()
        return Holdings(
            domains=survey.servers,
            disks=frozenset(self._layout.servers()),
            ports=self._network.ports(),
            networks=self._network.networks(),
            unknown=[*survey.unknown, *self._layout.strangers()],
        )

    def subscribe(self, listener: Callable[[PowerEvent], None]) -> None:
        """See Host.  After each (re)connection every guest's state is told once."""
        self._listeners.append(listener)

    def _on_power(self, server_id: ServerId, state: PowerState, reason: str) -> None:
        event = PowerEvent(host=self.name, server_id=server_id, state=state, reason=reason)
        for listener in self._listeners:
            listener(event)

    def _started(self) -> HostPlatform:
        if self._platform is None:
            raise HostUnreachable("The server's host does not answer.", detail=f"host {self.name} was not started")
        return self._platform

    def _sources(self, guest: GuestSpec) -> Sequence[DiskSource]:
        return [self._disks.source(guest.server_id, disk) for disk in guest.disks]

    def _space(self) -> tuple[int, int]:
        """Bytes in all, and free, where the disks are."""
        found = os.statvfs(self._layout.instances)
        return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize

    def _virt_type(self, found: node.Node, arch: str, notes: list[str]) -> str:
        """The configured type if libvirt has it; else KVM if it truly runs a guest, else QEMU and why."""
        offered = node.virt_types(found.capabilities, arch)
        wanted = self._config.virt_type
        if wanted is not None:
            if wanted not in offered:
                raise OurFault(
                    "This host cannot run guests as it is configured.",
                    detail=f"[libvirt] virt_type = {wanted}: libvirt offers {', '.join(sorted(offered)) or 'nothing'}"
                    " here (is /dev/kvm there, and may QEMU use it?)",
                )
            return wanted
        if "qemu" not in offered and "kvm" not in offered:
            raise OurFault(
                "This host cannot run guests.",
                detail=f"libvirt offers neither kvm nor qemu for {arch}: install qemu-system for it",
            )
        if "kvm" not in offered:
            notes.append("Guests run under emulation (virt_type = qemu): libvirt offers no KVM, /dev/kvm is missing"
                         " or may not be used.")  # fmt: skip
            return "qemu"
        emulator = node.emulator(found.capabilities, arch)
        verdict = kvm_probe.kvm_verdict(
            self._connection, self._layout, arch=arch, emulator=emulator, qemu_version=found.qemu_version
        )
        if verdict.works:
            return "kvm"
        notes.append(
            f"Guests run under emulation (virt_type = qemu): /dev/kvm is there, but {verdict.reason}."
            " Set [libvirt] virt_type = kvm to use it all the same."
        )
        return "qemu"


def _memory_used_mib() -> int:
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    total, available = (int(fields[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    return (total - available) // 1024
