"""Which disks a server has here: written when they are made, so that nothing is ever found out by probing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from micronova.host.atomic_file import write_atomically
from micronova.host.interface import Disk, DiskRole
from micronova.host.platform.sources import FileChain
from micronova.model.errors import OurFault

_NAME = "disks.json"

Key = tuple[DiskRole, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskRecord:
    """A disk that was made, with the files that it stands on."""

    disk: Disk
    chain: FileChain

    @property
    def key(self) -> Key:
        """What a disk is told by among a server's."""
        return self.disk.role, self.disk.index


# At import, once: msgspec crashes when two threads meet a new type at the same time.
_decoder = msgspec.json.Decoder(list[DiskRecord])


def read(folder: Path) -> dict[Key, DiskRecord]:
    """The disks recorded in a server's folder; empty if there is no record.  OurFault if it cannot be read."""
    path = folder / _NAME
    try:
        records = _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as err:
        raise OurFault("The record of the server's disks cannot be read.", detail=f"{path}: {err}") from err
    return {record.key: record for record in records}


def write(folder: Path, records: Mapping[Key, DiskRecord]) -> None:
    """Replace the record."""
    write_atomically(folder / _NAME, msgspec.json.encode(list(records.values())))
