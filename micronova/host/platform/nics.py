"""Network cards."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.host.interface import Nic
from micronova.host.network.names import bridge_name, tap_name
from micronova.host.platform.host_platform import HostPlatform
from micronova.libvirtxml.interface import Interface


def interfaces(nics: Sequence[Nic], host: HostPlatform) -> list[Interface]:
    """``<interface>`` for each: on its network's bridge with our tap name, or user-mode.

    The tap's name is ours because the filter, which is in place before the tap exists, knows the port by it.
    """
    return [_interface(nic, host) for nic in nics]


def _interface(nic: Nic, host: HostPlatform) -> Interface:
    element = Interface(mac=nic.mac_address, model=nic.model)
    if host.user_network is not None:
        element.type = "user"
        if host.user_network == "passt":
            element.backend_type = "passt"
        return element
    element.type = "bridge"
    element.source_bridge = bridge_name(nic.network.id)
    element.target_dev = tap_name(nic.port_id)
    element.mtu = nic.network.mtu
    return element
