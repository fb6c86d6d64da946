"""QED: the header, as docs/interop/qed_spec.txt of QEMU has it; little-endian.

oslo.utils bans QED, because nobody maintains a check for it.  We let it in for conversion only: no feature bit may be
set, so no backing file, and QEMU opens it only confined, never for a guest (DESIGN.md 7.2, T-IMG20).
"""

from __future__ import annotations

from micronova.imageformat.info import ImageInfo
from micronova.imageformat.window import Window

_BACKING_FILE, _NEED_CHECK, _NO_PROBE = 1, 2, 4


def examine(window: Window) -> ImageInfo:
    """What the header says.  Raises Truncated if the header is not complete."""
    cluster, table_clusters, header_clusters, features = window.unpack("<IIIQ", 4)
    l1_offset, size, backing_offset, backing_size = window.unpack("<QQII", 40)
    problems: list[str] = []
    backing = bool(features & (_BACKING_FILE | _NO_PROBE)) or backing_offset != 0 or backing_size != 0
    if backing:
        problems.append("it has a backing file; make a self-contained copy with 'qemu-img convert -O qcow2'")
    if features & _NEED_CHECK:
        problems.append("it was not closed cleanly; repair it with 'qemu-img check -r all'")
    unknown = features & ~(_BACKING_FILE | _NEED_CHECK | _NO_PROBE)
    if unknown:
        problems.append(f"it uses unknown features ({unknown:#x}); convert it with 'qemu-img convert -O qcow2'")
    if (
        not 4096 <= cluster <= 1 << 26
        or cluster & (cluster - 1)
        or table_clusters not in (1, 2, 4, 8, 16)
        or header_clusters == 0
        or header_clusters > 16
        or l1_offset % cluster
        or l1_offset + table_clusters * cluster > window.size
        or size % 512
        or size > cluster * (cluster * table_clusters // 8) ** 2
    ):
        problems.append("its header has impossible values; the file is damaged")
    return ImageInfo(
        format="qed",
        virtual_size=size,
        backing_file=backing,
        unknown_features=unknown,
        convert_only=True,
        problems=tuple(problems),
    )
