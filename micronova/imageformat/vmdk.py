"""VMDK: the sparse header and the descriptor inside of it; little-endian.

Only what keeps everything in one file: ``monolithicSparse`` and ``streamOptimized``.  A descriptor is a list of files
to open, so each of its lines must be one that we know, and its one extent must be a plain name (T-IMG12).
"""

from __future__ import annotations

import re

from micronova.imageformat.info import ImageInfo
from micronova.imageformat.window import Window

_SECTOR = 512
_AT_END = 0xFFFFFFFFFFFFFFFF
_ALLOWED = {"monolithicsparse": "monolithicSparse", "streamoptimized": "streamOptimized"}
_MAX_DESCRIPTOR = 64 * 1024
_CONVERT = "convert it with 'qemu-img convert -O vmdk -o subformat=streamOptimized'"

_EXTENT = re.compile(r'(?:rw|rdonly|noaccess) \d{1,20} (\w+) "([^"/\\:]{1,255})"(?: 0)?', re.I)
_FIELD = re.compile(r"([a-z][\w.]{0,63})\s*=\s*(.*)", re.I)
_FIELDS = {"version", "encoding", "cid", "parentcid", "createtype", "isnativesnapshot", "changetrackpath"}


def examine(window: Window) -> ImageInfo:
    """What header, descriptor and footer say.  Raises Truncated if they are not complete."""
    if not window.starts_with(b"KDMV"):
        # A descriptor on its own, or an old ESX extent: both only make sense with further files beside them.
        text = window.head[:_MAX_DESCRIPTOR].split(b"\x00", 1)[0].decode("latin-1")
        kind = _create_type(text) or "descriptor"
        return ImageInfo(
            format="vmdk",
            create_type=kind[:64],
            data_file=True,
            problems=(f"it is a VMDK that refers to other files; {_CONVERT}",),
        )
    version, _flags, capacity, _grain, at_sector, sectors = window.unpack("<IIQQQQ", 4)
    (gd_offset,) = window.unpack("<Q", 56)
    problems: list[str] = []
    if version not in (1, 2, 3):
        problems.append(f"VMDK version {version} is unknown; {_CONVERT}")
    if capacity == 0:
        # QEMU then takes the file for a text descriptor, and opens what that names.
        problems.append(f"its header gives no capacity; {_CONVERT}")
    create_type = ""
    if at_sector != 1 or not 0 < sectors <= _MAX_DESCRIPTOR // _SECTOR:
        problems.append(f"its descriptor is not where it belongs; {_CONVERT}")
    else:
        raw = window.bytes_at(_SECTOR, sectors * _SECTOR).split(b"\x00", 1)[0]
        if not raw.isascii():
            problems.append(f"its descriptor is not plain text; {_CONVERT}")
        text = raw.decode("latin-1")
        create_type = _create_type(text)
        problems += _descriptor_problems(text, create_type)
    if gd_offset == _AT_END:
        problems += _footer_problems(window)
    return ImageInfo(
        format="vmdk",
        virtual_size=capacity * _SECTOR,
        create_type=_ALLOWED.get(create_type.lower(), create_type)[:64],
        backing_file=any("parent" in problem for problem in problems),
        data_file=any("extent" in problem for problem in problems),
        problems=tuple(problems),
    )


def _create_type(text: str) -> str:
    found = re.search(r'^[ \t]*createtype[ \t]*=[ \t]*"([^"\n]{0,64})"', text, re.I | re.M)
    return found[1] if found else ""


def _descriptor_problems(text: str, create_type: str) -> list[str]:
    problems: list[str] = []
    if create_type.lower() not in _ALLOWED:
        shown = "".join(c for c in create_type if c.isprintable())[:64]
        problems.append(f"VMDK create type '{shown}' is not monolithicSparse or streamOptimized; {_CONVERT}")
    extents = 0
    seen: set[str] = set()
    for line in (line.strip() for line in re.split(r"[\r\n]", text)):
        if not line or line.startswith("#"):
            continue
        if line.split(" ", 1)[0].lower() in ("rw", "rdonly", "noaccess"):
            extents += 1
            extent = _EXTENT.fullmatch(line)
            if extent is None or extent[1].lower() != "sparse" or extent[2] in (".", ".."):
                problems.append(f"its descriptor has an extent that is not a plain sparse one; {_CONVERT}")
            continue
        field = _FIELD.fullmatch(line)
        name = field[1].lower() if field else ""
        if field is None or (name not in _FIELDS and not name.startswith("ddb.")):
            what = "names a parent" if name.startswith("parent") else "has a line that is not understood"
            problems.append(f"its descriptor {what}; {_CONVERT}")
        elif name in seen and name in _FIELDS:
            problems.append(f"its descriptor says {name} twice; {_CONVERT}")
        elif name == "parentcid" and field[2].strip().lower() != "ffffffff":
            problems.append(f"its descriptor names a parent; {_CONVERT}")
        seen.add(name)
        if len(problems) > 8:
            break
    if extents != 1:
        problems.append(f"its descriptor names {extents} extents instead of one; {_CONVERT}")
    return problems


def _footer_problems(window: Window) -> list[str]:
    """A footer replaces the header, so but for the grain directories it must say the same."""
    if len(window.tail) < 3 * _SECTOR:
        return [f"its footer is missing; {_CONVERT}"]
    mark, footer, end = (window.tail[-n * _SECTOR :][:_SECTOR] for n in (3, 2, 1))
    header = window.bytes_at(0, _SECTOR)
    directories = slice(48, 64)
    same = footer[:48] == header[:48] and footer[64:] == header[64:]
    if not same or footer[directories][8:] == b"\xff" * 8:
        return [f"its footer does not agree with its header; {_CONVERT}"]
    if mark[8:16] != b"\x00\x00\x00\x00\x03\x00\x00\x00" or any(mark[16:]) or any(end):
        return [f"its footer is damaged; {_CONVERT}"]
    return []
