"""The first and the last bytes of an image: all that we ever look at, and all that is kept of a stream."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Any, BinaryIO

# VMDK descriptors end before 1 MiB + 512; everything else but VHDX is known after 34 KiB.
HEAD = 1024 * 1024 + 64 * 1024
# VHDX keeps its metadata behind a table that grows with the disk: 3 MiB for small ones, 11 MiB for 8 TiB.
HEAD_VHDX = 16 * 1024 * 1024
VHDX_MAGIC = b"vhdxfile"
TAIL = 4096


class Truncated(Exception):
    """A header points outside of the window, or the file ends too early."""


class Window:
    """``head``: the bytes from the start, at most HEAD (VHDX: HEAD_VHDX); ``tail``: the last ones, at most TAIL."""

    def __init__(self) -> None:
        self._head = bytearray()
        self.tail = b""
        self.size = 0
        self._limit = HEAD

    @property
    def head(self) -> bytes:
        """A copy of the kept start of the image."""
        return bytes(self._head)

    def add(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes of a stream."""
        self.size += len(chunk)
        if len(self._head) < self._limit:
            self._head += chunk[: self._limit - len(self._head)]
            if self._limit == HEAD and self._head.startswith(VHDX_MAGIC):
                self._limit = HEAD_VHDX
                # What of this chunk did not fit the small window fits the large one.
                kept = len(self._head) - (self.size - len(chunk))
                self._head += chunk[kept : kept + HEAD_VHDX - len(self._head)]
        if len(chunk) >= TAIL:
            self.tail = bytes(chunk[-TAIL:])
        else:
            self.tail = (self.tail + bytes(chunk))[-TAIL:]

    @classmethod
    def of(cls, source: Path | BinaryIO) -> Window:
        """The window on a file; reads only the window's bytes.  A given stream must be seekable."""
        if isinstance(source, Path):
            with source.open("rb") as stream:
                return cls.of(stream)
        window = cls()
        size = source.seek(0, io.SEEK_END)
        source.seek(0, os.SEEK_SET)
        start = source.read(len(VHDX_MAGIC))
        limit = HEAD_VHDX if start == VHDX_MAGIC else HEAD
        window._limit = limit
        window._head += start
        while len(window._head) < limit and (chunk := source.read(limit - len(window._head))):
            window._head += chunk
        source.seek(max(0, size - TAIL), os.SEEK_SET)
        window.tail = source.read(TAIL)
        window.size = size
        return window

    def unpack(self, form: str, offset: int) -> tuple[Any, ...]:
        """``struct.unpack`` at an offset of the head.  Raises Truncated outside of it."""
        length = struct.calcsize(form)
        if offset < 0 or offset + length > len(self._head):
            raise Truncated(f"{length} bytes at {offset}")
        return struct.unpack_from(form, self._head, offset)

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Bytes of the head.  Raises Truncated outside of it."""
        if offset < 0 or length < 0 or offset + length > len(self._head):
            raise Truncated(f"{length} bytes at {offset}")
        return bytes(self._head[offset : offset + length])

    def starts_with(self, magic: bytes) -> bool:
        """Whether the image begins with ``magic``."""
        return self._head.startswith(magic)
