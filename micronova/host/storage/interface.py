"""What a store of disks does.  Capabilities are data: callers ask for them, never for a store's name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from micronova.host.interface import DiskSpec
from micronova.host.platform.sources import FileChain


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An image in the cache: verified, safe, and never written again."""

    path: Path
    format: str
    virtual_size: int


class DiskStore(Protocol):
    """Makes the disks of servers."""

    @property
    def backend(self) -> str:
        """The name that ``Disk.backend`` carries."""

    @property
    def keeps_base(self) -> bool:
        """Whether a disk goes on needing its base after it was made."""

    def create(self, path: Path, spec: DiskSpec, base: Base | None) -> FileChain:
        """Make the disk at ``path``, over what an interrupted try left there.

        StorageFull leaves nothing behind.  ``spec.size_bytes`` is known to be no less than the base's size.
        """
