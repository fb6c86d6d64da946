"""``<cpu>`` as a domain asks for it and as capabilities describe it."""

from __future__ import annotations

from micronova.libvirtxml.element import Child, Children, Element, integer, string


class CpuModel(Element):
    """``<model>``: a name from libvirt's CPU map."""

    TAG = "model"
    name = string(".")
    fallback = string("@fallback")
    usable = string("@usable")
    vendor = string("@vendor")


class CpuFeature(Element):
    """``<feature>``: a flag, with a policy in a domain."""

    TAG = "feature"
    name = string("@name")
    policy = string("@policy")


class CpuTopology(Element):
    """``<topology>``."""

    TAG = "topology"
    sockets = integer("@sockets")
    dies = integer("@dies")
    cores = integer("@cores")
    threads = integer("@threads")


class Cpu(Element):
    """``<cpu>``."""

    TAG = "cpu"
    mode = string("@mode")
    match = string("@match")
    check = string("@check")
    migratable = string("@migratable")
    arch = string("arch")
    vendor = string("vendor")
    model = Child(CpuModel)
    topology = Child(CpuTopology)
    features = Children(CpuFeature)
