"""``<interface>``: a guest's network card."""

from __future__ import annotations

from micronova.libvirtxml.element import Child, Children, Element, integer, string


class FilterParameter(Element):
    """``<parameter>`` of a filter reference."""

    TAG = "parameter"
    name = string("@name")
    value = string("@value")


class FilterRef(Element):
    """``<filterref>``: a network filter of libvirt's, with parameters."""

    TAG = "filterref"
    filter = string("@filter")
    parameters = Children(FilterParameter)


class Interface(Element):
    """``<interface>``: of type ``network``, ``bridge`` or ``user``."""

    TAG = "interface"
    type = string("@type")
    mac = string("mac/@address")
    source_network = string("source/@network")
    source_bridge = string("source/@bridge")
    target_dev = string("target/@dev")
    model = string("model/@type")
    backend_type = string("backend/@type")
    driver_name = string("driver/@name")
    driver_queues = integer("driver/@queues")
    filterref = Child(FilterRef)
    mtu = integer("mtu/@size")
    link_state = string("link/@state")
    boot_order = integer("boot/@order")
    rom_enabled = string("rom/@enabled")
    alias = string("alias/@name")
