"""``[workarounds]``: switches for hosts with peculiarities."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Workarounds:
    """Each is off unless named otherwise; turn one on only for the trouble that it describes."""

    handle_virt_lifecycle_events: bool = switch(True, help="false: power states are only checked by the clock.")
    libvirt_disable_apic: bool = switch(False, help="Guests without APIC, for kernels that hang with it.")
    skip_cpu_compare_at_startup: bool = switch(False, help="Start even if the host seems to lack the CPU model.")
    skip_cpu_compare_on_dest: bool = switch(False, help="Live-migrate without comparing CPUs.")
    never_download_image_if_on_rbd: bool = switch(False, help="Fail rather than copy an image into Ceph.")
    reserve_disk_resource_for_image_cache: bool = switch(False, help="Count the image cache as used disk.")
    unified_limits_count_pcpu_as_vcpu: bool = switch(False, help="Count dedicated CPUs as cores in unified limits.")
