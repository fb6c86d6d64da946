"""Pure: the nftables text that keeps a guest to its own MAC and addresses (SECURITY.md T-NET1).

    bridge prerouting ── iifname mnp* ──> ports ── vmap @ports ──> the port's own chain ── accept | drop
                                            └── not in the map: drop

So a tap of ours that has no chain yet passes nothing: a card is isolated before it is up.  In a port's chain all is
dropped but: ARP from its MAC and addresses (and ARP probes, which claim nothing), DHCP requests, and IPv4 from its
addresses.  A guest is no DHCP server and no router, and IPv6 passes only from addresses that the port has, without
router advertisements.  Tags, and every other kind of frame, are dropped.

Every value in the text is parsed first; no user's string gets here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from micronova.host.interface import Nic
from micronova.host.network.names import TAP_PREFIX, tap_name
from micronova.model.ids import PortId

TABLE = "bridge micronova"
_NO_ADDRESS = "0.0.0.0"  # noqa: S104 - what a client sends from before it has one
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")

# Before every other bridge filter (-200) and bridge NAT (-300).
BASE = f"""\
add table {TABLE}
add map {TABLE} ports {{ type ifname : verdict; }}
add chain {TABLE} guests
flush chain {TABLE} guests
add rule {TABLE} guests iifname vmap @ports
add rule {TABLE} guests drop
add chain {TABLE} prerouting {{ type filter hook prerouting priority -350; policy accept; }}
flush chain {TABLE} prerouting
add rule {TABLE} prerouting iifname "{TAP_PREFIX}*" goto guests
"""


def allow(nic: Nic) -> str:
    """Commands that make the port's chain, or replace it at once if it is there."""
    tap = tap_name(nic.port_id)
    rules = _rules(nic) if nic.security else ["accept"]
    lines = [f"add chain {TABLE} {tap}", f"flush chain {TABLE} {tap}"]
    lines += [f"add rule {TABLE} {tap} {rule}" for rule in rules]
    lines.append(f'add element {TABLE} ports {{ "{tap}" : goto {tap} }}')
    return "\n".join(lines) + "\n"


def forbid(port_id: PortId) -> str:
    """Commands that remove the port's chain, there or not: what is added first can be deleted."""
    tap = tap_name(port_id)
    return (
        f"add chain {TABLE} {tap}\n"
        f'add element {TABLE} ports {{ "{tap}" : goto {tap} }}\n'
        f'delete element {TABLE} ports {{ "{tap}" }}\n'
        f"flush chain {TABLE} {tap}\n"
        f"delete chain {TABLE} {tap}\n"
    )


def _rules(nic: Nic) -> Sequence[str]:
    mac = nic.mac_address.lower()
    if not _MAC.fullmatch(mac):
        raise ValueError(f"not a MAC address: {nic.mac_address!r}")
    addresses = [ipaddress.ip_address(ip) for ip in nic.fixed_ips]
    v4 = [str(ip) for ip in addresses if ip.version == 4]
    v6 = [str(ip) for ip in addresses if ip.version == 6]
    rules = [
        f"ether saddr != {mac} drop",
        f"ether type arp arp saddr ether != {mac} drop",
        f"ether type arp arp saddr ip {_set([_NO_ADDRESS, *v4])} accept",
        "ether type ip udp sport 67 drop",
        f"ether type ip ip saddr {_NO_ADDRESS} ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept",
    ]
    if v4:
        rules.append(f"ether type ip ip saddr {_set(v4)} accept")
    if v6:
        rules += _ipv6_rules(mac, v6)
    return [*rules, "drop"]


def _ipv6_rules(mac: str, addresses: Sequence[str]) -> list[str]:
    own = _set([*addresses, _link_local(mac)])
    return [
        "ether type ip6 udp sport 547 drop",
        "ether type ip6 icmpv6 type { nd-router-advert, nd-redirect } drop",
        # The target of a neighbour advertisement follows its first eight bytes.
        *(
            f"ether type ip6 icmpv6 type nd-neighbor-advert ip6 saddr {own} @th,64,128 {_number(address)} accept"
            for address in [*addresses, _link_local(mac)]
        ),
        "ether type ip6 icmpv6 type nd-neighbor-advert drop",
        "ether type ip6 ip6 saddr :: icmpv6 type { nd-neighbor-solicit, mld2-listener-report } accept",
        f"ether type ip6 ip6 saddr {own} accept",
    ]


def _link_local(mac: str) -> str:
    """The link-local address that a card gives itself (RFC 4291, appendix A)."""
    octets = [int(octet, 16) for octet in mac.split(":")]
    octets[0] ^= 2
    eui64 = bytes([*octets[:3], 0xFF, 0xFE, *octets[3:]])
    return str(ipaddress.IPv6Address(bytes.fromhex("fe80000000000000") + eui64))


def _number(address: str) -> str:
    return f"0x{int(ipaddress.IPv6Address(address)):032x}"


def _set(items: Sequence[str]) -> str:
    return "{ " + ", ".join(dict.fromkeys(items)) + " }"
