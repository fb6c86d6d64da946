"""``[image_cache]``: images that a host keeps for the next server."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import integer, switch, text


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCache:
    """When cached images go."""

    manager_interval: int = integer(
        2400,
        minimum=-1,
        older=("DEFAULT.image_cache_manager_interval",),
        help="Seconds between two looks for unused images; -1: never.",
    )
    subdirectory_name: str = text(
        "_base",
        pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*",
        allowed="the name of a directory",
        older=("DEFAULT.image_cache_subdirectory_name",),
        help="Directory of the cache below instances_path.",
    )
    remove_unused_base_images: bool = switch(
        True, older=("DEFAULT.remove_unused_base_images",), help="Remove images that no disk uses any more."
    )
    remove_unused_original_minimum_age_seconds: int = integer(
        86400,
        older=("DEFAULT.remove_unused_original_minimum_age_seconds",),
        help="How long an unused image stays.",
    )
    remove_unused_resized_minimum_age_seconds: int = integer(
        3600,
        older=("libvirt.remove_unused_resized_minimum_age_seconds",),
        help="How long an unused resized image stays.",
    )
    precache_concurrency: int = integer(1, minimum=1, help="Hosts that fetch at once when an aggregate pre-caches.")
