"""VHD (QEMU's ``vpc``): the footer, which dynamic disks repeat at their start; big-endian."""

from __future__ import annotations

import struct

from micronova.imageformat.detect import VHD_COOKIE, VHD_FOOTER
from micronova.imageformat.info import ImageInfo
from micronova.imageformat.window import Truncated, Window

_FIXED, _DYNAMIC, _DIFFERENCING = 2, 3, 4
_NAMES = {_FIXED: "fixed", _DYNAMIC: "dynamic", _DIFFERENCING: "differencing"}


def examine(window: Window) -> ImageInfo:
    """What the footer says.  Raises Truncated if it is not complete."""
    at_start = window.starts_with(VHD_COOKIE)
    footer = window.bytes_at(0, VHD_FOOTER) if at_start else window.tail[-VHD_FOOTER:]
    if len(footer) < VHD_FOOTER:
        raise Truncated("VHD footer")
    (size,) = struct.unpack_from(">Q", footer, 48)
    kind, checksum = struct.unpack_from(">II", footer, 60)
    problems: list[str] = []
    if kind == _DIFFERENCING:
        problems.append("it is a differencing VHD with a parent; convert it with 'qemu-img convert -O vpc'")
    elif kind not in (_FIXED, _DYNAMIC) or (kind == _FIXED) == at_start:
        problems.append(f"its VHD type {kind} is not fixed or dynamic; convert it with 'qemu-img convert -O vpc'")
    if checksum != ~(sum(footer[:64]) + sum(footer[68:])) & 0xFFFFFFFF:
        problems.append("the checksum of its footer is wrong; the file is damaged")
    if kind == _DYNAMIC and at_start:
        (at,) = window.unpack(">Q", 16)
        if at % VHD_FOOTER or window.bytes_at(at, 8) != b"cxsparse":
            problems.append("its dynamic header is not where it belongs; the file is damaged")
        elif any(window.bytes_at(at + 40, 16)):
            problems.append("it names a parent; convert it with 'qemu-img convert -O vpc'")
    return ImageInfo(
        format="vhd",
        virtual_size=size,
        backing_file=kind == _DIFFERENCING,
        create_type=_NAMES.get(kind, ""),
        problems=tuple(problems),
    )
