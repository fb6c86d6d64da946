"""What the pure functions must know of a host and of its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """The options of nova.conf's ``[libvirt]`` group that shape a domain; same names, same meaning.

    ``cpu_mode`` None is Nova's default: ``host-model``.  ``hw_machine_type``: architecture -> machine type.
    ``mem_stats_period_seconds`` 0: no statistics.  ``vnc`` is ``[vnc] enabled``.
    """

    cpu_mode: str | None = None
    cpu_models: Sequence[str] = ()
    cpu_model_extra_flags: Sequence[str] = ()
    hw_machine_type: Mapping[str, str] = field(default_factory=dict)
    rng_dev_path: str = "/dev/urandom"
    mem_stats_period_seconds: int = 10
    vnc: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlatform:
    """This host, as its capabilities tell.

    ``user_network`` is None where networks are libvirt's (system mode), else the backend of user-mode networking:
    ``passt`` or ``slirp``.  ``direct_io``: whether the instances' file system knows O_DIRECT.
    ``private_labels``: whether libvirt changes the owner of disk files, so that shared ones must be exempted.
    """

    arch: str
    emulator: str
    virt_type: str
    default_machine: str = "pc"
    cpu_modes: frozenset[str] = frozenset()
    user_network: str | None = None
    direct_io: bool = True
    private_labels: bool = True
    settings: PlatformSettings = PlatformSettings()
