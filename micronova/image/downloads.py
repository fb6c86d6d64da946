"""An image's bytes go out: whole or one range of them, read in threads, a chunk in memory at a time."""

from __future__ import annotations

import re
from typing import BinaryIO

import anyio
from starlette.types import Receive, Scope, Send

from micronova.image.records import Image
from micronova.model.errors import RangeNotSatisfiable
from micronova.web.response import Response

CHUNK = 1024 * 1024
_RANGE = re.compile(r"bytes=(\d{0,20})-(\d{0,20})")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(first byte, length) of a Range header; None without one.  Raises RangeNotSatisfiable.

    One range only, as Glance: a list of them is refused.
    """
    if header is None:
        return None
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or not (match[1] or match[2]):
        raise RangeNotSatisfiable(f"The Range header {header[:64]!r} is not one range of bytes.")
    if match[1]:
        first = int(match[1])
        last = min(int(match[2]), size - 1) if match[2] else size - 1
    else:
        first, last = max(0, size - int(match[2])), size - 1
    if first >= size or last < first:
        raise RangeNotSatisfiable(f"The range {header[:64]!r} is not inside of the image's {size} bytes.")
    return first, last - first + 1


class ImageDownload(Response):
    """Streams an open file; closes it at the end, also when the client goes away."""

    def __init__(self, image: Image, file: BinaryIO, part: tuple[int, int] | None) -> None:
        size = image.size or 0
        first, self._length = part or (0, size)
        headers = {"Content-Length": str(self._length), "Accept-Ranges": "bytes"}
        if part is not None:
            headers["Content-Range"] = f"bytes {first}-{first + self._length - 1}/{size}"
        elif image.checksum:
            headers["Content-MD5"] = image.checksum
        super().__init__(b"", 206 if part is not None else 200, headers=headers, media_type="application/octet-stream")
        self._file = file
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
                return
            left = self._length
            self._file.seek(self._first)
            while left:
                chunk = await anyio.to_thread.run_sync(self._file.read, min(CHUNK, left))
                if not chunk:  # the file is shorter than the row says: the client sees a cut answer
                    break
                left -= len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._file.close()
