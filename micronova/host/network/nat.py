"""Pure: a network of the built-in network service to a libvirt NAT network whose DHCP knows only our ports."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from micronova.host.interface import NetworkSpec, Nic
from micronova.host.network.names import bridge_name, network_name
from micronova.libvirtxml.network import DhcpHost, DnsmasqOption, Network, NetworkIp
from micronova.model.errors import Unsupported

# libvirt gives an address only to known cards if there is no range but a first entry; this is that entry.  No guest
# can have it: the address is the gateway's own, and the filter lets no guest use another's MAC.
_PLACEHOLDER_MAC = "52:54:00:00:00:00"


def network(spec: NetworkSpec, hosts: Sequence[DhcpHost] = ()) -> Network:
    """``<network>`` for ``spec`` with the given DHCP entries.  Unsupported if it is not IPv4."""
    cidr = ipaddress.ip_network(spec.cidr)
    gateway = ipaddress.ip_address(spec.gateway_ip)
    if not isinstance(cidr, ipaddress.IPv4Network) or gateway not in cidr:
        raise Unsupported(
            "The host's NAT network is IPv4 only, with the gateway inside of its subnet.",
            detail=f"network {spec.id}: {spec.cidr} via {spec.gateway_ip}",
        )
    ip = NetworkIp(family="ipv4", address=str(gateway), prefix=cidr.prefixlen)
    if spec.dhcp:
        ip.hosts = [DhcpHost(mac=_PLACEHOLDER_MAC, ip=str(gateway)), *hosts]
    element = Network(
        name=network_name(spec.id),
        uuid=spec.id,
        forward_mode="open",
        bridge=bridge_name(spec.id),
        bridge_stp="off",
        bridge_delay=0,
        mtu=spec.mtu,
        ips=[ip],
    )
    servers = [str(ipaddress.ip_address(server)) for server in spec.dns_servers]
    if servers and spec.dhcp:
        # Parsed addresses only: nothing of a user's reaches dnsmasq's configuration (SECURITY.md T-NET2).
        element.dnsmasq_options = [DnsmasqOption(value=f"dhcp-option=option:dns-server,{','.join(servers)}")]
    return element


def dhcp_hosts(nic: Nic) -> list[DhcpHost]:
    """The DHCP entry of a port: its first IPv4 address, which is what DHCP can give; none without one.

    Without a name: server names are neither unique nor safe in dnsmasq's files; guests get theirs by metadata.
    """
    if not nic.network.dhcp:
        return []
    addresses = [ipaddress.ip_address(ip) for ip in nic.fixed_ips]
    first = next((ip for ip in addresses if ip.version == 4), None)
    return [] if first is None else [DhcpHost(mac=nic.mac_address, ip=str(first))]
