"""VHDX: region table, metadata table, and the two items that matter; little-endian ([MS-VHDX])."""

from __future__ import annotations

from uuid import UUID

from micronova.imageformat.info import ImageInfo
from micronova.imageformat.window import Window

_REGION_TABLES = (192 * 1024, 256 * 1024)
_BAT = UUID("2dc27766-f623-4200-9d64-115e9bfd4a08").bytes_le
_METADATA = UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le
_FILE_PARAMETERS = UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b").bytes_le
_VIRTUAL_SIZE = UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8").bytes_le
_KNOWN_ITEMS = {
    _FILE_PARAMETERS,
    _VIRTUAL_SIZE,
    UUID("beca12ab-b2e6-4523-93ef-c309e000c746").bytes_le,  # page 83 data: the disk's own id
    UUID("8141bf1d-a96f-4709-ba47-f233a8faab5f").bytes_le,  # logical sector size
    UUID("cda348c7-445d-4471-9cc9-e9885251c556").bytes_le,  # physical sector size
}
_PARENT_LOCATOR = UUID("a8d35f2d-b30b-454d-abf7-d3d84834ab0c").bytes_le
_HAS_PARENT = 2
_MAX_ENTRIES = 2047
_CONVERT = "convert it with 'qemu-img convert -O vhdx'"


def examine(window: Window) -> ImageInfo:
    """What the metadata says.  Raises Truncated if it is not in the window."""
    problems: list[str] = []
    tables = [_regions(window, at, problems) for at in _REGION_TABLES]
    if tables[0] != tables[1]:
        problems.append("its two region tables differ; the file is damaged")
    metadata = tables[0].get(_METADATA)
    if metadata is None or _BAT not in tables[0]:
        problems.append("its region table lacks what a VHDX needs; the file is damaged")
        return ImageInfo(format="vhdx", problems=tuple(problems))
    items = _items(window, metadata, problems)
    size, parent = 0, _PARENT_LOCATOR in items
    if _VIRTUAL_SIZE in items:
        (size,) = window.unpack("<Q", items[_VIRTUAL_SIZE])
    else:
        problems.append("it has no virtual size; the file is damaged")
    if _FILE_PARAMETERS in items:
        _block, flags = window.unpack("<II", items[_FILE_PARAMETERS])
        parent = parent or bool(flags & _HAS_PARENT)
    else:
        problems.append("it has no file parameters; the file is damaged")
    if parent:
        problems.append(f"it is a differencing VHDX with a parent; {_CONVERT}")
    unknown = sum(1 for item in items if item not in _KNOWN_ITEMS and item != _PARENT_LOCATOR)
    if unknown:
        problems.append(f"it has {unknown} unknown metadata items; {_CONVERT}")
    return ImageInfo(
        format="vhdx",
        virtual_size=size,
        backing_file=parent,
        unknown_features=unknown,
        problems=tuple(problems),
    )


def _regions(window: Window, at: int, problems: list[str]) -> dict[bytes, int]:
    """Region id -> offset in the file."""
    signature, _checksum, count = window.unpack("<4sII", at)
    if signature != b"regi" or count > _MAX_ENTRIES:
        problems.append("its region table is damaged")
        return {}
    regions: dict[bytes, int] = {}
    for n in range(count):
        guid, offset, _length, _required = window.unpack("<16sQII", at + 16 + 32 * n)
        if guid in regions or guid not in (_BAT, _METADATA):
            problems.append(f"its region table has an unknown or repeated entry; {_CONVERT}")
            return regions
        regions[guid] = offset
    return regions


def _items(window: Window, at: int, problems: list[str]) -> dict[bytes, int]:
    """Metadata item id -> offset in the file."""
    signature, _reserved, count = window.unpack("<8sHH", at)
    if signature != b"metadata" or count > _MAX_ENTRIES:
        problems.append("its metadata table is damaged")
        return {}
    items: dict[bytes, int] = {}
    for n in range(count):
        guid, offset, _length, _flags = window.unpack("<16sIII", at + 32 + 32 * n)
        if guid in items:
            problems.append("its metadata table repeats an item; the file is damaged")
            break
        items[guid] = at + offset
    return items
