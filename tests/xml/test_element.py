"""What holds of every element: one declaration reads and writes, and what nobody declared survives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronova.libvirtxml.devices import Devices, Rng
from micronova.libvirtxml.disk import BackingStore, Disk
from micronova.libvirtxml.domain import Domain, Features, Os
from micronova.libvirtxml.element import printable
from micronova.libvirtxml.network import DnsmasqOption, Network

FOREIGN = """<domain type="kvm" xmlns:q="urn:x">
  <name>one</name>
  <q:commandline><q:arg value="-x"/></q:commandline>
  <!-- kept -->
  <devices><emulator>/bin/q</emulator><hostdev mode="subsystem"><source a="1"/></hostdev></devices>
</domain>"""


def test_what_is_written_is_read() -> None:
    domain = Domain(type="qemu", name="n", memory=64, memory_unit="MiB", os=Os(type="hvm", arch="x86_64"))
    domain.features = Features(acpi=True)
    domain.devices = Devices(disks=[Disk(type="file", source_file="/a b", readonly=True)], rngs=[Rng(model="virtio")])
    again = Domain.parse(domain.to_xml())
    assert again == domain
    assert again.os is not None and again.os.arch == "x86_64"
    assert again.features is not None and again.features.acpi and not again.features.apic
    assert again.devices is not None
    [disk] = again.devices.disks
    assert (disk.source_file, disk.readonly, disk.shareable) == ("/a b", True, False)


def test_what_is_not_modelled_survives() -> None:
    domain = Domain.parse(FOREIGN)
    domain.name = "two"
    assert domain.devices is not None
    domain.devices.disks = [Disk(type="file")]
    xml = domain.to_xml()
    for kept in ("urn:x", 'value="-x"', "<!-- kept -->", "hostdev", 'a="1"', "/bin/q", "two"):
        assert kept in xml


def test_an_unchanged_document_stays_the_same() -> None:
    assert Domain.parse(Domain.parse(FOREIGN).to_xml()) == Domain.parse(FOREIGN)


def test_none_removes_and_leaves_no_empty_parents() -> None:
    disk = Disk(type="file", source_file="/x", driver_type="raw", driver_name="qemu")
    disk.source_file = None
    disk.driver_type = None
    assert disk.to_xml().split() == Disk(type="file", driver_name="qemu").to_xml().split()


def test_replacing_children_keeps_others_in_place() -> None:
    devices = Devices(emulator="/q", disks=[Disk(target_dev="vda"), Disk(target_dev="vdb")])
    devices.disks = [Disk(target_dev="vdc")]
    assert [disk.target_dev for disk in devices.disks] == ["vdc"]
    devices.disks = []
    assert devices.disks == () and devices.emulator == "/q"


def test_a_chain_ends_in_an_empty_element() -> None:
    store = BackingStore(type="file", source_file="/b", format="qcow2", next=BackingStore())
    again = BackingStore.parse(store.to_xml())
    assert again.next is not None and again.next.type is None and again.next.next is None


def test_names_with_a_namespace() -> None:
    network = Network(name="n", dnsmasq_options=[DnsmasqOption(value="a=b")])
    [option] = Network.parse(network.to_xml()).dnsmasq_options
    assert option.value == "a=b"


def test_an_unknown_property_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="no property sauce"):
        Disk(sauce="x")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><domain><name>&x;</name></domain>',
        '<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><domain><name>&b;</name></domain>',
        "<!DOCTYPE domain><domain/>",
        "<domain><name></domain>",
        "<network/>",
        "",
    ],
)
def test_t_api7_documents_with_types_and_broken_ones_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Domain.parse(text)


@given(st.text())
def test_t_net2_any_text_survives_or_is_refused(text: str) -> None:
    """Whatever a user writes stays one text: it never becomes an element, attribute or entity."""
    try:
        domain = Domain(name=text)
    except ValueError:
        assert printable(text) != text
        domain = Domain(name=printable(text))
        text = printable(text)
    # XML knows one kind of line end.
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    again = Domain.parse(domain.to_xml())
    assert (again.name or "") == expected
    assert len(again.node) == 1 and len(again.node[0]) == 0
