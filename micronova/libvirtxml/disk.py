"""``<disk>``: a guest's disk, with its backing chain."""

from __future__ import annotations

from micronova.libvirtxml.element import Child, Children, Element, Flag, Value, integer, string, yes_no


class SecLabel(Element):
    """``<seclabel>`` of a source: here to keep libvirt's hands off the owner of a shared file."""

    TAG = "seclabel"
    model = string("@model")
    relabel = yes_no("@relabel")


class BackingStore(Element):
    """``<backingStore>``: the next file down; an empty one ends the chain and keeps libvirt from probing."""

    TAG = "backingStore"
    type = string("@type")
    format = string("format/@type")
    source_file = string("source/@file")
    source_labels = Children(SecLabel, "source")
    next: Child[BackingStore]


BackingStore.next = Child(BackingStore)


class Disk(Element):
    """``<disk>``."""

    TAG = "disk"
    type = string("@type")
    device = string("@device")
    driver_name = string("driver/@name")
    driver_type = string("driver/@type")
    driver_cache = string("driver/@cache")
    driver_io = string("driver/@io")
    driver_discard = string("driver/@discard")
    source_file = string("source/@file")
    source_dev = string("source/@dev")
    source_labels = Children(SecLabel, "source")
    backing_store = Child(BackingStore)
    target_dev = string("target/@dev")
    target_bus = string("target/@bus")
    serial: Value[str] = string("serial")
    boot_order = integer("boot/@order")
    readonly = Flag("readonly")
    shareable = Flag("shareable")
    alias = string("alias/@name")
