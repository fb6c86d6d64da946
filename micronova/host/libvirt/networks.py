"""libvirt networks of ours and their DHCP entries."""

from __future__ import annotations

import libvirt

from micronova.host.libvirt import faults
from micronova.host.libvirt.connection import Connection
from micronova.libvirtxml.network import DhcpHost, Network

_LIVE_AND_CONFIG = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE | libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG


class Networks:
    """The networks of micronova's on one libvirt.  Callers take care that one thread works on a network at a time."""

    def __init__(self, connection: Connection) -> None:
        self._libvirt = connection

    def ensure_up(self, network: Network) -> None:
        """Define it unless it is there, start it unless it runs; it comes back with the host."""
        name = network.name or ""

        def run(connection: libvirt.virConnect) -> None:
            found = _find(connection, name)
            if found is None:
                found = connection.networkDefineXML(network.to_xml())
            if not found.isActive():
                found.create()
            if not found.autostart():
                found.setAutostart(True)

        self._libvirt.call(f"bring up network {name}", run)

    def ensure_host(self, name: str, host: DhcpHost) -> None:
        """Have exactly this entry for its MAC and its address; entries that stand in the way go."""

        def run(connection: libvirt.virConnect) -> None:
            network = connection.networkLookupByName(name)
            try:
                _update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, host)
            except libvirt.libvirtError as err:
                if faults.is_lost(err):
                    raise
                present = _entries(network)
                if any(entry.mac == host.mac and entry.ip == host.ip for entry in present):
                    return
                rivals = [entry for entry in present if entry.mac == host.mac or entry.ip == host.ip]
                if not rivals:
                    raise
                for rival in rivals:
                    _update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, rival)
                _update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, host)

        self._libvirt.call(f"add {host.mac} to network {name}", run)

    def remove_host(self, name: str, host: DhcpHost) -> None:
        """Remove the entry; no entry, or no network, is a success."""

        def run(connection: libvirt.virConnect) -> None:
            network = _find(connection, name)
            if network is None:
                return
            try:
                _update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, host)
            except libvirt.libvirtError as err:
                if faults.is_lost(err) or any(entry.mac == host.mac for entry in _entries(network)):
                    raise

        self._libvirt.call(f"remove {host.mac} from network {name}", run)

    def remove(self, name: str) -> None:
        """Take the network down and forget it; no network is a success."""

        def run(connection: libvirt.virConnect) -> None:
            found = _find(connection, name)
            if found is None:
                return
            if found.isActive():
                found.destroy()
            found.undefine()

        self._libvirt.call(f"remove network {name}", run)


def _find(connection: libvirt.virConnect, name: str) -> libvirt.virNetwork | None:
    try:
        return connection.networkLookupByName(name)
    except libvirt.libvirtError as err:
        if faults.is_absent(err):
            return None
        raise


def _update(network: libvirt.virNetwork, command: int, host: DhcpHost) -> None:
    network.update(command, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST, 0, host.to_xml(), _LIVE_AND_CONFIG)


def _entries(network: libvirt.virNetwork) -> list[DhcpHost]:
    return [host for ip in Network.parse(network.XMLDesc()).ips for host in ip.hosts]
