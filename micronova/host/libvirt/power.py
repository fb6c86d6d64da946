"""libvirt's domain states and lifecycle events as power states."""

from __future__ import annotations

import libvirt

from micronova.host.interface import PowerState

_STATES = {
    libvirt.VIR_DOMAIN_NOSTATE: PowerState.NOSTATE,
    libvirt.VIR_DOMAIN_RUNNING: PowerState.RUNNING,
    libvirt.VIR_DOMAIN_BLOCKED: PowerState.RUNNING,  # waiting for a resource: alive
    libvirt.VIR_DOMAIN_PAUSED: PowerState.PAUSED,
    libvirt.VIR_DOMAIN_SHUTDOWN: PowerState.SHUTDOWN,
    libvirt.VIR_DOMAIN_SHUTOFF: PowerState.SHUTDOWN,
    libvirt.VIR_DOMAIN_CRASHED: PowerState.CRASHED,
    libvirt.VIR_DOMAIN_PMSUSPENDED: PowerState.SUSPENDED,
}


def power_state(state: int) -> PowerState:
    """The power state for a ``virDomainState``."""
    return _STATES.get(state, PowerState.NOSTATE)


def after_event(event: int, detail: int) -> PowerState | None:
    """The power state that a lifecycle event leads to; None if it changes none (definitions, shutdown begun)."""
    match event:
        case libvirt.VIR_DOMAIN_EVENT_STARTED | libvirt.VIR_DOMAIN_EVENT_RESUMED:
            return PowerState.RUNNING
        case libvirt.VIR_DOMAIN_EVENT_SUSPENDED:
            return PowerState.PAUSED
        case libvirt.VIR_DOMAIN_EVENT_STOPPED:
            crashed = detail == libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED
            return PowerState.CRASHED if crashed else PowerState.SHUTDOWN
        case libvirt.VIR_DOMAIN_EVENT_PMSUSPENDED:
            return PowerState.SUSPENDED
        case libvirt.VIR_DOMAIN_EVENT_CRASHED:
            return PowerState.CRASHED
        case _:
            return None


def reason(event: int, detail: int) -> str:
    """The event in words, for logs."""
    events = (
        "defined",
        "undefined",
        "started",
        "suspended",
        "resumed",
        "stopped",
        "shutdown",
        "pmsuspended",
        "crashed",
    )
    stopped = ("shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot")
    name = events[event] if event < len(events) else f"event {event}"
    if event == libvirt.VIR_DOMAIN_EVENT_STOPPED and detail < len(stopped):
        return f"{name}: {stopped[detail]}"
    return name
