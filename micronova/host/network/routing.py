"""Pure: the nftables text that lets a network's guests out, and nobody in.

The libvirt networks are of forward mode ``open``: libvirt gives bridge and DHCP and no firewall rules.  In mode
``nat`` it would take down and put back all its rules at each change of a DHCP entry: 600 ms for each port, one after
the other, and no rules meanwhile.
"""

from __future__ import annotations

import ipaddress

from micronova.host.interface import NetworkSpec
from micronova.host.network.names import bridge_name
from micronova.model.ids import NetworkId

TABLE = "ip micronova"

# Both by bridge, so that a network can be taken out by its id alone.  ``uplinks``: where a packet came from ->
# masquerading; ``bridges``: where a packet leaves to -> who may send there.
BASE = f"""\
add table {TABLE}
add map {TABLE} uplinks {{ type ifname : verdict; }}
add map {TABLE} bridges {{ type ifname : verdict; }}
add chain {TABLE} postrouting {{ type nat hook postrouting priority srcnat; policy accept; }}
flush chain {TABLE} postrouting
add rule {TABLE} postrouting iifname vmap @uplinks
add chain {TABLE} forward {{ type filter hook forward priority filter; policy accept; }}
flush chain {TABLE} forward
add rule {TABLE} forward oifname vmap @bridges
"""


def allow(network: NetworkSpec) -> str:
    """Commands that route a network; the same twice is the same once."""
    cidr = ipaddress.IPv4Network(network.cidr)
    bridge = bridge_name(network.id)
    return f"""\
add chain {TABLE} {bridge}-nat
flush chain {TABLE} {bridge}-nat
add rule {TABLE} {bridge}-nat ip saddr {cidr} ip daddr != {{ {cidr}, 224.0.0.0/24, 255.255.255.255 }} masquerade
add chain {TABLE} {bridge}-in
flush chain {TABLE} {bridge}-in
add rule {TABLE} {bridge}-in iifname "{bridge}" accept
add rule {TABLE} {bridge}-in ct state established,related accept
add rule {TABLE} {bridge}-in drop
add element {TABLE} uplinks {{ "{bridge}" : jump {bridge}-nat }}
add element {TABLE} bridges {{ "{bridge}" : jump {bridge}-in }}
"""


def forbid(network_id: NetworkId) -> str:
    """Commands that take that back, there or not: what is added first can be deleted."""
    bridge = bridge_name(network_id)
    return "".join(
        f"""\
add chain {TABLE} {chain}
add element {TABLE} {verdicts} {{ "{bridge}" : jump {chain} }}
delete element {TABLE} {verdicts} {{ "{bridge}" }}
flush chain {TABLE} {chain}
delete chain {TABLE} {chain}
"""
        for verdicts, chain in (("uplinks", f"{bridge}-nat"), ("bridges", f"{bridge}-in"))
    )
