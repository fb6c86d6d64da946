"""``block_device_mapping`` and ``block_device_mapping_v2`` of a create request, as far as they mean local disks.

There is no block storage service here yet: what would need one is refused, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from micronova.model.errors import Invalid

_NO_VOLUMES = (
    "Block device mapping is invalid: block storage is not available in this cloud; "
    "only an image as local boot disk, and blank local disks of the flavor's size, are possible."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDisks:
    """What the mapping says.  ``image_id`` None: the boot disk is not mapped (imageRef says it).

    ``ephemeral_gib`` and ``swap_mib`` None: not mapped, the flavor decides.
    """

    image_id: str | None = None
    ephemeral_gib: tuple[int, ...] | None = None
    swap_mib: int | None = None


def local_disks(v1: Sequence[Mapping[str, Any]], v2: Sequence[Mapping[str, Any]], image_ref: str | None) -> LocalDisks:
    """Read both forms.  Raises Invalid for volumes, two forms at once, and mappings that contradict the image."""
    if v1 and v2:
        raise Invalid("Using different block_device_mapping syntaxes is not allowed in the same request.")
    if any("no_device" not in entry for entry in v1):
        raise Invalid(_NO_VOLUMES, code="no_block_storage")
    image_id: str | None = None
    ephemeral: list[int] = []
    swap: int | None = None
    for entry in v2:
        if entry.get("no_device"):
            continue
        source, destination = _source(entry), entry.get("destination_type")
        if source in ("volume", "snapshot") or destination == "volume":
            raise Invalid(_NO_VOLUMES, code="no_block_storage")
        boot_index = _boot_index(entry)
        if source == "image":
            if boot_index != 0:
                raise Invalid(
                    "Block Device Mapping is Invalid: Mapping image to local is only supported with boot_index 0"
                )
            image_id = str(entry.get("uuid") or entry.get("image_id") or "")
            if not image_ref:
                # As Nova: an image booted locally is named by imageRef too.
                raise Invalid("Missing imageRef attribute")
            if image_id != image_ref:
                raise Invalid("Block Device Mapping is Invalid: Invalid image: it differs from imageRef")
            continue
        if boot_index is not None and boot_index >= 0:
            raise Invalid(
                "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device "
                "mapping combination is not valid."
            )
        size = int(entry.get("volume_size") or 0)
        if entry.get("guest_format") == "swap":
            if swap is not None:
                raise Invalid("Block Device Mapping is Invalid: More than one swap drive requested.")
            swap = size
        else:
            ephemeral.append(size)
    return LocalDisks(image_id=image_id, ephemeral_gib=tuple(ephemeral) or None, swap_mib=swap)


def _source(entry: Mapping[str, Any]) -> str:
    source = entry.get("source_type")
    if source is not None:
        return str(source)
    for key, implied in (("volume_id", "volume"), ("snapshot_id", "snapshot"), ("image_id", "image")):
        if entry.get(key):
            return implied
    raise Invalid("Block Device Mapping is Invalid: Unrecognized legacy format.")


def _boot_index(entry: Mapping[str, Any]) -> int | None:
    value = entry.get("boot_index")
    return None if value is None else int(value)
