"""Names of bridges, taps and libvirt networks, made from ids.  Linux allows 15 characters for an interface."""

from __future__ import annotations

from micronova.model.ids import NetworkId, PortId, is_uuid

TAP_PREFIX = "mnp"
_BRIDGE_PREFIX = "mn"
_NETWORK_PREFIX = "micronova-"


def _hex(identifier: str, digits: int) -> str:
    if not is_uuid(identifier):
        raise ValueError(f"not a UUID: {identifier!r}")
    return identifier.replace("-", "").lower()[:digits]


def network_name(network_id: NetworkId) -> str:
    """The libvirt network's name."""
    return f"{_NETWORK_PREFIX}{network_id}"


def bridge_name(network_id: NetworkId) -> str:
    """``mn`` and eight digits of the network's id."""
    return _BRIDGE_PREFIX + _hex(network_id, 8)


def tap_name(port_id: PortId) -> str:
    """``mnp`` and twelve digits of the port's id."""
    return TAP_PREFIX + _hex(port_id, 12)
