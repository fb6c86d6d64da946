"""Networks to libvirt's, valid by its own schema; DHCP entries; nftables texts hold only what was parsed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronova.host.interface import NetworkSpec, Nic
from micronova.host.network import nat, ruleset
from micronova.host.network.names import bridge_name, tap_name
from micronova.model.errors import Unsupported
from micronova.model.ids import NetworkId, PortId
from tests.xml.golden import assert_golden
from tests.xml.schemas import assert_valid

SPEC = NetworkSpec(
    id=NetworkId("0d1f7a52-95a5-4a49-9a66-4d0c6a2a0001"), name="n", cidr="10.0.0.0/24", gateway_ip="10.0.0.1", mtu=1450
)
NIC = Nic(
    port_id=PortId("7c0e2f4a-95a5-4a49-9a66-4d0c6a2a0001"),
    mac_address="fa:16:3e:00:00:01",
    network=SPEC,
    fixed_ips=("fd00::5", "10.0.0.5"),
)

CASES = {
    "dhcp": nat.network(SPEC, nat.dhcp_hosts(NIC)),
    "no-dhcp": nat.network(replace(SPEC, dhcp=False)),
    "name-servers": nat.network(replace(SPEC, dns_servers=("9.9.9.9", "1.1.1.1"))),
}


@pytest.mark.parametrize("name", CASES)
def test_network(name: str) -> None:
    xml = CASES[name].to_xml()
    assert_valid(xml, "network.rng")
    assert_golden(xml, f"network-{name}.xml")


@pytest.mark.parametrize(("cidr", "gateway"), [("fd00::/64", "fd00::1"), ("10.0.0.0/24", "10.0.1.1")])
def test_what_libvirt_cannot_do_is_refused(cidr: str, gateway: str) -> None:
    with pytest.raises(Unsupported):
        nat.network(replace(SPEC, cidr=cidr, gateway_ip=gateway))


def test_dhcp_gives_the_first_ipv4_address() -> None:
    assert [(host.mac, host.ip) for host in nat.dhcp_hosts(NIC)] == [("fa:16:3e:00:00:01", "10.0.0.5")]
    assert nat.dhcp_hosts(replace(NIC, fixed_ips=())) == []
    assert nat.dhcp_hosts(replace(NIC, network=replace(SPEC, dhcp=False))) == []


def test_names_fit_into_linux() -> None:
    assert bridge_name(SPEC.id) == "mn0d1f7a52"
    assert tap_name(NIC.port_id) == "mnp7c0e2f4a95a5" and len(tap_name(NIC.port_id)) <= 15


@given(st.text())
def test_t_net2_no_text_of_a_user_gets_into_rules(text: str) -> None:
    """Names are not used at all; what must be an address or an id is refused unless it is one."""
    named = replace(NIC, hostname=text, network=replace(SPEC, name=text, domain=text))
    assert ruleset.allow(named) == ruleset.allow(NIC)
    assert nat.network(named.network).to_xml() == nat.network(SPEC).to_xml()
    for hostile in (
        replace(NIC, mac_address=text),
        replace(NIC, fixed_ips=(text,)),
        replace(NIC, port_id=PortId(text)),
    ):
        with pytest.raises(ValueError):
            ruleset.allow(hostile)
    with pytest.raises(ValueError):
        nat.network(replace(SPEC, dns_servers=(text,)))
