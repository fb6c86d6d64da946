"""``<network>``: a network of libvirt's, with its DHCP."""

from __future__ import annotations

from micronova.libvirtxml.element import Child, Children, Element, integer, name_prefix, string, yes_no

DNSMASQ = "http://libvirt.org/schemas/network/dnsmasq/1.0"
name_prefix("dnsmasq", DNSMASQ)


class DhcpHost(Element):
    """``<host>``: one network card's fixed address."""

    TAG = "host"
    mac = string("@mac")
    name = string("@name")
    ip = string("@ip")


class NetworkIp(Element):
    """``<ip>``: the host's address in the network, and who gets which other."""

    TAG = "ip"
    family = string("@family")
    address = string("@address")
    prefix = integer("@prefix")
    hosts = Children(DhcpHost, "dhcp")


class DnsForwarder(Element):
    """``<forwarder>``: a name server to ask."""

    TAG = "forwarder"
    addr = string("@addr")


class Dns(Element):
    """``<dns>``."""

    TAG = "dns"
    enable = yes_no("@enable")
    forwarders = Children(DnsForwarder)


class DnsmasqOption(Element):
    """``<dnsmasq:option>``: a line of dnsmasq's configuration; its values must be ours, never a user's."""

    TAG = f"{{{DNSMASQ}}}option"
    value = string("@value")


class Network(Element):
    """``<network>``."""

    TAG = "network"
    name = string("name")
    uuid = string("uuid")
    forward_mode = string("forward/@mode")
    bridge = string("bridge/@name")
    bridge_stp = string("bridge/@stp")
    bridge_delay = integer("bridge/@delay")
    mac = string("mac/@address")
    mtu = integer("mtu/@size")
    domain = string("domain/@name")
    domain_local_only = yes_no("domain/@localOnly")
    dns = Child(Dns)
    ips = Children(NetworkIp)
    dnsmasq_options = Children(DnsmasqOption, f"{{{DNSMASQ}}}options")
