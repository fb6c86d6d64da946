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


def network_owner(name: str) -> NetworkId | None:
    """The network that a libvirt network with this name is for; None if it is not ours."""
    network_id = name.removeprefix(_NETWORK_PREFIX)
    return NetworkId(network_id) if network_id != name and is_uuid(network_id) else None


def bridge_name(network_id: NetworkId) -> str:
    """``mn`` and eight digits of the network's id."""
    return _BRIDGE_PREFIX + _hex(network_id, 8)


def tap_name(port_id: PortId) -> str:
    """``mnp`` and twelve digits of the port's id."""
    return TAP_PREFIX + _hex(port_id, 12)
