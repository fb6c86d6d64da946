"""What this host promised its ports, on disk, so that filters come back after a reboot and the audit can count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from micronova.host.atomic_file import write_atomically
from micronova.host.interface import Nic
from micronova.model.ids import PortId, ServerId, is_uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRecord:
    """A port that was made ready here, and for whom."""

    server_id: ServerId
    nic: Nic


class PortRecords:
    """A folder with one file for each port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make the folder."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, record: PortRecord) -> None:
        """Write the port's file, or replace it."""
        write_atomically(self._path(record.nic.port_id), msgspec.json.encode(record))

    def remove(self, port_id: PortId) -> None:
        """Remove the port's file, there or not."""
        self._path(port_id).unlink(missing_ok=True)

    def ids(self) -> frozenset[PortId]:
        """All ports that have a file."""
        return frozenset(PortId(path.stem) for path in self._folder.glob("*.json") if is_uuid(path.stem))

    def read(self) -> Iterator[tuple[PortId, PortRecord | None]]:
        """All ports; None for one whose file cannot be read."""
        for port_id in sorted(self.ids()):
            try:
                yield port_id, msgspec.json.decode(self._path(port_id).read_bytes(), type=PortRecord)
            except (OSError, msgspec.DecodeError):
                yield port_id, None

    def _path(self, port_id: PortId) -> Path:
        if not is_uuid(port_id):
            raise ValueError(f"not a port id: {port_id!r}")
        return self._folder / f"{port_id}.json"
