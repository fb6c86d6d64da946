"""What a person sees of a guest: serial console with its log, screen, keyboard and mouse."""

from __future__ import annotations

from micronova.host.interface import GuestSpec
from micronova.host.platform.host_platform import HostPlatform
from micronova.host.platform.properties import image_property
from micronova.libvirtxml.devices import Graphics, GraphicsListen, Input, Serial, Video


def serial(log_file: str) -> Serial:
    """The first serial port; virtlogd writes what the guest says to ``log_file`` and bounds its size."""
    return Serial(type="pty", log_file=log_file, log_append=False)


def graphics(host: HostPlatform) -> list[Graphics]:
    """VNC on a unix socket that libvirt names: no port to guess, no other guest to reach (SECURITY.md T-CON8)."""
    if not host.settings.vnc:
        return []
    return [Graphics(type="vnc", listens=[GraphicsListen(type="socket")])]


def videos(guest: GuestSpec, host: HostPlatform) -> list[Video]:
    """A screen where there is someone to look at it."""
    if not host.settings.vnc:
        return []
    return [Video(model=image_property(guest, "hw_video_model", "vga"))]


def inputs(host: HostPlatform) -> list[Input]:
    """Keyboard and mouse for the screen."""
    if not host.settings.vnc:
        return []
    return [Input(type="keyboard", bus="ps2"), Input(type="mouse", bus="ps2")]
