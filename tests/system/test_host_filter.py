"""T-NET1: what a guest must not send is dropped on its own port, by the kernel that runs this test.

A veth pair stands for the guest's card: its end on the host has the tap's name and is in the network's bridge, its
other end sends frames made by hand.  What arrives on the bridge has passed the filter.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import struct
import subprocess
import time
from collections.abc import Iterator

import pytest

from micronova.host.interface import NetworkSpec, Nic
from micronova.host.network import ruleset
from micronova.host.network.names import bridge_name, tap_name
from micronova.host.network.nftables import Nftables
from micronova.model.ids import NetworkId, PortId, new_uuid
from tests.real_host import require_root

pytestmark = pytest.mark.system

MAC, OTHER_MAC, BROADCAST = "fa:16:3e:aa:00:01", "fa:16:3e:aa:00:02", "ff:ff:ff:ff:ff:ff"
IP, OTHER_IP, GATEWAY, NOBODY = "100.95.7.10", "100.95.7.11", "100.95.7.1", "0.0.0.0"
IP6, OTHER_IP6 = "fd00:7::10", "fd00:7::11"
LINK_LOCAL = "fe80::f816:3eff:feaa:1"


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _frame(kind: int, payload: bytes, source: str = MAC, to: str = BROADCAST) -> bytes:
    return (_mac(to) + _mac(source) + struct.pack("!H", kind) + payload).ljust(60, b"\0")


def _arp(mac: str, ip: str, operation: int = 2) -> bytes:
    target = _mac(BROADCAST) + socket.inet_aton(GATEWAY)
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + _mac(mac) + socket.inet_aton(ip) + target


def _ipv4(source: str, to: str, sport: int, dport: int) -> bytes:
    udp = struct.pack("!HHHH", sport, dport, 8, 0)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(to))
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return header[:10] + struct.pack("!H", checksum) + header[12:] + udp


def _ipv6(source: str, protocol: int, body: bytes, to: str = "ff02::1") -> bytes:
    addresses = ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(to).packed
    return struct.pack("!IHBB", 6 << 28, len(body), protocol, 255) + addresses + body


def _icmp6(kind: int, target: str = "::") -> bytes:
    return struct.pack("!BBHI", kind, 0, 0, 0) + ipaddress.IPv6Address(target).packed


ALLOWED = {
    "its own ARP": _frame(0x0806, _arp(MAC, IP)),
    "an ARP probe": _frame(0x0806, _arp(MAC, NOBODY, operation=1)),
    "IPv4 from its address": _frame(0x0800, _ipv4(IP, GATEWAY, 1000, 2000)),
    "a DHCP request without an address": _frame(0x0800, _ipv4(NOBODY, "255.255.255.255", 68, 67)),
    "a DHCP renewal": _frame(0x0800, _ipv4(IP, GATEWAY, 68, 67)),
    "IPv6 from its address": _frame(0x86DD, _ipv6(IP6, 17, struct.pack("!HHHH", 1000, 2000, 8, 0))),
    "a neighbour advertisement of its own": _frame(0x86DD, _ipv6(IP6, 58, _icmp6(136, IP6))),
    "a neighbour solicitation while it has no address": _frame(0x86DD, _ipv6("::", 58, _icmp6(135, IP6))),
}

DROPPED = {
    "another's MAC": _frame(0x0800, _ipv4(IP, GATEWAY, 1000, 2000), source=OTHER_MAC),
    "another's IP": _frame(0x0800, _ipv4(OTHER_IP, GATEWAY, 1000, 2000)),
    "the gateway's IP": _frame(0x0800, _ipv4(GATEWAY, OTHER_IP, 1000, 2000)),
    "no IP without being DHCP": _frame(0x0800, _ipv4(NOBODY, "255.255.255.255", 1000, 2000)),
    "ARP for another's IP": _frame(0x0806, _arp(MAC, OTHER_IP)),
    "ARP for the gateway": _frame(0x0806, _arp(MAC, GATEWAY)),
    "ARP with another's MAC inside": _frame(0x0806, _arp(OTHER_MAC, IP)),
    "a DHCP server's answer": _frame(0x0800, _ipv4(IP, "255.255.255.255", 67, 68)),
    "a DHCPv6 server's answer": _frame(0x86DD, _ipv6(IP6, 17, struct.pack("!HHHH", 547, 546, 8, 0))),
    "a router advertisement": _frame(0x86DD, _ipv6(LINK_LOCAL, 58, _icmp6(134))),
    "an IPv6 redirect": _frame(0x86DD, _ipv6(LINK_LOCAL, 58, _icmp6(137))),
    "another's IPv6": _frame(0x86DD, _ipv6(OTHER_IP6, 17, struct.pack("!HHHH", 1000, 2000, 8, 0))),
    "a neighbour advertisement for another": _frame(0x86DD, _ipv6(IP6, 58, _icmp6(136, OTHER_IP6))),
    "a VLAN tag": _frame(0x8100, struct.pack("!HH", 5, 0x0800) + _ipv4(OTHER_IP, GATEWAY, 1000, 2000)),
    "a double VLAN tag": _frame(0x88A8, struct.pack("!HHHH", 5, 0x8100, 6, 0x0800)),
    "a spanning tree frame": _frame(0x0027, b"\x42\x42\x03" + b"\0" * 36, to="01:80:c2:00:00:01"),
    "some other protocol": _frame(0x88CC, b"lldp"),
}


class Wire:
    """Both ends: sends as the guest, and hears what came through to the bridge."""

    def __init__(self, nic: Nic) -> None:
        self.nic, self.tap, self.guest = nic, tap_name(nic.port_id), "mnguest0"
        self.bridge = bridge_name(nic.network.id)
        self._run("link", "add", self.bridge, "type", "bridge", "forward_delay", "0")
        self._run("link", "add", self.tap, "type", "veth", "peer", "name", self.guest)
        # Nothing but our frames is on the wire.
        for name in (self.guest, self.tap, self.bridge):
            self._run("link", "set", name, "addrgenmode", "none")
        self._run("link", "set", self.tap, "master", self.bridge)
        for name in (self.bridge, self.tap, self.guest):
            self._run("link", "set", name, "up")
        self._sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._sender.bind((self.guest, 0))
        self._hearer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._hearer.bind((self.bridge, 0))

    def close(self) -> None:
        self._sender.close()
        self._hearer.close()
        subprocess.run(["ip", "link", "delete", self.tap], check=False)
        subprocess.run(["ip", "link", "delete", self.bridge], check=False)

    def passes(self, frame: bytes, patience_s: float) -> bool:
        """Whether the frame, or any of the same addresses and content, arrives."""
        self._drain()
        self._sender.send(frame)
        deadline = time.monotonic() + patience_s
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self._hearer], [], [], left)
            if ready and self._hearer.recv(2000)[6:12] == frame[6:12]:
                return True
        return False

    def _drain(self) -> None:
        while select.select([self._hearer], [], [], 0)[0]:
            self._hearer.recv(2000)

    @staticmethod
    def _run(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def nic() -> Nic:
    """A port with one address of each family."""
    network = NetworkSpec(id=NetworkId(new_uuid()), name="wire", cidr="100.95.7.0/24", gateway_ip=GATEWAY)
    return Nic(port_id=PortId(new_uuid()), mac_address=MAC, network=network, fixed_ips=(IP, IP6))


@pytest.fixture(scope="module")
def wire(nic: Nic) -> Iterator[Wire]:
    """The port's wire, with the base rules in the kernel and the port's own as the test sets them."""
    require_root()
    Nftables().apply(ruleset.BASE)
    wire = Wire(nic)
    try:
        yield wire
    finally:
        Nftables().apply(ruleset.forbid(nic.port_id))
        wire.close()


@pytest.fixture
def filtered(wire: Wire, nic: Nic) -> Wire:
    """With the port's rules."""
    Nftables().apply(ruleset.allow(nic))
    return wire


