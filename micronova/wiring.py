"""From nova.conf's typed settings to what each part wants to be told: pure functions, one per part."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from micronova.compute.api import ComputeSettings, QuotaLimits
from micronova.host.local import LocalHostConfig, default_uri
from micronova.host.platform.host_platform import PlatformSettings
from micronova.identity.passwords import Passwords
from micronova.identity.settings import IdentitySettings
from micronova.image.settings import ImageSettings
from micronova.model.errors import OurFault
from micronova.model.ids import HostName
from micronova.placement.host_inventory import Ratios
from micronova.scheduler import filters
from micronova.scheduler.options import Options
from micronova.settings.settings import Settings


def host_name(settings: Settings) -> HostName:
    """``[DEFAULT] host``, or this machine's name."""
    return HostName(settings.default.host or socket.gethostname())


def local_host(settings: Settings) -> LocalHostConfig:
    """The host role on this machine."""
    default, libvirt, vnc = settings.default, settings.libvirt, settings.vnc
    machine_types = dict(pair.split("=", 1) for pair in libvirt.hw_machine_type or ())
    return LocalHostConfig(
        name=host_name(settings),
        uri=libvirt.connection_uri or default_uri(),
        state_dir=default.state_path.absolute(),
        instances_dir=default.instances_path.absolute(),
        virt_type=libvirt.virt_type,
        images_type=libvirt.images_type,
        # Overlays lie on the image as it is, without a copy (docs/decisions/0004-image-cache.md).
        force_raw_images=default.force_raw_images and libvirt.images_type in ("flat", "raw"),
        host_ip=default.my_ip or "127.0.0.1",
        platform=PlatformSettings(
            cpu_mode=libvirt.cpu_mode,
            cpu_models=libvirt.cpu_models,
            cpu_model_extra_flags=libvirt.cpu_model_extra_flags,
            hw_machine_type=machine_types,
            rng_dev_path=libvirt.rng_dev_path,
            mem_stats_period_seconds=max(0, libvirt.mem_stats_period_seconds),
            vnc=vnc.enabled,
        ),
    )


def ratios(settings: Settings) -> Ratios:
    """Over-commit and reserves; 0.0 means "not set", as in Nova."""
    default = settings.default
    return Ratios(
        cpu_allocation_ratio=default.cpu_allocation_ratio or None,
        ram_allocation_ratio=default.ram_allocation_ratio or None,
        disk_allocation_ratio=default.disk_allocation_ratio or None,
        initial_cpu_allocation_ratio=default.initial_cpu_allocation_ratio,
        initial_ram_allocation_ratio=default.initial_ram_allocation_ratio,
        initial_disk_allocation_ratio=default.initial_disk_allocation_ratio,
        reserved_host_cpus=default.reserved_host_cpus,
        reserved_host_memory_mib=default.reserved_host_memory_mb,
        reserved_host_disk_mib=default.reserved_host_disk_mb,
    )


def compute(settings: Settings) -> ComputeSettings:
    """The compute service."""
    api, default, quota, scheduler = settings.api, settings.default, settings.quota, settings.scheduler
    return ComputeSettings(
        max_limit=api.max_limit,
        enable_instance_password=api.enable_instance_password,
        dhcp_domain=api.dhcp_domain,
        max_attempts=scheduler.max_attempts,
        default_availability_zone=default.default_availability_zone,
        internal_service_availability_zone=default.internal_service_availability_zone,
        default_schedule_zone=default.default_schedule_zone,
        instance_name_template=default.instance_name_template,
        password_length=default.password_length,
        force_config_drive=default.force_config_drive,
        service_down_time_s=default.service_down_time,
        region=settings.micronova.region,
        quota=QuotaLimits(
            instances=quota.instances,
            cores=quota.cores,
            ram=quota.ram,
            metadata_items=quota.metadata_items,
            injected_files=quota.injected_files,
            injected_file_content_bytes=quota.injected_file_content_bytes,
            injected_file_path_length=quota.injected_file_path_length,
            key_pairs=quota.key_pairs,
            server_groups=quota.server_groups,
            server_group_members=quota.server_group_members,
        ),
        scheduler=scheduling(settings),
    )


def scheduling(settings: Settings) -> Options:
    """The scheduler.  Raises Invalid for a filter that does not exist."""
    filter_scheduler = settings.filter_scheduler
    filters.check_names(filter_scheduler.enabled_filters)
    return Options(
        enabled_filters=filter_scheduler.enabled_filters,
        multipliers={
            "RAMWeigher": filter_scheduler.ram_weight_multiplier,
            "CPUWeigher": filter_scheduler.cpu_weight_multiplier,
            "DiskWeigher": filter_scheduler.disk_weight_multiplier,
            "IoOpsWeigher": filter_scheduler.io_ops_weight_multiplier,
            "ServerGroupSoftAffinityWeigher": filter_scheduler.soft_affinity_weight_multiplier,
            "ServerGroupSoftAntiAffinityWeigher": filter_scheduler.soft_anti_affinity_weight_multiplier,
        },
        host_subset_size=filter_scheduler.host_subset_size,
    )


def identity(settings: Settings) -> IdentitySettings:
    """The identity service."""
    micronova = settings.micronova
    return IdentitySettings(
        token_lifetime=timedelta(seconds=micronova.token_expiration),
        region=micronova.region,
    )


def passwords(settings: Settings) -> Passwords:
    """How passwords are hashed."""
    micronova = settings.micronova
    return Passwords(time_cost=micronova.password_hash_rounds, memory_kib=micronova.password_hash_memory_kib)


def image(settings: Settings) -> ImageSettings:
    """The image service."""
    return ImageSettings(image_size_cap=settings.micronova.image_size_limit)


def policy_file(settings: Settings, config_files: Sequence[Path]) -> Path | None:
    """The operator's changes of policy, if there are any: one file for all services.

    A relative name lies beside the first configuration file, as oslo.policy has it; that it is not there is no error
    unless it was named.  Raises OurFault for an absolute name that is not there.
    """
    named = Path(settings.oslo_policy.policy_file)
    if named.is_absolute():
        if not named.exists():
            raise OurFault(f"[oslo_policy] policy_file = {named}: there is no such file")
        return named
    beside = [file.parent / named for file in config_files[:1]]
    return next((file for file in beside if file.exists()), None)
