"""The devices of a domain other than disks and network cards."""

from __future__ import annotations

from micronova.libvirtxml.disk import Disk
from micronova.libvirtxml.element import Child, Children, Element, integer, on_off, string
from micronova.libvirtxml.interface import Interface


class _CharacterDevice(Element):
    """What serial ports, consoles and channels share."""

    TAG = ""
    type = string("@type")
    source_path = string("source/@path")
    source_mode = string("source/@mode")
    log_file = string("log/@file")
    log_append = on_off("log/@append")
    target_type = string("target/@type")
    target_port = integer("target/@port")
    target_name = string("target/@name")
    alias = string("alias/@name")


class Serial(_CharacterDevice):
    """``<serial>``."""

    TAG = "serial"


class Console(_CharacterDevice):
    """``<console>``."""

    TAG = "console"


class Channel(_CharacterDevice):
    """``<channel>``: a port to the guest, such as the guest agent's."""

    TAG = "channel"


class Rng(Element):
    """``<rng>``: entropy for the guest."""

    TAG = "rng"
    model = string("@model")
    backend_model = string("backend/@model")
    backend = string("backend")
    rate_bytes = integer("rate/@bytes")
    rate_period = integer("rate/@period")


class MemBalloon(Element):
    """``<memballoon>``."""

    TAG = "memballoon"
    model = string("@model")
    stats_period = integer("stats/@period")


class Video(Element):
    """``<video>``."""

    TAG = "video"
    model = string("model/@type")
    vram_kib = integer("model/@vram")
    heads = integer("model/@heads")


class GraphicsListen(Element):
    """``<listen>``: where a display server waits."""

    TAG = "listen"
    type = string("@type")
    address = string("@address")
    socket = string("@socket")


class Graphics(Element):
    """``<graphics>``: VNC or SPICE."""

    TAG = "graphics"
    type = string("@type")
    port = integer("@port")
    autoport = string("@autoport")
    listen = string("@listen")
    socket = string("@socket")
    listens = Children(GraphicsListen)


class Controller(Element):
    """``<controller>``."""

    TAG = "controller"
    type = string("@type")
    index = integer("@index")
    model = string("@model")
    ports = integer("@ports")


class Input(Element):
    """``<input>``."""

    TAG = "input"
    type = string("@type")
    bus = string("@bus")


class Devices(Element):
    """``<devices>``."""

    TAG = "devices"
    emulator = string("emulator")
    disks = Children(Disk)
    controllers = Children(Controller)
    interfaces = Children(Interface)
    serials = Children(Serial)
    consoles = Children(Console)
    channels = Children(Channel)
    inputs = Children(Input)
    graphics = Children(Graphics)
    videos = Children(Video)
    rngs = Children(Rng)
    memballoon = Child(MemBalloon)
