"""What single options cannot say: settings that contradict each other, and values that Nova knows and we do not use."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence

from micronova.settings.errors import SettingsError
from micronova.settings.settings import Settings


def whole(settings: Settings, asked_for: Collection[str] = ()) -> tuple[Settings, Sequence[str]]:
    """The settings as they can be used, and sentences for the operator.  Raises SettingsError on a contradiction.

    ``asked_for`` are the options of the command line: what a nova.conf may say for Nova's sake, they may not.
    """
    for contradiction in _contradictions(settings):
        raise SettingsError(contradiction)
    notes: list[str] = []
    database = settings.database.connection
    if database is not None and database.reveal().startswith(("mysql", "mariadb")):
        if "database.connection" in asked_for:
            raise SettingsError(
                "command line: [database] connection = ***: allowed: sqlite:///PATH or postgresql://USER@HOST/NAME"
            )
        notes.append(
            "[database] connection: MySQL and MariaDB are not supported, the embedded database is used instead; "
            "set postgresql://USER@HOST/NAME for a database of your own"
        )
        settings = dataclasses.replace(settings, database=dataclasses.replace(settings.database, connection=None))
    default = settings.default
    if default.service_down_time <= default.report_interval:
        down_time = round(2.5 * default.report_interval)
        notes.append(
            f"[DEFAULT] service_down_time = {default.service_down_time} is not more than report_interval = "
            f"{default.report_interval}: {down_time} is used, or every host would be down between two signs of life"
        )
        settings = dataclasses.replace(settings, default=dataclasses.replace(default, service_down_time=down_time))
    return settings, notes


def _contradictions(settings: Settings) -> Iterator[str]:
    libvirt = settings.libvirt
    if libvirt.cpu_mode == "custom" and not libvirt.cpu_models:
        yield "[libvirt] cpu_mode = 'custom' needs [libvirt] cpu_models: at least one CPU model"
    if libvirt.cpu_models and libvirt.cpu_mode != "custom":
        yield (
            f"[libvirt] cpu_models = {','.join(libvirt.cpu_models)!r}: allowed: only with [libvirt] cpu_mode = custom, "
            f"which is {libvirt.cpu_mode or 'unset'!r}"
        )
    if libvirt.images_type == "lvm" and not libvirt.images_volume_group:
        yield "[libvirt] images_type = 'lvm' needs [libvirt] images_volume_group: the name of a volume group"