@pytest.mark.parametrize("what", ALLOWED)
def test_t_net1_a_guest_may_send(filtered: Wire, what: str) -> None:
    assert filtered.passes(ALLOWED[what], 5), what


@pytest.mark.parametrize("what", DROPPED)
def test_t_net1_a_guest_must_not_send(filtered: Wire, what: str) -> None:
    assert not filtered.passes(DROPPED[what], 0.1), what
    # The wire is alive: that nothing came is the filter's work.
    assert filtered.passes(ALLOWED["its own ARP"], 5)


@pytest.mark.parametrize("what", ALLOWED)
def test_t_net1_a_card_is_isolated_before_its_rules_are_there(wire: Wire, nic: Nic, what: str) -> None:
    Nftables().apply(ruleset.forbid(nic.port_id))
    assert not wire.passes(ALLOWED[what], 0.1)


def test_without_port_security_all_passes(wire: Wire, nic: Nic) -> None:
    open_port = Nic(port_id=nic.port_id, mac_address=MAC, network=nic.network, fixed_ips=nic.fixed_ips, security=False)
    Nftables().apply(ruleset.allow(open_port))
    for what in ("another's MAC", "another's IP", "a router advertisement"):
        assert wire.passes(DROPPED[what], 5), what


def test_t_net4_changed_addresses_hold_at_once(filtered: Wire, nic: Nic) -> None:
    moved = Nic(port_id=nic.port_id, mac_address=MAC, network=nic.network, fixed_ips=(OTHER_IP,))
    Nftables().apply(ruleset.allow(moved))
    assert not filtered.passes(ALLOWED["IPv4 from its address"], 0.1)
    assert filtered.passes(DROPPED["another's IP"], 5)
