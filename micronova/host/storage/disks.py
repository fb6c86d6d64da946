"""A server's disks on this host: made in its store, recorded, and found again by the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from micronova.host.interface import Cancel, Disk, DiskRole, DiskSpec
from micronova.host.platform.sources import DiskSource, FileChain
from micronova.host.storage import blank, config_drive, records
from micronova.host.storage.image_cache import ImageCache
from micronova.host.storage.interface import DiskStore
from micronova.host.storage.layout import Layout
from micronova.host.storage.records import DiskRecord
from micronova.model.errors import Invalid, OurFault
from micronova.model.ids import ServerId

_CONFIG = (DiskRole.CONFIG, 0)


class ServerDisks:
    """Callers take care that one thread works on a server at a time."""

    def __init__(self, layout: Layout, store: DiskStore, cache: ImageCache) -> None:
        self._layout, self._store, self._cache = layout, store, cache

    def ensure(self, server_id: ServerId, specs: Sequence[DiskSpec], cancel: Cancel) -> Sequence[Disk]:
        """Make those that are not there.  All sizes are checked before the first byte is taken (SECURITY.md T-IMG4)."""
        for spec in specs:
            _check_size(spec)
        folder = self._layout.make_server(server_id)
        known = records.read(folder)
        made = dict(known)
        for spec in specs:
            if not _is_there(known.get((spec.role, spec.index))):
                cancel.check()
                record = self._make(folder, spec, cancel)
                made[record.key] = record
        if made != known:
            records.write(folder, made)
        return [made[spec.role, spec.index].disk for spec in specs]

    def ensure_config_drive(self, server_id: ServerId, files: Mapping[str, bytes]) -> Disk:
        """Write the config drive, over one that is there."""
        folder = self._layout.make_server(server_id)
        path = folder / "config.iso"
        size = config_drive.write(path, files)
        record = _record(DiskRole.CONFIG, 0, "config-drive", FileChain(path=str(path), format="raw"), size)
        known = records.read(folder)
        if known.get(_CONFIG) != record:
            records.write(folder, {**known, _CONFIG: record})
        return record.disk

    def source(self, server_id: ServerId, disk: Disk) -> DiskSource:
        """The files of a disk that was made here.  OurFault if it was not."""
        record = records.read(self._layout.server(server_id)).get((disk.role, disk.index))
        if record is None:
            raise OurFault(
                "A disk of the server is missing on its host.",
                detail=f"server {server_id} has no {disk.role} disk {disk.index} in {self._layout.server(server_id)}",
            )
        return DiskSource(role=disk.role, index=disk.index, chain=record.chain)

    def _make(self, folder: Path, spec: DiskSpec, cancel: Cancel) -> DiskRecord:
        if spec.role is DiskRole.SWAP:
            path = folder / "swap"
            blank.make_swap(path, spec.size_bytes)
        elif spec.role is DiskRole.EPHEMERAL:
            path = folder / f"ephemeral{spec.index}"
            blank.make_file_system(path, spec.size_bytes, f"ephemeral{spec.index}")
        else:
            base = None if spec.image is None else self._cache.ensure(spec.image, cancel)
            path = folder / f"{spec.role}{spec.index or ''}"
            chain = self._store.create(path, spec, base)
            return _record(spec.role, spec.index, self._store.backend, chain, spec.size_bytes)
        return _record(spec.role, spec.index, "flat", FileChain(path=str(path), format="raw"), spec.size_bytes)


def _check_size(spec: DiskSpec) -> None:
    if spec.size_bytes <= 0:
        raise Invalid("A disk must be larger than nothing.")
    if spec.image is not None and spec.size_bytes < spec.image.virtual_size:
        raise Invalid(
            f"The flavor's disk is smaller than the image's: {spec.size_bytes} bytes are less than"
            f" {spec.image.virtual_size}."
        )


def _is_there(record: DiskRecord | None) -> bool:
    return record is not None and Path(record.chain.path).exists()


def _record(role: DiskRole, index: int, backend: str, chain: FileChain, size_bytes: int) -> DiskRecord:
    disk = Disk(
        role=role, index=index, format=chain.format, backend=backend, location=chain.path, size_bytes=size_bytes
    )
    return DiskRecord(disk=disk, chain=chain)
