"""A flavor and an image as resources and traits; Nova's rules.

Contract: Nova's user guide "Flavors" (``resources:``, ``trait:``, ``hw:cpu_policy``) and image property ``trait:``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from micronova.model.errors import Invalid

_MIB_PER_GIB = 1024
_NUMBERED = re.compile(r"(resources|trait)(_?[A-Za-z0-9_-]+):.+")
_CLASS = re.compile(r"[A-Z0-9_]{1,255}")
_TRAIT = re.compile(r"[A-Z0-9_]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What placement has to find: amounts per resource class (none is 0), and traits."""

    resources: Mapping[str, int]
    required_traits: frozenset[str] = field(default_factory=frozenset)
    forbidden_traits: frozenset[str] = field(default_factory=frozenset)


def resources_of_flavor(
    *,
    vcpus: int,
    memory_mib: int,
    root_gib: int,
    ephemeral_gib: int = 0,
    swap_mib: int = 0,
    extra_specs: Mapping[str, str] | None = None,
    image_properties: Mapping[str, str] | None = None,
) -> Requirements:
    """VCPU (or PCPU), MEMORY_MB and DISK_GB of a flavor, changed by ``resources:*``, with the traits of both.

    Swap counts in whole GiB, rounded up.  A server that boots from a volume has ``root_gib`` 0.
    Raises Invalid for a malformed extra spec, for one of a numbered group (they need nested providers),
    and for a trait that is both required and forbidden.
    """
    specs = extra_specs or {}
    dedicated = specs.get("hw:cpu_policy") == "dedicated"
    resources = {
        "PCPU" if dedicated else "VCPU": vcpus,
        "MEMORY_MB": memory_mib,
        "DISK_GB": root_gib + ephemeral_gib + -(-swap_mib // _MIB_PER_GIB),
    }
    traits: dict[str, set[str]] = {"required": set(), "forbidden": set()}
    for key, value in specs.items():
        if key.startswith("resources:"):
            resources[_class_name(key)] = _amount(key, value)
        elif key.startswith("trait:"):
            _add_trait(traits, key, value, allowed=("required", "forbidden"))
        elif _NUMBERED.fullmatch(key):
            raise Invalid(f"Extra spec {key[:255]}: numbered request groups are not supported yet.")
    for key, value in (image_properties or {}).items():
        if key.startswith("trait:"):
            _add_trait(traits, key, value, allowed=("required",))
    clash = traits["required"] & traits["forbidden"]
    if clash:
        raise Invalid(f"Trait {', '.join(sorted(clash))} is both required and forbidden by flavor and image.")
    return Requirements(
        resources={name: amount for name, amount in resources.items() if amount > 0},
        required_traits=frozenset(traits["required"]),
        forbidden_traits=frozenset(traits["forbidden"]),
    )


def _class_name(key: str) -> str:
    name = key.partition(":")[2]
    if not _CLASS.fullmatch(name):
        raise Invalid(f"Extra spec {key[:255]}: not a resource class.")
    return name


def _amount(key: str, value: str) -> int:
    if not value.isdecimal() or len(value) > 10:
        raise Invalid(f"Extra spec {key[:255]}: '{value[:64]}' is not a whole number.")
    return int(value)


def _add_trait(traits: dict[str, set[str]], key: str, value: str, *, allowed: tuple[str, ...]) -> None:
    name = key.partition(":")[2]
    if not _TRAIT.fullmatch(name):
        raise Invalid(f"{key[:255]}: not a trait.")
    if value not in allowed:
        raise Invalid(f"{key[:255]}: '{value[:64]}' is not one of: {', '.join(allowed)}.")
    traits[value].add(name)
