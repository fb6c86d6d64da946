"""The image service's options, typed; names as in glance-api.conf where Glance has them."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.imageformat import MAX_VIRTUAL_SIZE

DISK_FORMATS = ("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "qed", "vdi", "iso", "ploop")
CONTAINER_FORMATS = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings:
    """Limits.  Sizes in bytes; 0 or -1 means none, as in Glance."""

    image_size_cap: int = 1024**4
    user_storage_quota: int = 0  # per project, images being uploaded included
    max_virtual_size: int = MAX_VIRTUAL_SIZE
    image_property_quota: int = 128
    image_tag_quota: int = 128
    image_member_quota: int = 128
    limit_param_default: int = 25
    api_limit_max: int = 1000
