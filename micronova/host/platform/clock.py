"""The guest's clock."""

from __future__ import annotations

from micronova.host.interface import GuestSpec
from micronova.host.platform.host_platform import HostPlatform
from micronova.host.platform.properties import image_property
from micronova.libvirtxml.domain import Clock, Timer


def clock(guest: GuestSpec, host: HostPlatform) -> Clock:
    """UTC, local time for Windows; lost ticks are delivered late rather than never."""
    windows = image_property(guest, "os_type", "linux") == "windows"
    element = Clock(offset="localtime" if windows else "utc")
    if host.arch in ("x86_64", "i686"):
        element.timers = [
            Timer(name="pit", tickpolicy="delay"),
            Timer(name="rtc", tickpolicy="catchup"),
            Timer(name="hpet", present=False),
        ]
    return element
