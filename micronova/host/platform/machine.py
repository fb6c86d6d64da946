"""The machine: type, firmware, features, and what its BIOS tables say."""

from __future__ import annotations

from micronova.host.interface import GuestSpec
from micronova.host.platform.host_platform import HostPlatform
from micronova.host.platform.properties import image_property
from micronova.libvirtxml.domain import Boot, Features, Os, Sysinfo, SysinfoEntry

# cloud-init takes a machine for OpenStack's by this name.
PRODUCT = "OpenStack Compute"


def machine_type(guest: GuestSpec, host: HostPlatform) -> str:
    """The image's ``hw_machine_type``, else the setting for the architecture, else the host's default."""
    configured = host.settings.hw_machine_type.get(host.arch, host.default_machine)
    return guest.image_properties.get("hw_machine_type", configured)


def is_pcie(machine: str) -> bool:
    """Whether the machine has PCI Express and SATA instead of PCI and IDE."""
    return "q35" in machine or machine.startswith("virt")


def os(guest: GuestSpec, host: HostPlatform) -> Os:
    """``<os>``: BIOS unless the image asks for UEFI; boots from the disk that says so itself."""
    element = Os(type="hvm", arch=host.arch, machine=machine_type(guest, host))
    if image_property(guest, "hw_firmware_type", "bios") == "uefi":
        element.firmware = "efi"
    element.boots = [Boot(dev="hd")]
    if host.arch in ("x86_64", "i686"):
        element.smbios = "sysinfo"
    return element


def sysinfo(guest: GuestSpec) -> Sysinfo:
    """What ``dmidecode`` shows in the guest."""
    entries = {
        "manufacturer": "micronova",
        "product": PRODUCT,
        "serial": guest.server_id,
        "uuid": guest.server_id,
        "family": "Virtual Machine",
    }
    return Sysinfo(type="smbios", system=[SysinfoEntry(name=k, value=v) for k, v in entries.items()])


def features(host: HostPlatform) -> Features:
    """ACPI and, on x86, APIC."""
    element = Features(acpi=True)
    if host.arch in ("x86_64", "i686"):
        element.apic = True
    return element
