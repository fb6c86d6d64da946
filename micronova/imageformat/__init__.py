"""Our own look at a disk image's header, before QEMU sees it.  Imports nothing of ours but ``model.errors``.

    bytes -> Window (first and last bytes) -> detect (which formats?) -> examine (one module per format) -> ImageInfo

Two opinions count: ``format_inspector`` of oslo.utils (maintained since the image CVEs of 2024), and our own, stricter
parsers.  What either of them refuses is refused: deny by default (SECURITY.md section 1, T-IMG1, 2, 4, 11-14, 20).
Nothing here follows an offset outside of a bounded window, opens another file, or runs a tool.
"""

from micronova.imageformat.info import MAX_VIRTUAL_SIZE, ImageInfo
from micronova.imageformat.inspector import (
    INSPECTED_FORMATS,
    Inspector,
    check_declared,
    inspect,
    require_safe,
)

__all__ = [
    "INSPECTED_FORMATS",
    "MAX_VIRTUAL_SIZE",
    "ImageInfo",
    "Inspector",
    "check_declared",
    "inspect",
    "require_safe",
]
