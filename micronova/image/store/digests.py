"""Several hashes and a file from one stream, each in its own thread: hashlib and write() let go of the GIL."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

# Per consumer; a chunk is about a MiB, and all consumers share it.
_AHEAD = 4


class _Consumer(threading.Thread):
    """Calls ``work`` with each chunk, in order; keeps the first failure for whoever feeds."""

    def __init__(self, name: str, work: Callable[[bytes], object]) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._chunks: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self.failure: BaseException | None = None

    def run(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            if self.failure is None:
                try:
                    self._work(chunk)
                except BaseException as err:  # noqa: BLE001 - handed to the feeding thread, which raises it
                    self.failure = err

    def put(self, chunk: bytes | None) -> None:
        self._chunks.put(chunk)


class Fan:
    """Feeds each chunk to sha512, md5 and ``write`` side by side; raises what ``write`` raised."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._sha512 = hashlib.sha512()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._consumers = [
            _Consumer("image-sha512", self._sha512.update),
            _Consumer("image-md5", self._md5.update),
            _Consumer("image-write", write),
        ]

    def __enter__(self) -> Self:
        for consumer in self._consumers:
            consumer.start()
        return self

    def feed(self, chunk: bytes) -> None:
        """Hand on a chunk; waits while the slowest consumer is far behind."""
        for consumer in self._consumers:
            if consumer.failure is not None:
                raise consumer.failure
            consumer.put(chunk)

    def finish(self) -> tuple[str, str]:
        """(sha512, md5) of everything, in hex, after all of it was written."""
        self._stop()
        for consumer in self._consumers:
            if consumer.failure is not None:
                raise consumer.failure
        return self._sha512.hexdigest(), self._md5.hexdigest()

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None) -> None:
        self._stop()

    def _stop(self) -> None:
        for consumer in self._consumers:
            if consumer.is_alive():
                consumer.put(None)
        for consumer in self._consumers:
            consumer.join()
