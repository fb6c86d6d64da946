"""What libvirt tells of a host: who QEMU is, what it can, and the facts that the control plane wants."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import libvirt
import os_traits

from micronova.host.interface import HostFacts
from micronova.host.libvirt.connection import Connection
from micronova.libvirtxml.capabilities import Capabilities, DomainCapabilities, values
from micronova.model.errors import OurFault
from micronova.model.ids import HostName

_TRAITS = frozenset(os_traits.get_traits())
# CPU flags whose trait is not simply their name.
_FLAG_TRAITS = {
    "pclmuldq": "CLMUL",
    "fma": "FMA3",
    "pni": "SSE3",
    "sse4.1": "SSE41",
    "sse4.2": "SSE42",
    "aes": "AESNI",
    "sha-ni": "SHA",
    "bmi1": "BMI",
    "rtm": "TSX",
    "gfni": "AVX512GFNI",
    "vaes": "AVX512VAES",
    "vpclmulqdq": "AVX512VPCLMULQDQ",
    "pcid": "INTEL_PCID",
    "spec-ctrl": "INTEL_SPEC_CTRL",
    "md-clear": "INTEL_MD_CLEAR",
    "ibpb": "AMD_IBPB",
    "amd-ssbd": "AMD_SSBD",
    "virt-ssbd": "AMD_VIRT_SSBD",
    "amd-no-ssb": "AMD_NO_SSB",
}
_VIF_MODELS = ("e1000", "e1000e", "ne2k_pci", "pcnet", "rtl8139", "virtio", "vmxnet3")


@dataclass(frozen=True, slots=True, kw_only=True)
class QemuUser:
    """Whom libvirt runs QEMU as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What libvirt said at start."""

    capabilities: Capabilities
    qemu_version: int
    vcpus: int
    memory_mib: int


def read_node(connection: Connection) -> Node:
    """Ask libvirt about the host."""

    def run(libvirt_connection: libvirt.virConnect) -> Node:
        info = libvirt_connection.getInfo()
        return Node(
            capabilities=Capabilities.parse(libvirt_connection.getCapabilities()),
            qemu_version=libvirt_connection.getVersion(),
            vcpus=info[2],
            memory_mib=info[1],
        )

    return connection.call("read the host's capabilities", run)


def read_domain_capabilities(connection: Connection, arch: str, virt_type: str, machine: str) -> DomainCapabilities:
    """What a domain of this kind can be on this host."""
    return DomainCapabilities.parse(
        connection.call(
            f"read the capabilities of {virt_type} domains",
            lambda c: c.getDomainCapabilities(None, arch, machine, virt_type),
        )
    )


def qemu_user(capabilities: Capabilities) -> QemuUser | None:
    """Whom QEMU runs as where libvirt changes owners of files; None where it runs as ourselves."""
    for model in capabilities.secmodels:
        if model.model != "dac":
            continue
        for label in model.baselabels:
            uid, _, gid = (label.label or "").replace("+", "").partition(":")
            if label.type in ("kvm", "qemu") and uid.isdigit() and gid.isdigit():
                return QemuUser(uid=int(uid), gid=int(gid))
    return None


def host_arch(capabilities: Capabilities) -> str:
    """The host CPU's architecture in libvirt's word."""
    arch = capabilities.host_cpu.arch if capabilities.host_cpu else None
    if not arch:
        raise OurFault("libvirt does not say what CPU this host has.", detail="no host/cpu/arch in capabilities")
    return arch


def virt_types(capabilities: Capabilities, arch: str) -> frozenset[str]:
    """The ``virt_type`` values that libvirt offers for the architecture."""
    return frozenset(
        domain.type
        for guest in capabilities.guests
        if guest.os_type == "hvm" and guest.arch is not None and guest.arch.name == arch
        for domain in guest.arch.domains
        if domain.type
    )


def emulator(capabilities: Capabilities, arch: str) -> str:
    """The emulator for the architecture."""
    for guest in capabilities.guests:
        if guest.os_type == "hvm" and guest.arch is not None and guest.arch.name == arch and guest.arch.emulator:
            return guest.arch.emulator
    raise OurFault("This host cannot run guests.", detail=f"no supported emulator for {arch}: install qemu-system")


def supported_instances(capabilities: Capabilities) -> list[tuple[str, str, str]]:
    """(architecture, hypervisor type, vm mode) rows, as Nova reports them."""
    return [
        (guest.arch.name, domain.type, guest.os_type)
        for guest in capabilities.guests
        if guest.arch is not None and guest.arch.name and guest.os_type
        for domain in guest.arch.domains
        if domain.type
    ]


def cpu_info(capabilities: Capabilities) -> dict[str, object]:
    """The host's CPU in the form of ``cpu_info`` of /os-hypervisors."""
    cpu = capabilities.host_cpu
    if cpu is None:
        return {}
    topology = cpu.topology
    return {
        "arch": cpu.arch,
        "model": cpu.model,
        "vendor": cpu.vendor,
        "features": sorted(feature.name for feature in cpu.features if feature.name),
        "topology": {
            "cells": 1,
            "sockets": topology.sockets if topology else 1,
            "cores": topology.cores if topology else 1,
            "threads": topology.threads if topology else 1,
        },
    }


def traits(domain_capabilities: DomainCapabilities, image_formats: Sequence[str]) -> frozenset[str]:
    """os-traits names: CPU flags that a guest here can get, devices and image formats."""
    wanted = {f"COMPUTE_IMAGE_TYPE_{name.upper()}" for name in image_formats}
    wanted |= {"COMPUTE_NODE", "COMPUTE_CONFIG_DRIVE_REGENERATION"} & _TRAITS
    mode = domain_capabilities.cpu_mode("host-model")
    if mode is not None:
        for feature in mode.features:
            if feature.name and feature.policy != "disable":
                wanted.add("HW_CPU_X86_" + _FLAG_TRAITS.get(feature.name, feature.name.upper().replace("-", "_")))
    for bus in values(domain_capabilities.disk, "bus"):
        wanted.add(f"COMPUTE_STORAGE_BUS_{bus.upper()}")
    for model in values(domain_capabilities.video, "modelType"):
        wanted.add(f"COMPUTE_GRAPHICS_MODEL_{model.upper()}")
    wanted |= {f"COMPUTE_NET_VIF_MODEL_{model.upper()}" for model in _VIF_MODELS}
    return frozenset(wanted & _TRAITS)


def host_facts(
    node: Node,
    domain_capabilities: DomainCapabilities,
    *,
    hostname: HostName,
    host_ip: str,
    disk_gib: int,
    image_formats: Sequence[str],
    notes: Sequence[str],
) -> HostFacts:
    """All of it, as the control plane wants it."""
    return HostFacts(
        hostname=hostname,
        hypervisor_type="QEMU",
        hypervisor_version=node.qemu_version,
        vcpus=node.vcpus,
        memory_mib=node.memory_mib,
        disk_gib=disk_gib,
        cpu_info=cpu_info(node.capabilities),
        supported_instances=supported_instances(node.capabilities),
        traits=traits(domain_capabilities, image_formats),
        host_ip=host_ip,
        virt_type=domain_capabilities.domain or "qemu",
        notes=tuple(notes),
    )


def load_average() -> str:
    """The load, as ``uptime`` prints it."""
    return ", ".join(f"{value:.2f}" for value in os.getloadavg())
