"""What this host keeps for ports and networks, on disk: filters come back after a reboot, and the audit can count.

Several micronovas may share one libvirt and one kernel: what has no record in this state folder is another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from micronova.host.atomic_file import write_atomically
from micronova.host.interface import Nic
from micronova.model.ids import ServerId, is_uuid

Id = TypeVar("Id", bound=str)
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRecord:
    """A port that was made ready here, and for whom."""

    server_id: ServerId
    nic: Nic


class Records(Generic[Id, Record]):
    """A folder with one file for each id.  ``as_id`` makes the id of a file's name."""

    def __init__(self, folder: Path, kind: type[Record], as_id: Callable[[str], Id]) -> None:
        self._folder = folder
        self._decoder = msgspec.json.Decoder(kind)
        self._as_id = as_id

    def prepare(self) -> None:
        """Make the folder."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, owner: Id, record: Record) -> None:
        """Write the file, or replace it."""
        write_atomically(self._path(owner), msgspec.json.encode(record))

    def remove(self, owner: Id) -> None:
        """Remove the file, there or not."""
        self._path(owner).unlink(missing_ok=True)

    def has(self, owner: Id) -> bool:
        """Whether there is a file."""
        return self._path(owner).exists()

    def ids(self) -> frozenset[Id]:
        """All that have a file."""
        return frozenset(self._as_id(path.stem) for path in self._folder.glob("*.json") if is_uuid(path.stem))

    def read(self) -> Iterator[tuple[Id, Record | None]]:
        """All; None for one whose file cannot be read."""
        for owner in sorted(self.ids()):
            try:
                yield owner, self._decoder.decode(self._path(owner).read_bytes())
            except (OSError, msgspec.DecodeError):
                yield owner, None

    def _path(self, owner: Id) -> Path:
        if not is_uuid(owner):
            raise ValueError(f"not an id: {owner!r}")
        return self._folder / f"{owner}.json"
