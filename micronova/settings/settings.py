"""All settings of one process: a value handed down from the assembly, never a global."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from micronova.settings.api import Api
from micronova.settings.compute import Compute
from micronova.settings.consoles import Console, Consoleauth, SerialConsole, Spice, Vnc
from micronova.settings.database import Database
from micronova.settings.default import Default
from micronova.settings.filter_scheduler import FilterScheduler
from micronova.settings.glance import Glance
from micronova.settings.image_cache import ImageCache
from micronova.settings.key_manager import KeyManager
from micronova.settings.libvirt import Libvirt
from micronova.settings.micronova import Micronova
from micronova.settings.oslo_policy import OsloPolicy
from micronova.settings.quota import Quota
from micronova.settings.scheduler import Scheduler
from micronova.settings.workarounds import Workarounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One attribute per group of nova.conf, by the group's name; ``[DEFAULT]`` is ``default``."""

    default: Default
    api: Api
    compute: Compute
    console: Console
    consoleauth: Consoleauth
    database: Database
    filter_scheduler: FilterScheduler
    glance: Glance
    image_cache: ImageCache
    key_manager: KeyManager
    libvirt: Libvirt
    micronova: Micronova
    oslo_policy: OsloPolicy
    quota: Quota
    scheduler: Scheduler
    serial_console: SerialConsole
    spice: Spice
    vnc: Vnc
    workarounds: Workarounds


def groups() -> Iterator[tuple[str, str, type[Any]]]:
    """Of each group: its name in nova.conf, its attribute of Settings, its dataclass."""
    for attribute, kind in typing.get_type_hints(Settings).items():
        yield "DEFAULT" if attribute == "default" else attribute, attribute, kind
