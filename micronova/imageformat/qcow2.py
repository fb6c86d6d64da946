"""QCOW2: the header and its extensions, as docs/interop/qcow2.txt of QEMU has them; big-endian."""

from __future__ import annotations

from micronova.imageformat.info import ImageInfo
from micronova.imageformat.window import Window

_V2_LENGTH, _V3_LENGTH = 72, 104
_DIRTY, _CORRUPT, _DATA_FILE, _COMPRESSION = 1, 2, 4, 8
_KNOWN_INCOMPATIBLE = _DIRTY | _CORRUPT | _DATA_FILE | _COMPRESSION

_END, _FEATURE_NAMES = 0x00000000, 0x6803F857
_BACKING_FORMAT, _ENCRYPTION, _DATA_FILE_NAME, _BITMAPS = 0xE2792ACA, 0x0537BE77, 0x44415441, 0x23852875
_EXTENSION_PROBLEMS = {
    _BACKING_FORMAT: "names the format of a backing file",
    _ENCRYPTION: "has an encryption header",
    _DATA_FILE_NAME: "names an external data file",
    _BITMAPS: "has persistent bitmaps",
}
_FLATTEN = "make a self-contained copy with 'qemu-img convert -O qcow2'"
_MAX_EXTENSIONS = 64
_MAX_L1 = 32 * 1024 * 1024 // 8  # as QEMU's QCOW_MAX_L1_SIZE
_MAX_REFCOUNT_BYTES = 8 * 1024 * 1024


def examine(window: Window) -> ImageInfo:
    """What the header says.  Raises Truncated if the header is not complete."""
    (version, backing_offset, backing_size, cluster_bits, size, crypt, l1_size, l1_offset) = window.unpack(
        ">IQIIQIIQ", 4
    )
    (refcount_offset, refcount_clusters, snapshots) = window.unpack(">QII", 48)
    problems: list[str] = []
    incompatible, length, refcount_order, compression = 0, _V2_LENGTH, 4, 0
    if version == 3:
        incompatible, _compatible, _autoclear, refcount_order, length = window.unpack(">QQQII", 72)
    elif version != 2:
        problems.append(f"qcow2 version {version} is unknown; use 'qemu-img convert -O qcow2'")
    if length > _V3_LENGTH:
        (compression,) = window.unpack(">B", _V3_LENGTH)

    backing = backing_offset != 0 or backing_size != 0
    data_file = bool(incompatible & _DATA_FILE)
    if backing:
        problems.append(f"it has a backing file; {_FLATTEN}")
    if data_file:
        problems.append(f"it keeps its data in an external data file; {_FLATTEN}")
    if crypt:
        problems.append(f"it is encrypted; {_FLATTEN}")
    if incompatible & (_DIRTY | _CORRUPT):
        problems.append("it is marked dirty or corrupt; repair it with 'qemu-img check -r all'")
    unknown = incompatible & ~_KNOWN_INCOMPATIBLE
    if unknown:
        problems.append(f"it uses unknown or unsupported incompatible features ({unknown:#x}); {_FLATTEN}")
    if compression > 1 or bool(compression) != bool(incompatible & _COMPRESSION):
        problems.append(f"its compression type {compression} is unknown; {_FLATTEN}")

    cluster = 1 << cluster_bits if 9 <= cluster_bits <= 21 else 0
    if not cluster:
        problems.append(f"its cluster size 2^{cluster_bits} is not possible; the file is damaged")
    elif l1_offset + 8 * l1_size > window.size or refcount_offset > window.size:
        problems.append("it ends before its tables; the file is cut off")
    elif not _geometry_is_possible(cluster, size, l1_size, l1_offset, refcount_offset, refcount_clusters):
        problems.append("its tables cannot be where the header says; the file is damaged")
    elif not (length == _V2_LENGTH if version == 2 else _V3_LENGTH <= length <= min(cluster, 512) and length % 8 == 0):
        problems.append(f"its header is {length} bytes long, which is not possible; the file is damaged")
    else:
        found, more = _extensions(window, length, cluster)
        problems += found
        data_file = data_file or more
    if refcount_order > 6 or snapshots > 65536:
        problems.append("its header has impossible values; the file is damaged")
    return ImageInfo(
        format="qcow2",
        virtual_size=size,
        backing_file=backing,
        data_file=data_file,
        encrypted=crypt != 0,
        unknown_features=unknown,
        create_type=f"v{version}",
        problems=tuple(problems),
    )


def _geometry_is_possible(
    cluster: int, size: int, l1_size: int, l1_offset: int, refcount_offset: int, refcount_clusters: int
) -> bool:
    """The limits within which QEMU opens the file, in bytes and entries."""
    covered = cluster * (cluster // 8)  # by one entry of the L1 table
    return (
        l1_size <= _MAX_L1
        and l1_size * covered >= size
        and (l1_offset % cluster == 0 and refcount_offset % cluster == 0)
        and refcount_clusters * cluster <= _MAX_REFCOUNT_BYTES
        and l1_offset < 1 << 56
        and refcount_offset < 1 << 56
    )


def _extensions(window: Window, at: int, cluster: int) -> tuple[list[str], bool]:
    """Problems with the header extensions, and whether one names a data file."""
    problems: list[str] = []
    data_file = False
    for _ in range(_MAX_EXTENSIONS):
        # They end with the first cluster; a header that fills it needs no end mark.
        if at + 8 > min(cluster, window.size):
            return problems, data_file
        kind, length = window.unpack(">II", at)
        if kind == _END:
            return problems, data_file
        if length > cluster or at + 8 + length > cluster:
            return [*problems, "a header extension is longer than the header; the file is damaged"], data_file
        data_file = data_file or kind == _DATA_FILE_NAME
        if kind != _FEATURE_NAMES:
            what = _EXTENSION_PROBLEMS.get(kind, f"has an unknown header extension {kind:#010x}")
            problems.append(f"it {what}; {_FLATTEN}")
        at += 8 + (length + 7) // 8 * 8
    return [*problems, "it has too many header extensions; the file is damaged"], data_file
