"""Query strings of server lists, by microversion, and the sort keys that they may name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from micronova.compute.schemas.types import NUMBER_TEXT, TEXT, many, query
from micronova.web.microversion import Version
from micronova.web.schemas import Schema, Versioned, register_format


def parse_time(text: str) -> datetime:
    """An ISO 8601 time as clients send it (``Z``, an offset or nothing), naive UTC.  Raises ValueError."""
    when = datetime.fromisoformat(text.strip().replace(" ", "T"))
    return when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None)


@register_format("iso-date-time")
def _date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        parse_time(value)
    except (ValueError, OverflowError):
        return False
    return True


# Fields of other tables: Nova names them in its schema in order to refuse them with a text of its own.
JOINED = (
    "block_device_mapping",
    "services",
    "metadata",
    "system_metadata",
    "info_cache",
    "security_groups",
    "pci_devices",
)
SORT_KEYS = frozenset(
    {
        "access_ip_v4", "access_ip_v6", "auto_disk_config", "availability_zone", "config_drive", "created_at",
        "display_description", "display_name", "host", "hostname", "image_ref", "instance_type_id", "kernel_id",
        "key_name", "launch_index", "launched_at", "locked_by", "node", "power_state", "progress", "project_id",
        "ramdisk_id", "root_device_name", "task_state", "terminated_at", "updated_at", "user_id", "uuid", "vm_state",
    }
)  # fmt: skip
# Accepted and without effect until 2.74, refused since.
IGNORED_SORT_KEYS = frozenset(
    {
        "architecture", "cell_name", "cleaned", "default_ephemeral_device", "default_swap_device", "deleted",
        "deleted_at", "disable_terminate", "ephemeral_gb", "ephemeral_key_uuid", "id", "key_data", "launched_on",
        "locked", "memory_mb", "os_type", "reservation_id", "root_gb", "shutdown_terminate", "user_data", "vcpus",
        "vm_mode",
    }
)  # fmt: skip

_REGEX: Schema = {"type": "string", "maxLength": 255, "format": "regex-pattern"}
_TIME: Schema = {"type": "string", "maxLength": 64, "format": "iso-date-time"}
_FILTERS: Mapping[str, Schema] = {
    **{
        name: many(TEXT)
        for name in (
            "user_id",
            "project_id",
            "tenant_id",
            "launch_index",
            "image_ref",
            "image",
            "vm_state",
            "task_state",
            "host",
            "uuid",
            "sort_dir",
            "all_tenants",
            "soft_deleted",
            "deleted",
            "status",
            *JOINED,
        )
    },
    **{
        name: many(_REGEX)
        for name in (
            "kernel_id",
            "ramdisk_id",
            "hostname",
            "key_name",
            "power_state",
            "node",
            "flavor",
            "reservation_id",
            "launched_at",
            "terminated_at",
            "availability_zone",
            "name",
            "display_name",
            "description",
            "display_description",
            "locked_by",
            "root_device_name",
            "config_drive",
            "access_ip_v4",
            "access_ip_v6",
            "auto_disk_config",
            "progress",
            "ip",
            "ip6",
            "created_at",
        )
    },
    "changes-since": many(_TIME),
    "limit": many(NUMBER_TEXT),
    "marker": many(TEXT),
}


def _sorted_by(keys: frozenset[str]) -> Mapping[str, Schema]:
    return {"sort_key": many({"type": "string", "enum": sorted(keys)})}


_ANY_SORT = _sorted_by(SORT_KEYS | IGNORED_SORT_KEYS)
_V21 = {**_FILTERS, **_ANY_SORT}
_V226 = {**_V21, **{name: many(TEXT) for name in ("tags", "tags-any", "not-tags", "not-tags-any")}}
_V266 = {**_V226, "changes-before": many(_TIME)}
_V273 = {**_V266, "locked": many(TEXT)}
_V275 = {**_V273, **_sorted_by(SORT_KEYS | {"locked"})}

LIST = Versioned(
    (Version(2, 1), query(_V21)),
    (Version(2, 26), query(_V226)),
    (Version(2, 66), query(_V266)),
    (Version(2, 73), query(_V273)),
    (Version(2, 75), query(_V275, closed=True)),
)
