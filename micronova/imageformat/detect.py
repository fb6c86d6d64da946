"""Which formats an image's bytes could be taken for: oslo.utils' opinion and ours, together."""

from __future__ import annotations

import io
import logging
import struct

from oslo_utils.imageutils import format_inspector as oslo

from micronova.imageformat.window import TAIL, Window

# oslo logs warnings and errors for bytes that anybody may send; what matters comes back to the sender.
logging.getLogger(oslo.__name__).setLevel(logging.CRITICAL)

_CHUNK = 64 * 1024
VHD_COOKIE = b"conectix"
VHD_FOOTER = 512
_QCOW_1 = b"QFI\xfb\x00\x00\x00\x01"
# What foreign bytes may make oslo's parsers raise; each of them means: not a format that we let in.
_PARSER_ERRORS = (oslo.ImageFormatError, AttributeError, ValueError, LookupError, TypeError, struct.error)

_MAGICS: tuple[tuple[bytes, str], ...] = (
    (b"QFI\xfb", "qcow2"),
    (b"QED\x00", "qed"),
    (b"KDMV", "vmdk"),
    (b"COWD", "vmdk"),
    (VHD_COOKIE, "vhd"),
    (b"vhdxfile", "vhdx"),
    (b"LUKS\xba\xbe", "luks"),
    (b"SKUL\xba\xbe", "luks"),
    (b"WithoutFreeSpace", "ploop"),
    (b"WithouFreSpacExt", "ploop"),
    (b"Bochs Virtual HD Image", "bochs"),
    (b"#!/bin/sh\n#V2.0 Format\n", "cloop"),
)
_TEXT_LOOKED_AT = 16 * 1024


def detect(window: Window) -> frozenset[str]:
    """All formats that the bytes match; ``{"raw"}`` when they match none."""
    found = _by_oslo(window) | _by_magic(window)
    if window.starts_with(_QCOW_1):
        found = found - {"qcow2"} | {"qcow"}
    return frozenset(found) or frozenset({"raw"})


def oslo_refusals(window: Window, name: str) -> tuple[str, ...]:
    """What oslo.utils' own safety checks for the format ``name`` say against the image; empty if nothing."""
    for inspector in _inspectors(window):
        if name == inspector.NAME:
            try:
                inspector.safety_check()
            except oslo.SafetyCheckFailed as err:
                return tuple(f"{check}: {why}" for check, why in err.failures.items())
            except _PARSER_ERRORS as err:
                return (f"the header cannot be understood: {err}",)
            return ()
    return ("the header cannot be understood",)


def _by_oslo(window: Window) -> set[str]:
    return {inspector.NAME for inspector in _inspectors(window)}


def _inspectors(window: Window) -> list[oslo.FileInspector]:
    """oslo's inspectors that recognise the window's bytes, fed to their end."""
    head = window.head
    matching = []
    for kind in oslo.ALL_FORMATS.values():
        if kind.NAME == "raw":
            continue
        inspector = kind()
        try:
            stream = io.BytesIO(head)
            while chunk := stream.read(_CHUNK):
                inspector.eat_chunk(chunk)
            # Of what is not in the window only the end matters to any of them (VMDK's footer).
            if window.size > len(head):
                inspector.eat_chunk(window.tail[-min(TAIL, window.size - len(head)) :])
            inspector.finish()
            if inspector.format_match:
                matching.append(inspector)
        except _PARSER_ERRORS:
            continue
    return matching


def _by_magic(window: Window) -> set[str]:
    found = {name for magic, name in _MAGICS if window.starts_with(magic)}
    if window.size > VHD_FOOTER and window.tail[-VHD_FOOTER:].startswith(VHD_COOKIE):
        found.add("vhd")
    if window.tail[-VHD_FOOTER:].startswith(b"koly"):
        found.add("dmg")
    start = window.head[:_TEXT_LOOKED_AT]
    text = start.split(b"\x00", 1)[0]
    if _is_vmdk_text(text):
        found.add("vmdk")
    if window.size >= 0x44 and len(start) >= 0x44 and start[0x40:0x44] == b"\x7f\x10\xda\xbe":
        found.add("vdi")
    return found


def _is_vmdk_text(text: bytes) -> bool:
    """Whether QEMU could take text at the start for a VMDK descriptor, which names other files (T-IMG12)."""
    lower = text.lower()
    if b"createtype" in lower:
        return True
    for line in lower.split(b"\n"):
        words = line.strip()
        if words.startswith(b"#"):
            if b"disk descriptorfile" in words:
                return True
        elif words:
            return words.replace(b" ", b"").startswith(b"version=")
    return False
