"""``[compute]``: CPU sets, and what a host refuses."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import integer, text, words

_CPU_SET = r"\s*\^?[0-9]+(-[0-9]+)?(\s*,\s*\^?[0-9]+(-[0-9]+)?)*\s*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """What a host gives to guests."""

    cpu_shared_set: str | None = text(
        None, pattern=_CPU_SET, allowed="CPU numbers such as 4-12,^8,15", help="Host CPUs for unpinned guests."
    )
    cpu_dedicated_set: str | None = text(
        None, pattern=_CPU_SET, allowed="CPU numbers such as 4-12,^8,15", help="Host CPUs for pinned guests (PCPU)."
    )
    consecutive_build_service_disable_threshold: int = integer(
        10, help="Builds that may fail in a row, by the host's fault, until the host is avoided; 0: any number."
    )
    shutdown_retry_interval: int = integer(10, minimum=1, help="Seconds between two requests to a guest to shut down.")
    max_concurrent_disk_ops: int = integer(0, minimum=0, help="Heavy disk work at once; 0: no limit.")
    max_disk_devices_to_attach: int = integer(-1, minimum=-1, help="Most disks of a guest; -1: no limit.")
    image_type_exclude_list: tuple[str, ...] = words((), help="Image formats that this host does not take.")
    vmdk_allowed_types: tuple[str, ...] = words(
        ("streamOptimized", "monolithicSparse"),
        pattern="streamOptimized|monolithicSparse",
        allowed="streamOptimized and monolithicSparse; the others name files of the host",
        help="VMDK kinds that are taken.",
    )
