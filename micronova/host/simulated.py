"""A host that only pretends: for load, scale and failure tests, and for a control plane to play with.

It keeps the contract of ``host/interface.py`` and is stricter than a real one: what a real host would only show as a
guest without a network, or as a disk lost under a running guest, it refuses as a defect of ours (``OurFault``, code
``order``).  Its guests survive a ``kill -9`` of the process, as real ones do.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import msgspec

from micronova.host.interface import (
    Cancel,
    Disk,
    DiskRole,
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
from micronova.host.simulated_faults import Misbehaviour, SimulatedSettings
from micronova.host.simulated_state import Guest, Journal
from micronova.model.errors import Conflict, HostUnreachable, Invalid, NotFound, OurFault, StorageFull
from micronova.model.ids import HostName, NetworkId, ServerId

_GIB = 1024**3
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
_CHUNK = 1024 * 1024
# The states in which a guest has its memory.
_ALIVE = frozenset({PowerState.RUNNING, PowerState.PAUSED})
_TRAITS = frozenset(
    {
        "COMPUTE_NODE",
        "COMPUTE_IMAGE_TYPE_ISO",
        "COMPUTE_IMAGE_TYPE_QCOW2",
        "COMPUTE_IMAGE_TYPE_RAW",
        "COMPUTE_NET_VIF_MODEL_VIRTIO",
        "COMPUTE_STORAGE_BUS_VIRTIO",
        "HW_CPU_X86_SSE2",
    }
)


class SimulatedHost:
    """One simulated host.  Implements ``micronova.host.interface.Host``.  Thread safe."""

    def __init__(
        self,
        name: HostName,
        directory: Path,
        images: ImageSource,
        settings: SimulatedSettings | None = None,
    ) -> None:
        """``directory`` holds the journals of all simulated hosts; each is named after its host."""
        self._name = name
        self._images = images
        self._settings = settings or SimulatedSettings()
        self._misbehaviour = Misbehaviour(self._settings, name)
        self._journal = Journal(directory / f"{name}.journal")
        self._lock = threading.RLock()
        self._image_lock = threading.Lock()
        self._listeners: list[Callable[[PowerEvent], None]] = []
        self._open = False
        self._reachable = True
        self._since = time.monotonic()

    @property
    def name(self) -> HostName:
        """Its name."""
        return self._name

    def start(self) -> None:
        """Read the journal: the guests that ran, run."""
        with self._lock:
            if not self._open:
                self._journal.open()
                self._open = True

    def close(self) -> None:
        """Close the journal; the guests "keep running"."""
        with self._lock:
            self._journal.close()
            self._open = False

    # What only a simulation can do

    def set_reachable(self, reachable: bool) -> None:
        """Pull the network cable, or put it back."""
        self._reachable = reachable

    def change_power(self, server_id: ServerId, state: PowerState, reason: str) -> None:
        """Change a guest's power state behind the control plane's back, as a crash or a shutdown inside it does."""
        with self._lock:
            guest = self._domain(server_id)
            changed = msgspec.structs.replace(guest, state=state)
            self._journal.keep(changed)
        self._tell(server_id, state, reason)

    # What it is

    def facts(self) -> HostFacts:
        """The capacity of the settings, on an imagined machine."""
        self._answers()
        return HostFacts(
            hostname=self._name,
            hypervisor_type="QEMU",
            hypervisor_version=7002000,
            vcpus=self._settings.vcpus,
            memory_mib=self._settings.memory_mib,
            disk_gib=self._settings.disk_gib,
            cpu_info=MappingProxyType(
                {
                    "arch": "x86_64",
                    "vendor": "Simulated",
                    "model": "qemu64",
                    "features": ["sse2"],
                    "topology": {"cells": 1, "sockets": 1, "cores": self._settings.vcpus, "threads": 1},
                }
            ),
            supported_instances=(("x86_64", "qemu", "hvm"),),
            traits=_TRAITS,
            virt_type="qemu",
            notes=("This host is simulated: its guests are not real.",),
        )

    def usage(self) -> HostUsage:
        """What its guests would use."""
        with self._works():
            guests = list(self._journal.guests.values())
        disk_gib = _gib(sum(disk.size_bytes for guest in guests for disk in guest.disks))
        return HostUsage(
            running_vms=sum(guest.state in _ALIVE for guest in guests),
            memory_used_mib=sum(guest.memory_mib for guest in guests if guest.state in _ALIVE),
            disk_used_gib=disk_gib,
            disk_free_gib=max(0, self._settings.disk_gib - disk_gib),
            uptime=f"{time.monotonic() - self._since:.0f} s",
            load_average="0.00, 0.00, 0.00",
        )

    def health(self) -> Sequence[str]:
        """A complaint while it is unreachable."""
        if not self._reachable:
            return (f"The simulated host {self._name} is unreachable: set_reachable(True) brings it back.",)
        return ()

    # Images and disks

    def ensure_image(self, image: ImageRef, cancel: Cancel) -> None:
        """Read the image once and compare its size and hash; nothing of it is kept."""
        with self._verb("ensure_image", cancel), self._image_lock:
            with self._works():
                if image.id in self._journal.images:
                    return
            self._verify(image, cancel)
            with self._works():
                self._journal.keep_image(image.id)

    def _verify(self, image: ImageRef, cancel: Cancel) -> None:
        digest = hashlib.new(image.hash_algo)
        size = 0
        with self._images.open(image.id) as stream:
            while chunk := stream.read(_CHUNK):
                cancel.check()
                digest.update(chunk)
                size += len(chunk)
        if size != image.size or digest.hexdigest() != image.hash_value:
            raise Invalid(
                f"Image {image.id} is damaged: its size or hash is not what it was at upload.",
                detail=f"{size} bytes, {image.hash_algo} {digest.hexdigest()}",
            )

    def ensure_disks(self, server_id: ServerId, disks: Sequence[DiskSpec], cancel: Cancel) -> Sequence[Disk]:
        """Note the disks; an image must be in the cache before."""
        with self._verb("ensure_disks", cancel), self._works():
            guest = self._guest(server_id)
            have = {(disk.role, disk.index): disk for disk in guest.disks}
            made = []
            for spec in disks:
                disk = have.get((spec.role, spec.index))
                if disk is None:
                    disk = self._new_disk(server_id, spec)
                    have[spec.role, spec.index] = disk
                made.append(disk)
            self._check_disk_room(server_id, list(have.values()))
            self._journal.keep(msgspec.structs.replace(guest, disks=list(have.values())))
            return tuple(made)

    def _new_disk(self, server_id: ServerId, spec: DiskSpec) -> Disk:
        if spec.role is DiskRole.CONFIG:
            raise _out_of_order(
                f"ensure_disks for server {server_id} got a config drive: ensure_config_drive makes those"
            )
        if spec.size_bytes <= 0:
            raise _out_of_order(f"ensure_disks for server {server_id} got {spec.size_bytes} bytes for {spec.role}")
        image = spec.image
        if image is not None:
            if image.id not in self._journal.images:
                raise _out_of_order(f"ensure_disks for server {server_id} before ensure_image of image {image.id}")
            if image.virtual_size > spec.size_bytes:
                raise Invalid(
                    f"Image {image.id} needs a disk of {image.virtual_size} bytes, the server's has {spec.size_bytes}."
                )
        return self._disk(server_id, spec.role, spec.index, "qcow2", spec.size_bytes)

    def _disk(self, server_id: ServerId, role: DiskRole, index: int, disk_format: str, size_bytes: int) -> Disk:
        location = f"simulated:{self._name}/{server_id}/{role}{index}"
        return Disk(
            role=role, index=index, format=disk_format, backend="simulated", location=location, size_bytes=size_bytes
        )

    def _check_disk_room(self, server_id: ServerId, disks: Sequence[Disk]) -> None:
        if not self._settings.enforce_capacity:
            return
        others = (guest for guest in self._journal.guests.values() if guest.server_id != server_id)
        used = sum(d.size_bytes for guest in others for d in guest.disks) + sum(d.size_bytes for d in disks)
        if used > self._settings.disk_gib * _GIB:
            raise StorageFull(
                "There is no space left for the server's disks.",
                detail=f"{self._name}: {_gib(used)} GiB of {self._settings.disk_gib}",
            )

    def ensure_config_drive(self, server_id: ServerId, files: Mapping[str, bytes]) -> Disk:
        """Note a config drive as large as its files."""
        with self._verb("ensure_config_drive"), self._works():
            if not files:
                raise _out_of_order(f"ensure_config_drive for server {server_id} got no files")
            guest = self._guest(server_id)
            size = sum(len(content) for content in files.values())
            drive = self._disk(server_id, DiskRole.CONFIG, 0, "raw", max(size, 2048))
            others = [disk for disk in guest.disks if disk.role is not DiskRole.CONFIG]
            self._journal.keep(msgspec.structs.replace(guest, disks=[*others, drive]))
            return drive

    def remove_disks(self, server_id: ServerId) -> None:
        """Forget the disks; refused while there is a domain."""
        with self._verb("remove_disks"), self._works():
            guest = self._guest(server_id)
            if guest.state is not None:
                raise _out_of_order(f"remove_disks of server {server_id} before remove_domain")
            self._journal.keep(msgspec.structs.replace(guest, disks=[], boots=0))

    # Network

    def ensure_nics(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """Note the ports; addresses must lie in their network, and no two ports share one."""
        with self._verb("ensure_nics"), self._works():
            guest = self._guest(server_id)
            for nic in nics:
                self._check_nic(server_id, nic)
            for nic in nics:
                self._journal.keep_network(nic.network.id)
            ports = {**guest.ports, **{nic.port_id: nic.mac_address for nic in nics}}
            networks = {**guest.networks, **{nic.port_id: nic.network.id for nic in nics}}
            self._journal.keep(msgspec.structs.replace(guest, ports=ports, networks=networks))

    def _check_nic(self, server_id: ServerId, nic: Nic) -> None:
        if not _MAC.fullmatch(nic.mac_address):
            raise _out_of_order(f"port {nic.port_id}: {nic.mac_address!r} is no MAC address")
        network = ipaddress.ip_network(nic.network.cidr)
        for address in nic.fixed_ips:
            if ipaddress.ip_address(address) not in network:
                raise _out_of_order(f"port {nic.port_id}: {address} is not in {nic.network.cidr}")
        for other in self._journal.guests.values():
            if other.server_id == server_id:
                continue
            if nic.port_id in other.ports:
                raise Conflict(f"Port {nic.port_id} is in use.", detail=f"by server {other.server_id} on {self._name}")
            if nic.mac_address in other.ports.values():
                raise Conflict(f"MAC address {nic.mac_address} is in use.", detail=f"by server {other.server_id}")

    def remove_nics(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """Forget the ports; refused while the guest runs."""
        with self._verb("remove_nics"), self._works():
            guest = self._guest(server_id)
            gone = {nic.port_id for nic in nics}
            if guest.state in _ALIVE and gone & guest.ports.keys():
                raise _out_of_order(f"remove_nics of server {server_id} while its guest runs")
            ports = {port: mac for port, mac in guest.ports.items() if port not in gone}
            networks = {port: network for port, network in guest.networks.items() if port not in gone}
            self._journal.keep(msgspec.structs.replace(guest, ports=ports, networks=networks))

    def remove_network(self, network_id: NetworkId) -> None:
        """Forget the network; refused while a port of it is here."""
        with self._verb("remove_network"), self._works():
            for guest in self._journal.guests.values():
                if network_id in guest.networks.values():
                    raise _out_of_order(f"remove_network of {network_id} before remove_nics of {guest.server_id}")
            self._journal.forget_network(network_id)

    # Domains

    def ensure_running(self, guest: GuestSpec) -> None:
        """Start the guest; refused if one of its disks or ports was not made here before."""
        with self._verb("ensure_running"):
            with self._works():
                have = self._guest(guest.server_id)
                self._check_parts(guest, have)
                if have.state is PowerState.RUNNING:
                    return
                self._check_memory_room(guest)
                self._journal.keep(
                    msgspec.structs.replace(
                        have,
                        state=PowerState.RUNNING,
                        name=guest.name,
                        vcpus=guest.vcpus,
                        memory_mib=guest.memory_mib,
                        boots=have.boots + 1,
                    )
                )
            self._tell(guest.server_id, PowerState.RUNNING, "booted")

    def _check_parts(self, guest: GuestSpec, have: Guest) -> None:
        if guest.vcpus <= 0 or guest.memory_mib <= 0:
            raise _out_of_order(f"server {guest.server_id} has {guest.vcpus} VCPUs and {guest.memory_mib} MiB")
        for disk in guest.disks:
            if disk not in have.disks:
                raise _out_of_order(f"ensure_running of server {guest.server_id}: no disk {disk.role}{disk.index} here")
        for nic in guest.nics:
            if have.ports.get(nic.port_id) != nic.mac_address:
                raise _out_of_order(f"ensure_running of server {guest.server_id} before ensure_nics of {nic.port_id}")

    def _check_memory_room(self, guest: GuestSpec) -> None:
        if not self._settings.enforce_capacity:
            return
        used = sum(
            other.memory_mib
            for other in self._journal.guests.values()
            if other.state in _ALIVE and other.server_id != guest.server_id
        )
        if used + guest.memory_mib > self._settings.memory_mib:
            raise OurFault(
                "The host could not start the guest.",
                detail=f"{self._name}: no memory: {used} + {guest.memory_mib} of {self._settings.memory_mib} MiB",
            )

    def remove_domain(self, server_id: ServerId) -> None:
        """Stop and forget the guest; its disks and ports stay."""
        with self._verb("remove_domain"):
            with self._works():
                guest = self._guest(server_id)
                if guest.state is None:
                    return
                self._journal.keep(msgspec.structs.replace(guest, state=None, name="", vcpus=0, memory_mib=0))
            if guest.state is not PowerState.SHUTDOWN:
                self._tell(server_id, PowerState.SHUTDOWN, "destroyed")

    def power_state(self, server_id: ServerId) -> PowerState:
        """Its power state."""
        with self._works():
            state = self._domain(server_id).state
        assert state is not None  # _domain() refuses guests without a domain
        return state

    def console_log(self, server_id: ServerId, tail_bytes: int) -> bytes:
        """What a small Linux guest with cloud-init might have written at its boots."""
        with self._works():
            guest = self._journal.guests.get(server_id)
        if guest is None or not guest.boots or tail_bytes <= 0:
            return b""
        return b"".join(_boot_log(guest, boot) for boot in range(1, guest.boots + 1))[-tail_bytes:]

    def holdings(self) -> Holdings:
        """Everything in the journal."""
        with self._works():
            guests = list(self._journal.guests.values())
            networks = frozenset(self._journal.networks)
        return Holdings(
            domains={guest.server_id: guest.state for guest in guests if guest.state is not None},
            disks=frozenset(guest.server_id for guest in guests if guest.disks),
            ports=frozenset(port for guest in guests for port in guest.ports),
            networks=networks,
        )

    def subscribe(self, listener: Callable[[PowerEvent], None]) -> None:
        """Call ``listener`` on each change, in the thread that caused it."""
        with self._lock:
            self._listeners.append(listener)

    # Common to the verbs

    @contextmanager
    def _verb(self, verb: str, cancel: Cancel | None = None) -> Iterator[None]:
        self._answers()
        with self._misbehaviour.around(verb, cancel):
            yield

    @contextmanager
    def _works(self) -> Iterator[None]:
        """Hold the lock on the journal; refused while unreachable or not started."""
        with self._lock:
            self._answers()
            yield

    def _answers(self) -> None:
        if not self._reachable:
            raise HostUnreachable("The host does not answer.", detail=f"simulated host {self._name} is unreachable")
        if not self._open:
            raise _out_of_order(f"simulated host {self._name} was used before start() or after close()")

    def _guest(self, server_id: ServerId) -> Guest:
        return self._journal.guests.get(server_id) or Guest(server_id=server_id)

    def _domain(self, server_id: ServerId) -> Guest:
        guest = self._journal.guests.get(server_id)
        if guest is None or guest.state is None:
            raise NotFound(f"Server {server_id} has no guest.", detail=f"no domain on simulated host {self._name}")
        return guest

    def _tell(self, server_id: ServerId, state: PowerState, reason: str) -> None:
        event = PowerEvent(host=self._name, server_id=server_id, state=state, reason=reason)
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(event)


def simulated_hosts(
    count: int, directory: Path, images: ImageSource, settings: SimulatedSettings
) -> Sequence[SimulatedHost]:
    """``simulated-001`` and so on, not yet started; the same names (and guests) at each start."""
    return tuple(
        SimulatedHost(HostName(f"simulated-{number:03d}"), directory, images, settings)
        for number in range(1, count + 1)
    )


def _out_of_order(what: str) -> OurFault:
    return OurFault("The host could not do its work.", detail=what, code="order")


def _gib(size_bytes: int) -> int:
    return -(-size_bytes // _GIB)


def _boot_log(guest: Guest, boot: int) -> bytes:
    lines = [
        "[    0.000000] Linux version 6.1.0-simulated (micronova) #1 SMP",
        "[    0.000000] Command line: root=LABEL=root console=ttyS0",
        f"[    0.004000] smpboot: Allowing {guest.vcpus or 1} CPUs, 0 hotplug CPUs",
        f"[    0.012000] Memory: {guest.memory_mib * 1024}K available",
        f"[    1.204000] DMI: micronova, simulated guest, boot {boot}",
        f"cloud-init: instance-id: {guest.server_id}",
        *(f"ci-info: | eth{n} | True | {mac} |" for n, mac in enumerate(guest.ports.values())),
        "cloud-init: finished, datasource ConfigDrive",
        "",
        "simulated login: ",
    ]
    return "\r\n".join(lines).encode() + b"\r\n"
