"""A host's facts as inventories, by Nova's rules."""

from __future__ import annotations

from micronova.host.interface import HostFacts
from micronova.model.ids import HostName
from micronova.placement.host_inventory import Ratios, inventories_of
from micronova.placement.values import Inventory

FACTS = HostFacts(
    hostname=HostName("h"),
    hypervisor_type="QEMU",
    hypervisor_version=7002000,
    vcpus=4,
    memory_mib=8192,
    disk_gib=100,
    cpu_info={},
)


def test_defaults_are_novas() -> None:
    assert inventories_of(FACTS, Ratios()) == {
        "VCPU": Inventory(total=4, max_unit=4, allocation_ratio=4.0),
        "MEMORY_MB": Inventory(total=8192, reserved=512, max_unit=8192, allocation_ratio=1.0),
        "DISK_GB": Inventory(total=100, max_unit=100, allocation_ratio=1.0),
    }


def test_reserves_and_ratios() -> None:
    ratios = Ratios(
        cpu_allocation_ratio=2.0,
        ram_allocation_ratio=1.5,
        disk_allocation_ratio=0.5,
        reserved_host_cpus=1,
        reserved_host_memory_mib=1024,
        reserved_host_disk_mib=1025,
    )
    found = inventories_of(FACTS, ratios)
    assert [(i.reserved, i.allocation_ratio, i.limit) for i in found.values()] == [
        (1, 2.0, 6),
        (1024, 1.5, 10752),
        (2, 0.5, 49),
    ]


def test_a_ratio_changed_in_placement_stays_unless_the_option_is_set() -> None:
    present = {"VCPU": Inventory(total=4, allocation_ratio=9.0)}
    assert inventories_of(FACTS, Ratios(), present)["VCPU"].allocation_ratio == 9.0
    assert inventories_of(FACTS, Ratios(cpu_allocation_ratio=2.0), present)["VCPU"].allocation_ratio == 2.0


def test_a_small_host_reserves_no_more_than_it_has() -> None:
    small = HostFacts(
        hostname=HostName("h"),
        hypervisor_type="QEMU",
        hypervisor_version=1,
        vcpus=1,
        memory_mib=256,
        disk_gib=0,
        cpu_info={},
    )
    found = inventories_of(small, Ratios())
    assert found["MEMORY_MB"].limit == 0
    assert "DISK_GB" not in found
