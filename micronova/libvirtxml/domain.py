"""``<domain>``: a guest."""

from __future__ import annotations

from micronova.libvirtxml.cpu import Cpu
from micronova.libvirtxml.devices import Devices
from micronova.libvirtxml.element import Child, Children, Element, Flag, integer, string, yes_no


class Boot(Element):
    """``<boot>``: a kind of device to boot from."""

    TAG = "boot"
    dev = string("@dev")


class Os(Element):
    """``<os>``."""

    TAG = "os"
    firmware = string("@firmware")
    type = string("type")
    arch = string("type/@arch")
    machine = string("type/@machine")
    loader = string("loader")
    loader_readonly = yes_no("loader/@readonly")
    loader_secure = yes_no("loader/@secure")
    loader_type = string("loader/@type")
    nvram = string("nvram")
    nvram_template = string("nvram/@template")
    boots = Children(Boot)
    smbios = string("smbios/@mode")


class Features(Element):
    """``<features>``."""

    TAG = "features"
    acpi = Flag("acpi")
    apic = Flag("apic")
    pae = Flag("pae")
    vmcoreinfo = string("vmcoreinfo/@state")
    kvm_hidden = string("kvm/hidden/@state")
    pmu = string("pmu/@state")


class Timer(Element):
    """``<timer>`` of the clock."""

    TAG = "timer"
    name = string("@name")
    present = yes_no("@present")
    tickpolicy = string("@tickpolicy")


class Clock(Element):
    """``<clock>``."""

    TAG = "clock"
    offset = string("@offset")
    timers = Children(Timer)


class SysinfoEntry(Element):
    """``<entry>`` of the SMBIOS tables."""

    TAG = "entry"
    name = string("@name")
    value = string(".")


class Sysinfo(Element):
    """``<sysinfo type='smbios'>``."""

    TAG = "sysinfo"
    type = string("@type")
    system = Children(SysinfoEntry, "system")


class Metadata(Element):
    """``<metadata>``: one element for each namespace, of whoever put it there."""

    TAG = "metadata"


class Domain(Element):
    """``<domain>``."""

    TAG = "domain"
    type = string("@type")
    id = integer("@id")
    name = string("name")
    uuid = string("uuid")
    title = string("title")
    metadata = Child(Metadata)
    memory = integer("memory")
    memory_unit = string("memory/@unit")
    current_memory = integer("currentMemory")
    current_memory_unit = string("currentMemory/@unit")
    vcpus = integer("vcpu")
    vcpu_placement = string("vcpu/@placement")
    cpu_shares = integer("cputune/shares")
    sysinfo = Child(Sysinfo)
    os = Child(Os)
    features = Child(Features)
    cpu = Child(Cpu)
    clock = Child(Clock)
    on_poweroff = string("on_poweroff")
    on_reboot = string("on_reboot")
    on_crash = string("on_crash")
    devices = Child(Devices)
