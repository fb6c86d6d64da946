"""From an image's bytes to a verdict: of a file at once, or of a stream while it passes by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from micronova.imageformat import qcow2, qed, vdi, vhd, vhdx, vmdk
from micronova.imageformat.detect import detect, oslo_refusals
from micronova.imageformat.info import MAX_VIRTUAL_SIZE, ImageInfo
from micronova.imageformat.window import Truncated, Window
from micronova.model.errors import Invalid

_EXAMINE: dict[str, Callable[[Window], ImageInfo]] = {
    "qcow2": qcow2.examine,
    "qed": qed.examine,
    "vmdk": vmdk.examine,
    "vhd": vhd.examine,
    "vhdx": vhdx.examine,
    "vdi": vdi.examine,
}
# What QEMU's raw driver shows a guest byte by byte, so that no header in it means anything to the host.
_RAW = frozenset({"raw", "gpt"})
# Declared disk format -> what the bytes may be.  ami, ari and aki are raw file systems, ramdisks and kernels.
_ACCEPTED = {
    "raw": _RAW,
    "gpt": _RAW,
    "ami": _RAW,
    "ari": _RAW,
    "aki": _RAW,
    **{name: frozenset({name}) for name in ("qcow2", "qed", "vmdk", "vdi", "vhd", "vhdx", "iso", "ploop")},
}
INSPECTED_FORMATS = tuple(sorted(_ACCEPTED))


def inspect(source: Path | BinaryIO, *, max_virtual_size: int = MAX_VIRTUAL_SIZE) -> ImageInfo:
    """Look at a file, or at a seekable stream.  Never raises for what the bytes are; ``problems`` say it."""
    return _judge(Window.of(source), max_virtual_size)


def require_safe(
    source: Path | BinaryIO, declared_format: str, *, max_virtual_size: int = MAX_VIRTUAL_SIZE
) -> ImageInfo:
    """Look, and raise Invalid (naming what to change) unless the bytes are safe and what they are declared to be."""
    return check_declared(inspect(source, max_virtual_size=max_virtual_size), declared_format)


def check_declared(info: ImageInfo, declared_format: str) -> ImageInfo:
    """``info`` itself; raises Invalid unless it is safe and what it was declared to be."""
    accepted = _ACCEPTED.get(declared_format)
    if accepted is None:
        raise Invalid(f"Images with disk_format '{declared_format[:32]}' cannot be checked and are not accepted.")
    if info.format not in accepted:
        shown = "a raw disk" if info.format in _RAW else info.format
        hint = info.problems[0] if info.problems else f"set disk_format to '{_declarable(info.format)}'"
        raise Invalid(
            f"The image is declared as disk_format '{declared_format}', but its content is {shown}: {hint}.",
            code="image_format_mismatch",
        )
    if not info.safe:
        raise Invalid(f"The {declared_format} image is refused: {'; '.join(info.problems)}.", code="image_unsafe")
    return info


def _declarable(found: str) -> str:
    return "raw" if found in _RAW else found


class Inspector:
    """Looks at a stream: ``feed`` each chunk, then ``finish``.  Keeps a bounded window, never the image."""

    def __init__(self, *, max_virtual_size: int = MAX_VIRTUAL_SIZE) -> None:
        self._window = Window()
        self._max_virtual_size = max_virtual_size

    def feed(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._window.add(chunk)

    def finish(self, size: int | None = None) -> ImageInfo:
        """The verdict.  ``size``: how many bytes there should have been.  Raises Invalid if there were others."""
        if size is not None and size != self._window.size:
            raise Invalid(f"{self._window.size} bytes came instead of {size}; send the image again.")
        return _judge(self._window, self._max_virtual_size)


def _judge(window: Window, max_virtual_size: int) -> ImageInfo:
    name, problem = _one(detect(window))
    if problem:
        return ImageInfo(format=name, virtual_size=window.size, problems=(problem,))
    if name == "luks":
        why = "it is encrypted with LUKS; send the decrypted disk"
        return ImageInfo(format=name, virtual_size=window.size, encrypted=True, problems=(why,))
    examine = _EXAMINE.get(name)
    if examine is None:  # raw, gpt, iso, ploop: the guest sees the bytes as they are
        info = ImageInfo(format=name, virtual_size=window.size)
    else:
        try:
            info = examine(window)
        except Truncated:
            return ImageInfo(format=name, problems=("its header is not complete; the file is damaged",))
        # oslo knows neither fixed VHD nor why we let QED in.
        if name not in ("qed", "vhd") and info.safe:
            info = replace(
                info, problems=tuple(f"{why}; convert it with qemu-img" for why in oslo_refusals(window, name))
            )
    if info.virtual_size > max_virtual_size:
        why = f"its virtual size of {info.virtual_size} bytes is over the limit of {max_virtual_size}; shrink it"
        info = replace(info, problems=(*info.problems, why))
    return info


def _one(found: frozenset[str]) -> tuple[str, str]:
    """The one format, and why it is refused for being several."""
    if found == {"iso", "gpt"}:  # bootable from a stick, too
        return "iso", ""
    if found == {"vhd", "gpt"}:  # a fixed VHD is a raw disk and a footer
        return "vhd", ""
    if len(found) > 1:
        return "ambiguous", f"it looks like {' and '.join(sorted(found))} at once; send it in one plain format"
    (name,) = found
    if name in ("qcow", "bochs", "cloop", "dmg"):
        return name, f"{name} is not accepted; convert it with 'qemu-img convert -O qcow2'"
    return name, ""
