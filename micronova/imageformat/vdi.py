"""VDI (VirtualBox): the header, in the form 1.1 that QEMU reads; little-endian."""

from __future__ import annotations

from micronova.imageformat.info import ImageInfo
from micronova.imageformat.window import Window

_DYNAMIC, _STATIC = 1, 2
_NAMES = {_DYNAMIC: "dynamic", _STATIC: "static"}
_MIB = 1024 * 1024
_CONVERT = "convert it with 'qemu-img convert -O vdi'"


def examine(window: Window) -> ImageInfo:
    """What the header says.  Raises Truncated if the header is not complete."""
    version, _length, kind = window.unpack("<III", 0x44)
    (sector,) = window.unpack("<I", 0x168)
    size, block, _extra, blocks = window.unpack("<QIII", 0x170)
    link, parent = window.bytes_at(0x1A8, 16), window.bytes_at(0x1B8, 16)
    problems: list[str] = []
    if version != 0x00010001:
        problems.append(f"VDI version {version >> 16}.{version & 0xFFFF} is not 1.1; {_CONVERT}")
    if kind not in _NAMES:
        problems.append(f"its VDI type {kind} is not dynamic or static; {_CONVERT}")
    backing = any(link) or any(parent)
    if backing:
        problems.append(f"it is a difference to another VDI; {_CONVERT}")
    if sector != 512 or block != _MIB or blocks * block < size:
        problems.append("its header has impossible values; the file is damaged")
    return ImageInfo(
        format="vdi",
        virtual_size=size,
        backing_file=backing,
        create_type=_NAMES.get(kind, ""),
        problems=tuple(problems),
    )
