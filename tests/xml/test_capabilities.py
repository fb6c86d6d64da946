"""What captured hosts tell."""

from __future__ import annotations

from pathlib import Path

import os_traits

from micronova.host.libvirt import node
from micronova.libvirtxml.capabilities import Capabilities, DomainCapabilities
from tests.xml.schemas import assert_valid

CAPTURED = Path(__file__).parent / "captured"


def capabilities() -> Capabilities:
    """A nested EPYC machine with KVM, libvirt 9.0."""
    return Capabilities.parse((CAPTURED / "capabilities-epyc-vm.xml").read_text())


def domain_capabilities() -> DomainCapabilities:
    """The same, for emulated PCs."""
    return DomainCapabilities.parse((CAPTURED / "domcaps-qemu-pc.xml").read_text())


def test_a_read_and_a_write_keep_the_document() -> None:
    assert Capabilities.parse(capabilities().to_xml()) == capabilities()
    # libvirt's own <capabilities> of this machine does not keep libvirt's schema; this one does.
    assert_valid(domain_capabilities().to_xml(), "domaincaps.rng")


def test_who_qemu_is() -> None:
    assert node.qemu_user(capabilities()) == node.QemuUser(uid=64055, gid=64055)
    assert node.qemu_user(Capabilities()) is None


def test_what_it_can_run() -> None:
    assert node.host_arch(capabilities()) == "x86_64"
    assert node.virt_types(capabilities(), "x86_64") == {"qemu", "kvm"}
    assert node.virt_types(capabilities(), "riscv64") == frozenset()
    assert node.emulator(capabilities(), "x86_64") == "/usr/bin/qemu-system-x86_64"
    assert ("x86_64", "qemu", "hvm") in node.supported_instances(capabilities())


def test_traits_are_those_that_a_guest_gets() -> None:
    traits = node.traits(domain_capabilities(), ["raw", "qcow2"])
    assert traits <= set(os_traits.get_traits())
    assert {"COMPUTE_IMAGE_TYPE_QCOW2", "COMPUTE_STORAGE_BUS_VIRTIO", "COMPUTE_NODE"} <= traits
    assert "HW_CPU_X86_SHA" not in traits  # sha-ni is disabled under emulation


def test_cpu_modes() -> None:
    found = domain_capabilities()
    assert found.cpu_mode("host-model") is not None
    assert found.cpu_mode("host-passthrough") is None
    assert (found.domain, found.machine, found.path) == ("qemu", "pc-i440fx-7.2", "/usr/bin/qemu-system-x86_64")
