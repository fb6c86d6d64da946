"""The guest's CPU: model and topology."""

from __future__ import annotations

from micronova.host.interface import GuestSpec
from micronova.host.platform.host_platform import HostPlatform
from micronova.libvirtxml.cpu import Cpu, CpuFeature, CpuModel, CpuTopology
from micronova.model.errors import Unsupported

FALLBACK = {"aarch64": "max"}  # without KVM, the architecture's default CPU boots no modern kernel


def effective_mode(host: HostPlatform) -> str:
    """``cpu_mode`` as set, or ``host-model``; under emulation a host model that libvirt lacks becomes ``none``."""
    mode = host.settings.cpu_mode
    if mode is not None:
        return mode
    return "host-model" if "host-model" in host.cpu_modes else "none"


def cpu(guest: GuestSpec, host: HostPlatform) -> Cpu | None:
    """``<cpu>``; None leaves it to the hypervisor.  Unsupported if the host does not have the mode that is set."""
    mode = effective_mode(host)
    topology = CpuTopology(sockets=guest.vcpus, cores=1, threads=1)
    if mode == "none":
        return Cpu(topology=topology)
    if mode not in host.cpu_modes:
        raise Unsupported(
            "This host does not offer the CPU that is configured.",
            detail=f"[libvirt] cpu_mode = {mode}; libvirt offers {', '.join(sorted(host.cpu_modes)) or 'none'}"
            f" with virt_type = {host.virt_type}",
        )
    element = Cpu(mode=mode, topology=topology)
    if mode == "custom":
        if not host.settings.cpu_models:
            raise Unsupported(
                "This host has no CPU model configured.",
                detail="[libvirt] cpu_mode = custom needs [libvirt] cpu_models",
            )
        element.match = "exact"
        element.model = CpuModel(name=host.settings.cpu_models[0], fallback="forbid")
    element.features = [_feature(flag) for flag in host.settings.cpu_model_extra_flags]
    return element


def _feature(flag: str) -> CpuFeature:
    """``+name`` or ``name`` requires a flag, ``-name`` disables it."""
    name = flag.strip().lower()
    if name.startswith("-"):
        return CpuFeature(name=name[1:], policy="disable")
    return CpuFeature(name=name.removeprefix("+"), policy="require")
