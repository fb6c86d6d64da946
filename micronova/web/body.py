"""Request bodies: complete and limited, or as a stream of chunks read from a thread."""

from __future__ import annotations

from collections.abc import Iterator

import anyio.from_thread
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from micronova.model.errors import Invalid, TooLarge

BATCH = 1024 * 1024


async def read_all(receive: Receive, declared: str | None, limit: int) -> bytes:
    """The whole body.  Raises TooLarge before reading more than ``limit`` bytes."""
    if declared is not None and (not declared.isdigit() or int(declared) > limit):
        raise TooLarge(f"The request body must not be larger than {limit} bytes.")
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The request body must not be larger than {limit} bytes.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def stream(receive: Receive) -> Iterator[bytes]:
    """Chunks of the body, for a handler in a worker thread.  A client that goes away raises Invalid.

    Small chunks are joined to about BATCH bytes, so that a thread is woken per batch and not per packet.
    """
    more = True
    while more:
        chunk, more = anyio.from_thread.run(_receive_batch, receive)
        if chunk:
            yield chunk


async def _receive_batch(receive: Receive) -> tuple[bytes, bool]:
    chunks, size = [], 0
    while size < BATCH:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("The client went away before the end of the body.", code="client_gone")
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks), False
    return b"".join(chunks), True
