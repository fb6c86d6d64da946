"""``[quota]``: what a project may have unless an admin says otherwise.  -1 is no limit."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import integer, switch, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Default limits per project (key_pairs: per user; server_group_members: per group)."""

    instances: int = integer(10, minimum=-1, older=("DEFAULT.quota_instances",), help="Servers.")
    cores: int = integer(20, minimum=-1, older=("DEFAULT.quota_cores",), help="VCPUs of all servers.")
    ram: int = integer(51200, minimum=-1, older=("DEFAULT.quota_ram",), help="MiB of memory of all servers.")
    metadata_items: int = integer(
        128, minimum=-1, older=("DEFAULT.quota_metadata_items",), help="Metadata entries of a server."
    )
    injected_files: int = integer(
        5, minimum=-1, older=("DEFAULT.quota_injected_files",), help="Personality files of a server."
    )
    injected_file_content_bytes: int = integer(
        10240,
        minimum=-1,
        older=("DEFAULT.quota_injected_file_content_bytes",),
        help="Bytes of a personality file.",
    )
    injected_file_path_length: int = integer(
        255,
        minimum=-1,
        older=("DEFAULT.quota_injected_file_path_length",),
        help="Bytes of a personality file's path.",
    )
    key_pairs: int = integer(100, minimum=-1, older=("DEFAULT.quota_key_pairs",), help="Key pairs of a user.")
    server_groups: int = integer(10, minimum=-1, older=("DEFAULT.quota_server_groups",), help="Server groups.")
    server_group_members: int = integer(
        10, minimum=-1, older=("DEFAULT.quota_server_group_members",), help="Servers in a server group."
    )
    driver: str = text(
        "nova.quota.DbQuotaDriver",
        choices=("nova.quota.DbQuotaDriver", "nova.quota.NoopQuotaDriver", "nova.quota.UnifiedLimitsDriver"),
        help="Where limits come from; NoopQuotaDriver: there are none.",
    )
    recheck_quota: bool = switch(True, help="No effect: micronova counts in the same transaction as it creates.")
    count_usage_from_placement: bool = switch(False, help="Count cores and ram by allocations instead of servers.")
