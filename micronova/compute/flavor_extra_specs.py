"""The extra specs that the Compute API knows, what each may say, and the check of one (microversion 2.86).

Names and values are facts of the Compute API: https://docs.openstack.org/nova/latest/configuration/extra-specs.html.
A name in a namespace that is not here is nobody's business and passes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from functools import cache

import os_resource_classes
import os_traits

from micronova.model.errors import Invalid

# Looks at a value; says what is wrong with it, or "".
Check = Callable[[str], str]

_BOOLEANS = frozenset({"true", "1", "on", "yes", "y", "t", "false", "0", "off", "no", "n", "f"})
_GROUP = r"[a-zA-Z0-9_-]{1,64}"


def _any(value: str) -> str:
    return ""


def _boolean(value: str) -> str:
    return "" if value.strip().lower() in _BOOLEANS else f"'{value}' is not a valid boolean-like value"


def _one_of(*allowed: str) -> Check:
    return lambda value: "" if value in allowed else f"'{value}' is not one of: {', '.join(allowed)}"


def _form(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda value: "" if compiled.fullmatch(value) else f"'{value}' is not of the format '{pattern}'"


def _integer(minimum: int | None = None, maximum: int | None = None) -> Check:
    def check(value: str) -> str:
        try:
            number = int(value)
        except ValueError:
            return f"'{value}' is not a valid integer value"
        if maximum is not None and number > maximum:
            return f"'{value}' is greater than the max value of '{maximum}'"
        if minimum is not None and number < minimum:
            return f"'{value}' is less than the min value of '{minimum}'"
        return ""

    return check


_CPU_SET = _form(r"\^?\d+((-\d+)?(,\^?\d+(-\d+)?)?)*")
_REQUIREMENT = _one_of("required", "forbidden")

_NAMED: Mapping[str, Check] = {
    "hide_hypervisor_id": _boolean,
    "group_policy": _one_of("isolate", "none"),
    "accel:device_profile": _any,
    "hw:boot_menu": _boolean,
    "hw:cpu_cores": _integer(1),
    "hw:cpu_dedicated_mask": _CPU_SET,
    "hw:cpu_policy": _one_of("dedicated", "shared", "mixed"),
    "hw:cpu_realtime": _boolean,
    "hw:cpu_realtime_mask": _CPU_SET,
    "hw:cpu_sockets": _integer(1),
    "hw:cpu_thread_policy": _one_of("prefer", "isolate", "require"),
    "hw:cpu_threads": _integer(1),
    "hw:emulator_threads_policy": _one_of("isolate", "share"),
    "hw:ephemeral_encryption": _boolean,
    "hw:ephemeral_encryption_format": _one_of("luks"),
    "hw:hide_hypervisor_id": _boolean,
    "hw:locked_memory": _boolean,
    "hw:max_cpu_cores": _integer(1),
    "hw:max_cpu_sockets": _integer(1),
    "hw:max_cpu_threads": _integer(1),
    "hw:maxphysaddr_bits": _integer(0),
    "hw:maxphysaddr_mode": _one_of("passthrough", "emulate"),
    "hw:mem_encryption": _boolean,
    "hw:mem_encryption_model": _one_of("amd-sev", "amd-sev-es"),
    "hw:mem_page_size": _form(r"(large|small|any|\d+([kKMGT]i?)?(b|bit|B)?)"),
    "hw:numa_nodes": _integer(1),
    "hw:pci_numa_affinity_policy": _one_of("required", "preferred", "legacy", "socket"),
    "hw:pmem": _form("([a-zA-Z0-9_]+(,)?)+"),
    "hw:pmu": _boolean,
    "hw:redirected_usb_ports": _integer(0, 15),
    "hw:serial_port_count": _integer(0),
    "hw:sound_model": _one_of("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio"),
    "hw:tpm_model": _one_of("tpm-tis", "tpm-crb"),
    "hw:tpm_secret_security": _one_of("user", "host", "deployment"),
    "hw:tpm_version": _one_of("1.2", "2.0"),
    "hw:usb_model": _one_of("qemu-xhci", "nec-xhci", "piix3-uhci", "piix4-uhci", "vt82c686b-uhci", "ich9-ehci1"),
    "hw:vif_multiqueue_enabled": _boolean,
    "hw:viommu_model": _one_of("intel", "smmuv3", "virtio", "auto"),
    "hw:virtio_packed_ring": _boolean,
    "hw:watchdog_action": _one_of("none", "pause", "poweroff", "reset", "disabled"),
    "hw_rng:allowed": _boolean,
    "hw_rng:rate_bytes": _integer(0),
    "hw_rng:rate_period": _integer(0),
    "hw_video:ram_max_mb": _integer(0),
    "os:secure_boot": _one_of("disabled", "required"),
    "pci_passthrough:alias": _form(r"([^:]+:\d+)(,[^:]+:\d+)*"),
    "vmware:hw_version": _any,
    "vmware:storage_policy": _any,
    **{
        f"quota:{resource}_{key}": check
        for resource in ("cpu", "memory", "disk_io", "vif")
        for key, check in {
            "limit": _integer(),
            "reservation": _integer(),
            "shares_level": _any,
            "shares_share": _integer(),
        }.items()
    },
    **{f"quota:cpu_{key}": _integer(0) for key in ("shares", "period", "quota")},
    **{
        f"quota:disk_{what}_{unit}_sec": _integer(0)
        for what in ("read", "write", "total")
        for unit in ("bytes", "iops")
    },
    **{
        f"quota:vif_{direction}_{key}": _integer(0)
        for direction in ("inbound", "outbound")
        for key in ("average", "peak", "burst")
    },
    **{
        f"capabilities:{name}": _any
        for name in (
            *("id", "uuid", "service_id", "host", "vcpus", "memory_mb", "local_gb", "vcpus_used", "memory_mb_used"),
            *("local_gb_used", "hypervisor_type", "hypervisor_version", "hypervisor_hostname", "free_ram_mb"),
            *("free_disk_gb", "current_workload", "running_vms", "disk_available_least", "host_ip", "mapped"),
            *("cpu_allocation_ratio", "ram_allocation_ratio", "disk_allocation_ratio", "total_usable_ram_mb"),
            *("total_usable_disk_gb", "disk_mb_used", "free_disk_mb", "vcpus_total", "num_instances", "num_io_ops"),
            *("failed_builds", "aggregates", "cell_uuid", "updated"),
        )
    },
}

# Names with a part that is free.
_PATTERNS: tuple[tuple[re.Pattern[str], Check], ...] = (
    (re.compile(r"hw:numa_cpus\.\d+"), _CPU_SET),
    (re.compile(r"hw:numa_mem\.\d+"), _integer(1)),
    (re.compile(r"aggregate_instance_extra_specs:.+"), _any),
    (
        re.compile(
            r"capabilities:(cpu_info|metrics|stats|numa_topology|supported_hv_specs|pci_device_pools|nodename|pci_stats"
            r"|supported_instances|limits|instances)(:\w+)*"
        ),
        _any,
    ),
    (re.compile(rf"resources({_GROUP})?:CUSTOM_[A-Z0-9_]+"), _integer()),
    (re.compile(rf"trait({_GROUP})?:CUSTOM_[A-Z0-9_]+"), _REQUIREMENT),
)
_RESOURCE = re.compile(rf"resources(?:{_GROUP})?:(.+)")
_TRAIT = re.compile(rf"trait(?:{_GROUP})?:(.+)")

# Namespaces in which every name has to be a known one.
_NAMESPACES = re.compile(
    r"accel|aggregate_instance_extra_specs|capabilities|hw|hw_rng|hw_video|os|pci_passthrough|quota|vmware"
    rf"|resources({_GROUP})?|trait({_GROUP})?"
)


@cache
def _traits() -> frozenset[str]:
    return frozenset(os_traits.get_traits())


def _find(name: str) -> Check | None:
    named = _NAMED.get(name)
    if named is not None:
        return named
    for pattern, check in _PATTERNS:
        if pattern.fullmatch(name):
            return check
    resource = _RESOURCE.fullmatch(name)
    if resource and resource[1] in os_resource_classes.STANDARDS:
        return _integer()
    trait = _TRAIT.fullmatch(name)
    if trait and trait[1] in _traits():
        return _REQUIREMENT
    return None


def _nearest(name: str) -> str:
    prefix, _, _last = name.partition(":")
    if _TRAIT.fullmatch(name):
        known: list[str] = [f"{prefix}:{trait}" for trait in _traits()]
    elif _RESOURCE.fullmatch(name):
        known = [f"{prefix}:{kind}" for kind in os_resource_classes.STANDARDS]
    else:
        known = list(_NAMED)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return f" Did you mean '{close[0]}'?" if close else ""


def validate(name: str, value: str) -> None:
    """Check one extra spec.  Raises Invalid, naming it and what is allowed."""
    check = _find(name)
    if check is not None:
        wrong = check(value)
        if wrong:
            raise Invalid(f"Validation failed; {wrong} (extra spec '{name}').", code="extra_spec")
        return
    if ":" in name and _NAMESPACES.fullmatch(name.split(":", 1)[0]):
        raise Invalid(
            f"Validation failed; extra spec '{name}' does not appear to be a valid extra spec.{_nearest(name)}",
            code="extra_spec",
        )
