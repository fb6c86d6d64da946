"""A disk's files on this host, from the one that the guest writes down to its base."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.host.interface import DiskRole


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChain:
    """One file, its format (explicit, never probed) and the file below it."""

    path: str
    format: str
    backing: FileChain | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSource:
    """A disk to attach: what it is for, and its files."""

    role: DiskRole
    index: int
    chain: FileChain
