"""What the calls for quotas, quota classes and limits accept, and which resources exist, by microversion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micronova.compute.schemas.types import BOOLEAN, END, MAX_INT, TEXT, body, many, query
from micronova.web.microversion import Version
from micronova.web.schemas import Schema, Versioned

# Resources of the old network service: always without limit, shown up to 2.35 (classes: 2.49), accepted and ignored.
NETWORK = ("fixed_ips", "floating_ips", "security_group_rules", "security_groups")
_NETWORK_SETTABLE = (*NETWORK, "networks")
_INJECTED = ("injected_files", "injected_file_content_bytes", "injected_file_path_bytes")
_ALWAYS = ("instances", "cores", "ram", "metadata_items", "key_pairs", "server_groups", "server_group_members")

_LIMIT: Schema = {
    "type": ["integer", "string"],
    "pattern": "^-?[0-9]{1,10}" + END,
    "format": "int32",
    "minimum": -1,
    "maximum": MAX_INT,
}


def shown(minor: int, *, of_class: bool = False) -> Sequence[str]:
    """Resources in a quota set (or in a class's) at 2.``minor``."""
    names = list(_ALWAYS)
    if of_class and minor < 50:
        names = [name for name in names if not name.startswith("server_group")]
    if minor < (50 if of_class else 36):
        names += NETWORK
    if minor < 57:
        names += _INJECTED
    return names


def _settable(*groups: Sequence[str]) -> Mapping[str, Schema]:
    return {name: _LIMIT for group in groups for name in group}


_FORCE: Mapping[str, Schema] = {"force": BOOLEAN}
UPDATE = Versioned(
    (Version(2, 1), body("quota_set", {**_settable(_ALWAYS, _INJECTED, _NETWORK_SETTABLE), **_FORCE})),
    (Version(2, 36), body("quota_set", {**_settable(_ALWAYS, _INJECTED), **_FORCE})),
    (Version(2, 57), body("quota_set", {**_settable(_ALWAYS), **_FORCE})),
)
UPDATE_CLASS = Versioned(
    (Version(2, 1), body("quota_class_set", _settable(_ALWAYS, _INJECTED, _NETWORK_SETTABLE))),
    (Version(2, 50), body("quota_class_set", _settable(_ALWAYS, _INJECTED))),
    (Version(2, 57), body("quota_class_set", _settable(_ALWAYS))),
)
_USER: Mapping[str, Schema] = {"user_id": many(TEXT)}
QUERY = Versioned((Version(2, 1), query(_USER)), (Version(2, 75), query(_USER, closed=True)))

_LIMITS: Mapping[str, Schema] = {"tenant_id": many(TEXT), "reserved": many(TEXT)}
LIMITS_QUERY = Versioned(
    (Version(2, 1), query(_LIMITS)),
    (Version(2, 75), query(_LIMITS, closed=True)),
)
