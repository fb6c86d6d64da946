"""A guest as asked for to a libvirt domain: pure, each concern in a function of its own."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.host.interface import GuestSpec
from micronova.host.platform import clock, console, cpu, disks, machine, metadata, nics, paravirtual
from micronova.host.platform.host_platform import HostPlatform
from micronova.host.platform.sources import DiskSource
from micronova.libvirtxml.devices import Devices
from micronova.libvirtxml.domain import Domain
from micronova.model.ids import ServerId, is_uuid

_PREFIX = "micronova-"


def domain_name(server_id: ServerId) -> str:
    """``micronova-<server id>``: says whose it is in ``virsh list``."""
    return f"{_PREFIX}{server_id}"


def owner(name: str) -> ServerId | None:
    """The server of a domain with this name; None if it is not ours."""
    server_id = name.removeprefix(_PREFIX)
    return ServerId(server_id) if server_id != name and is_uuid(server_id) else None


def looks_like_ours(name: str) -> bool:
    """Whether a domain's name is one that only we would give, readable owner or not."""
    return name.startswith(_PREFIX)


def domain(guest: GuestSpec, sources: Sequence[DiskSource], console_log: str, host: HostPlatform) -> Domain:
    """The domain of a guest.  ``sources`` are its disks in order, ``console_log`` is virtlogd's file."""
    disk_elements = disks.disks(guest, sources, host)
    devices = Devices(
        emulator=host.emulator,
        disks=disk_elements,
        controllers=disks.controllers(disk_elements),
        interfaces=nics.interfaces(guest.nics, host),
        serials=[console.serial(console_log)],
        channels=paravirtual.channels(guest),
        inputs=console.inputs(host),
        graphics=console.graphics(host),
        videos=console.videos(guest, host),
        rngs=paravirtual.rngs(guest, host),
        memballoon=paravirtual.memballoon(host),
    )
    element = Domain(
        type=host.virt_type,
        name=domain_name(guest.server_id),
        uuid=guest.server_id,
        metadata=metadata.metadata(guest),
        memory=guest.memory_mib,
        memory_unit="MiB",
        vcpus=guest.vcpus,
        os=machine.os(guest, host),
        features=machine.features(host),
        cpu=cpu.cpu(guest, host),
        clock=clock.clock(guest, host),
        on_poweroff="destroy",
        on_reboot="restart",
        on_crash="destroy",
        devices=devices,
    )
    if host.arch in ("x86_64", "i686"):
        element.sysinfo = machine.sysinfo(guest)
    return element
