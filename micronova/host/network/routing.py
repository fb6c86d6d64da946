"""Pure: the nftables text that lets a network's guests out, and nobody in.

The libvirt networks are of forward mode ``open``: libvirt gives bridge and DHCP and no firewall rules.  In mode
``nat`` it would take down and put back all its rules at each change of a DHCP entry: 600 ms for each port, one after
the other, and no rules meanwhile.
"""

from __future__ import annotations

import ipaddress

from micronova.host.interface import NetworkSpec
from micronova.host.network.names import bridge_name

TABLE = "ip micronova"

# ``sources``: guests' subnets -> masquerading; ``bridges``: where a packet leaves to -> who may send there.
BASE = f"""\
add table {TABLE}
add map {TABLE} sources {{ type ipv4_addr : verdict; flags interval; }}
add map {TABLE} bridges {{ type ifname : verdict; }}
add chain {TABLE} postrouting {{ type nat hook postrouting priority srcnat; policy accept; }}
flush chain {TABLE} postrouting
add rule {TABLE} postrouting ip saddr vmap @sources
add chain {TABLE} forward {{ type filter hook forward priority filter; policy accept; }}
flush chain {TABLE} forward
add rule {TABLE} forward oifname vmap @bridges
"""


def allow(network: NetworkSpec) -> str:
    """Commands that route a network; the same twice is the same once."""
    cidr = ipaddress.IPv4Network(network.cidr)
    bridge = bridge_name(network.id)
    return f"""\
add chain {TABLE} {bridge}-out
flush chain {TABLE} {bridge}-out
add rule {TABLE} {bridge}-out ip daddr {{ {cidr}, 224.0.0.0/24, 255.255.255.255 }} return
add rule {TABLE} {bridge}-out masquerade
add chain {TABLE} {bridge}-in
flush chain {TABLE} {bridge}-in
add rule {TABLE} {bridge}-in iifname "{bridge}" accept
add rule {TABLE} {bridge}-in ct state established,related accept
add rule {TABLE} {bridge}-in drop
add element {TABLE} sources {{ {cidr} : jump {bridge}-out }}
add element {TABLE} bridges {{ "{bridge}" : jump {bridge}-in }}
"""


def forbid(network: NetworkSpec) -> str:
    """Commands that take that back, there or not."""
    cidr = ipaddress.IPv4Network(network.cidr)
    bridge = bridge_name(network.id)
    return (
        allow(network)
        + f"""\
delete element {TABLE} sources {{ {cidr} : jump {bridge}-out }}
delete element {TABLE} bridges {{ "{bridge}" : jump {bridge}-in }}
flush chain {TABLE} {bridge}-out
delete chain {TABLE} {bridge}-out
flush chain {TABLE} {bridge}-in
delete chain {TABLE} {bridge}-in
"""
    )
