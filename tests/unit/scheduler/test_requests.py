"""Flavors, images and hints as the scheduler's request."""

from __future__ import annotations

from typing import Any

import pytest

from micronova.model.errors import Invalid
from micronova.model.ids import new_uuid
from micronova.scheduler import Hints, parse_hints, resources_of_flavor


def flavor(**more: Any) -> Any:
    return resources_of_flavor(**{"vcpus": 2, "memory_mib": 512, "root_gib": 10, **more})


@pytest.mark.parametrize(
    "more, expected",
    [
        ({}, {"VCPU": 2, "MEMORY_MB": 512, "DISK_GB": 10}),
        ({"ephemeral_gib": 5, "swap_mib": 1}, {"VCPU": 2, "MEMORY_MB": 512, "DISK_GB": 16}),
        ({"swap_mib": 1024}, {"VCPU": 2, "MEMORY_MB": 512, "DISK_GB": 11}),
        ({"swap_mib": 1025}, {"VCPU": 2, "MEMORY_MB": 512, "DISK_GB": 12}),
        ({"root_gib": 0}, {"VCPU": 2, "MEMORY_MB": 512}),
        ({"root_gib": 0, "extra_specs": {"resources:VCPU": "0", "resources:VGPU": "3"}}, {"MEMORY_MB": 512, "VGPU": 3}),
        ({"extra_specs": {"hw:cpu_policy": "dedicated"}}, {"PCPU": 2, "MEMORY_MB": 512, "DISK_GB": 10}),
        ({"extra_specs": {"hw:mem_page_size": "large"}}, {"VCPU": 2, "MEMORY_MB": 512, "DISK_GB": 10}),
    ],
)  # fmt: skip
def test_resources(more: dict[str, Any], expected: dict[str, int]) -> None:
    assert flavor(**more).resources == expected


def test_traits_of_flavor_and_image() -> None:
    found = flavor(
        extra_specs={"trait:HW_CPU_X86_AVX2": "required", "trait:CUSTOM_SLOW": "forbidden"},
        image_properties={"trait:CUSTOM_GOLD": "required", "os_distro": "debian"},
    )
    assert found.required_traits == {"HW_CPU_X86_AVX2", "CUSTOM_GOLD"}
    assert found.forbidden_traits == {"CUSTOM_SLOW"}


@pytest.mark.parametrize(
    "more",
    [
        {"extra_specs": {"resources:VCPU": "many"}},
        {"extra_specs": {"resources:VCPU": "-1"}},
        {"extra_specs": {"resources:VCPU": "99999999999"}},
        {"extra_specs": {"resources:vcpu": "1"}},
        {"extra_specs": {"resources1:VCPU": "1"}},
        {"extra_specs": {"trait_group:HW_CPU_X86_AVX2": "required"}},
        {"extra_specs": {"trait:X": "maybe"}},
        {"extra_specs": {"trait:x y": "required"}},
        {"image_properties": {"trait:X": "forbidden"}},
        {"extra_specs": {"trait:X": "forbidden"}, "image_properties": {"trait:X": "required"}},
    ],
)
def test_what_cannot_be_asked(more: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        flavor(**more)


def test_known_hints() -> None:
    one, two = new_uuid(), new_uuid()
    assert parse_hints({}) == Hints()
    assert parse_hints({"group": one}) == Hints(group=one)
    assert parse_hints({"same_host": one}).same_host == (one,)
    assert parse_hints({"different_host": [one, two, one]}).different_host == (one, two)


@pytest.mark.parametrize(
    "key", ["_nova_check_type", "_", "__class__", "unknown", "query", "cidr", "Group", "group ", ""]
)
def test_t_sch1_hints_are_an_allow_list(key: str) -> None:
    """OSSA-2026-022: ``_nova_check_type`` sent by a user skipped placement claims."""
    with pytest.raises(Invalid):
        parse_hints({key: ["rebuild"]})


def test_t_sch0_lists_are_bounded() -> None:
    assert len(parse_hints({"same_host": [new_uuid() for _ in range(100)]}).same_host) == 100
    with pytest.raises(Invalid, match="more than 100"):
        parse_hints({"same_host": [new_uuid() for _ in range(101)]})


@pytest.mark.parametrize(
    "raw", [{"group": 1}, {"group": "x"}, {"same_host": "x"}, {"different_host": [1]}, {"same_host": {}}]
)
def test_malformed_hints(raw: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        parse_hints(raw)
