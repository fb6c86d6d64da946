"""Scheduler hints of a create request: an allow-list (T-SCH1) with bounded lists (T-SCH0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from micronova.model.errors import Invalid
from micronova.model.ids import ServerId, is_uuid

MAX_SERVERS = 100

# Known to Nova, acted on by filters that we do not have: refused rather than silently ignored.
_UNSUPPORTED = ("query", "build_near_host_ip", "cidr", "target_cell", "different_cell")
_SUPPORTED = ("group", "same_host", "different_host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a user may wish for: a server group's id; servers to be near to, or apart from."""

    group: str | None = None
    same_host: tuple[ServerId, ...] = ()
    different_host: tuple[ServerId, ...] = ()


def parse_hints(raw: Mapping[str, object]) -> Hints:
    """From ``os:scheduler_hints``.  Raises Invalid for anything but the known hints in their known forms."""
    for key in raw:
        if key in _UNSUPPORTED:
            raise Invalid(f"Scheduler hint '{key}' is not supported here; supported: {', '.join(_SUPPORTED)}.")
        if key not in _SUPPORTED:
            raise Invalid(
                f"Invalid input for field/attribute os:scheduler_hints. Value: {str(key)[:255]}. "
                f"Unknown hint; supported: {', '.join(_SUPPORTED)}."
            )
    group = raw.get("group")
    if group is not None and not (isinstance(group, str) and is_uuid(group)):
        raise Invalid(f"Invalid input for field/attribute group. Value: {str(group)[:255]}. It must be a UUID.")
    return Hints(
        group=group,
        same_host=_servers("same_host", raw.get("same_host")),
        different_host=_servers("different_host", raw.get("different_host")),
    )


def _servers(name: str, value: object) -> tuple[ServerId, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_SERVERS:
        raise Invalid(f"Invalid input for field/attribute {name}. It lists more than {MAX_SERVERS} servers.")
    for item in items:
        if not isinstance(item, str) or not is_uuid(item):
            raise Invalid(f"Invalid input for field/attribute {name}. Value: {str(item)[:255]}. It must be a UUID.")
    return tuple(ServerId(item) for item in dict.fromkeys(items))
