"""Devices by which guest and host help each other: entropy, memory balloon, guest agent."""

from __future__ import annotations

from micronova.host.interface import GuestSpec
from micronova.host.platform.host_platform import HostPlatform
from micronova.host.platform.properties import image_property, is_true
from micronova.libvirtxml.devices import Channel, MemBalloon, Rng

GUEST_AGENT_PORT = "org.qemu.guest_agent.0"


def rngs(guest: GuestSpec, host: HostPlatform) -> list[Rng]:
    """Entropy, where the image asks for it and the flavor does not forbid it (``hw_rng:allowed``)."""
    allowed = is_true(guest.extra_specs.get("hw_rng:allowed", "true"))
    if not allowed or image_property(guest, "hw_rng_model", "") != "virtio":
        return []
    rng = Rng(model="virtio", backend=host.settings.rng_dev_path, backend_model="random")
    rate = guest.extra_specs.get("hw_rng:rate_bytes")
    if rate is not None:
        rng.rate_bytes = int(rate)
        rng.rate_period = int(guest.extra_specs.get("hw_rng:rate_period", "1000"))
    return [rng]


def memballoon(host: HostPlatform) -> MemBalloon:
    """The balloon; with statistics every so many seconds if set."""
    period = host.settings.mem_stats_period_seconds
    return MemBalloon(model="virtio", stats_period=period or None)


def channels(guest: GuestSpec) -> list[Channel]:
    """The guest agent's port, where the image has an agent (``hw_qemu_guest_agent``)."""
    if not is_true(guest.image_properties.get("hw_qemu_guest_agent")):
        return []
    return [Channel(type="unix", target_type="virtio", target_name=GUEST_AGENT_PORT)]
