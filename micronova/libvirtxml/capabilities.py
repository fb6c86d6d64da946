"""``<capabilities>`` of a host, and ``<domainCapabilities>`` of one emulator on it."""

from __future__ import annotations

from micronova.libvirtxml.cpu import Cpu, CpuFeature, CpuModel, CpuTopology
from micronova.libvirtxml.element import Child, Children, Element, integer, string


class BaseLabel(Element):
    """``<baselabel>``: whom QEMU runs as, ``+UID:+GID``, where the model is ``dac``."""

    TAG = "baselabel"
    type = string("@type")
    label = string(".")


class SecModel(Element):
    """``<secmodel>``."""

    TAG = "secmodel"
    model = string("model")
    baselabels = Children(BaseLabel)


class GuestDomain(Element):
    """``<domain>`` of an architecture: a virtualisation type that works."""

    TAG = "domain"
    type = string("@type")


class GuestArch(Element):
    """``<arch>`` that guests can have."""

    TAG = "arch"
    name = string("@name")
    emulator = string("emulator")
    domains = Children(GuestDomain)


class Guest(Element):
    """``<guest>``: an operating system type and architecture."""

    TAG = "guest"
    os_type = string("os_type")
    arch = Child(GuestArch)


class HostCpu(Element):
    """``<cpu>`` of the host; unlike a domain's, its topology and flags are facts."""

    TAG = "cpu"
    arch = string("arch")
    model = string("model")
    vendor = string("vendor")
    topology = Child(CpuTopology)
    features = Children(CpuFeature)


class Capabilities(Element):
    """``<capabilities>``."""

    TAG = "capabilities"
    host_uuid = string("host/uuid")
    host_cpu = Child(HostCpu, "host")
    secmodels = Children(SecModel, "host")
    guests = Children(Guest)


class CpuMode(Element):
    """``<mode>`` of ``<cpu>`` in domain capabilities."""

    TAG = "mode"
    name = string("@name")
    supported = string("@supported")
    vendor = string("vendor")
    model = Child(CpuModel)
    models = Children(CpuModel)
    features = Children(CpuFeature)


class EnumValue(Element):
    """``<value>`` of an ``<enum>``."""

    TAG = "value"
    text = string(".")


class Enum(Element):
    """``<enum>``: what a setting can be."""

    TAG = "enum"
    name = string("@name")
    values = Children(EnumValue)


class DomainCapabilities(Element):
    """``<domainCapabilities>``."""

    TAG = "domainCapabilities"
    path = string("path")
    domain = string("domain")
    machine = string("machine")
    arch = string("arch")
    max_vcpus = integer("vcpu/@max")
    cpu_modes = Children(CpuMode, "cpu")
    disk = Children(Enum, "devices/disk")
    graphics = Children(Enum, "devices/graphics")
    video = Children(Enum, "devices/video")
    rng = Children(Enum, "devices/rng")

    def cpu_mode(self, name: str) -> CpuMode | None:
        """The CPU mode of that name, if this emulator has it."""
        return next((mode for mode in self.cpu_modes if mode.name == name and mode.supported == "yes"), None)


def values(enums: tuple[Enum, ...], name: str) -> frozenset[str]:
    """The values of the enum called ``name``; empty if it is not there."""
    return frozenset(v.text for e in enums if e.name == name for v in e.values if v.text)


__all__ = ["Capabilities", "Cpu", "DomainCapabilities", "HostCpu", "values"]
