"""Disks on their buses."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from micronova.host.interface import DiskRole, GuestSpec
from micronova.host.platform.host_platform import HostPlatform
from micronova.host.platform.machine import is_pcie, machine_type
from micronova.host.platform.properties import image_property
from micronova.host.platform.sources import DiskSource, FileChain
from micronova.libvirtxml.devices import Controller
from micronova.libvirtxml.disk import BackingStore, Disk, SecLabel
from micronova.model.errors import Unsupported

_PREFIX = {"virtio": "vd", "scsi": "sd", "sata": "sd", "usb": "sd", "ide": "hd", "fdc": "fd"}


def disks(guest: GuestSpec, sources: Sequence[DiskSource], host: HostPlatform) -> list[Disk]:
    """``<disk>`` for each source, in order; the config drive is a CD."""
    names = _Names()
    return [_disk(guest, source, host, names) for source in sources]


def controllers(elements: Sequence[Disk]) -> list[Controller]:
    """The virtio-scsi controller, where a disk is on that bus; libvirt adds all others."""
    if any(disk.target_bus == "scsi" for disk in elements):
        return [Controller(type="scsi", index=0, model="virtio-scsi")]
    return []


class _Names:
    """Gives each disk the next free name of its bus's family: vda, vdb, sda, ..."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def next(self, bus: str) -> str:
        prefix = _PREFIX[bus]
        number = self._used.get(prefix, 0)
        self._used[prefix] = number + 1
        if number >= len(ascii_lowercase):
            raise Unsupported(f"More than {len(ascii_lowercase)} disks on one bus are not possible.")
        return prefix + ascii_lowercase[number]


def _disk(guest: GuestSpec, source: DiskSource, host: HostPlatform, names: _Names) -> Disk:
    is_cd = source.role is DiskRole.CONFIG
    bus = _cd_bus(guest, host) if is_cd else _bus(guest)
    element = Disk(
        type="file",
        device="cdrom" if is_cd else "disk",
        driver_name="qemu",
        driver_type=source.chain.format,
        driver_cache="none" if host.direct_io and not is_cd else None,
        source_file=source.chain.path,
        backing_store=_backing(source.chain.backing, host),
        target_dev=names.next(bus),
        target_bus=bus,
    )
    if is_cd:
        element.readonly = True
    return element


def _bus(guest: GuestSpec) -> str:
    bus = image_property(guest, "hw_disk_bus", "virtio")
    if bus not in _PREFIX:
        raise Unsupported(f"hw_disk_bus={bus} is not supported; one of {', '.join(sorted(_PREFIX))} is.")
    return bus


def _cd_bus(guest: GuestSpec, host: HostPlatform) -> str:
    default = "sata" if is_pcie(machine_type(guest, host)) else "ide"
    bus = image_property(guest, "hw_cdrom_bus", default)
    if bus not in _PREFIX:
        raise Unsupported(f"hw_cdrom_bus={bus} is not supported; one of {', '.join(sorted(_PREFIX))} is.")
    return bus


def _backing(chain: FileChain | None, host: HostPlatform) -> BackingStore:
    """The whole chain down to its end, so that libvirt never reads a header to find out (SECURITY.md T-IMG8).

    A base is shared by many guests: libvirt must not give it to QEMU's user, who only reads it.
    """
    if chain is None:
        return BackingStore()
    element = BackingStore(type="file", format=chain.format, source_file=chain.path)
    if host.private_labels:
        element.source_labels = [SecLabel(model="dac", relabel=False)]
    element.next = _backing(chain.backing, host)
    return element
