"""What every handler of the compute service is handed: the parts it works with, put together by ``app.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from micronova.db.database import Database
from micronova.host.interface import Hosts
from micronova.scheduler.options import Options
from micronova.web.policy import Policy

if TYPE_CHECKING:
    from micronova.operations import Engine, Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaLimits:
    """``[quota]`` of nova.conf: what a project, user or server may have where nothing else is set; -1: no limit."""

    instances: int = 10
    cores: int = 20
    ram: int = 50 * 1024  # MiB
    metadata_items: int = 128
    injected_files: int = 5
    injected_file_content_bytes: int = 10 * 1024
    injected_file_path_length: int = 255
    key_pairs: int = 100
    server_groups: int = 10
    server_group_members: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeSettings:
    """The options of nova.conf that the compute service itself reads, typed; named as there, group in the comment."""

    max_limit: int = 1000  # [api]
    enable_instance_password: bool = True  # [api]
    max_attempts: int = 3  # [scheduler]
    max_placement_candidates: int = 10  # alternatives that a claim tries before it looks at the cloud again
    default_availability_zone: str = "nova"  # [DEFAULT]
    internal_service_availability_zone: str = "internal"  # [DEFAULT]
    default_schedule_zone: str | None = None  # [DEFAULT]
    instance_name_template: str = "instance-%08x"  # [DEFAULT]
    password_length: int = 12  # [DEFAULT]
    force_config_drive: bool = False  # [DEFAULT]
    service_down_time_s: int = 60  # [DEFAULT]service_down_time
    dhcp_domain: str = "novalocal"  # [api]
    region: str = "RegionOne"
    quota: QuotaLimits = field(default_factory=QuotaLimits)
    scheduler: Options = field(default_factory=Options)  # [filter_scheduler]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOperations:
    """The operations on servers that the API accepts, a field per user verb."""

    create: Operation[Any]
    delete: Operation[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """The compute service's parts.  Verbs are functions of their modules and take a Connection."""

    database: Database
    policy: Policy
    engine: Engine
    hosts: Hosts
    operations: ServerOperations
    settings: ComputeSettings = field(default_factory=ComputeSettings)
