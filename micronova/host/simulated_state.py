"""What a simulated host keeps across ``kill -9``: a journal of changes, where the last line of a key wins.

A line goes to the kernel in one write, so a killed process loses nothing; a machine that loses power may lose the last
moments (no fsync: these guests are not real).  A line cut short is ignored.  Opening rewrites the journal to what still
counts, and so does growing far beyond it.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from micronova.host.atomic_file import storage_error, write_atomically
from micronova.host.interface import Disk, PowerState
from micronova.model.ids import NetworkId, PortId, ServerId

_COMPACT_AFTER = 20_000  # lines, when less than a tenth of them still count


class Guest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All that a host has of one server.  ``state`` None: no domain."""

    server_id: ServerId
    disks: list[Disk] = []
    ports: dict[PortId, str] = {}  # MAC address by port
    networks: dict[PortId, NetworkId] = {}  # network by port
    state: PowerState | None = None
    name: str = ""
    vcpus: int = 0
    memory_mib: int = 0
    boots: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is left of it."""
        return not self.disks and not self.ports and self.state is None


class _Line(msgspec.Struct, omit_defaults=True):
    """One line: a guest as it is now, a guest that is gone, a cached image, a network, or a network that is gone."""

    guest: Guest | None = None
    gone: ServerId | None = None
    image: str | None = None
    network: NetworkId | None = None
    network_gone: NetworkId | None = None


class Journal:
    """The state of one host, in memory and on disk.  Not thread safe: its host's lock guards it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoder = msgspec.json.Encoder()
        self._descriptor = -1
        self._lines = 0
        self.guests: dict[ServerId, Guest] = {}
        self.images: set[str] = set()
        self.networks: set[NetworkId] = set()

    def open(self) -> None:
        """Read what was left, and go on from there.  StorageFull or OurFault if the directory cannot be written."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        decoder = msgspec.json.Decoder(_Line)
        content = self._path.read_bytes() if self._path.exists() else b""
        for raw in content.splitlines():
            try:
                line = decoder.decode(raw)
            except msgspec.DecodeError:
                continue  # cut short by the end of the process
            if line.guest is not None:
                self.guests[line.guest.server_id] = line.guest
            elif line.gone is not None:
                self.guests.pop(line.gone, None)
            elif line.image is not None:
                self.images.add(line.image)
            elif line.network is not None:
                self.networks.add(line.network)
            elif line.network_gone is not None:
                self.networks.discard(line.network_gone)
        self._compact()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def keep(self, guest: Guest) -> None:
        """Remember a guest as it is now; an empty one is forgotten."""
        if guest.empty:
            if self.guests.pop(guest.server_id, None) is not None:
                self._append(_Line(gone=guest.server_id))
        else:
            self.guests[guest.server_id] = guest
            self._append(_Line(guest=guest))

    def keep_image(self, image_id: str) -> None:
        """Remember that an image is in the cache."""
        self.images.add(image_id)
        self._append(_Line(image=image_id))

    def keep_network(self, network_id: NetworkId) -> None:
        """Remember that a network is here."""
        if network_id not in self.networks:
            self.networks.add(network_id)
            self._append(_Line(network=network_id))

    def forget_network(self, network_id: NetworkId) -> None:
        """Remember that it is not."""
        if network_id in self.networks:
            self.networks.remove(network_id)
            self._append(_Line(network_gone=network_id))

    def _append(self, line: _Line) -> None:
        try:
            os.write(self._descriptor, self._encoder.encode(line) + b"\n")
        except OSError as err:
            raise storage_error(err, f"write {self._path}") from err
        self._lines += 1
        counting = len(self.guests) + len(self.images) + len(self.networks)
        if self._lines > _COMPACT_AFTER and self._lines > 10 * counting:
            self._compact()

    def _compact(self) -> None:
        lines = [_Line(guest=guest) for guest in self.guests.values()]
        lines += [_Line(image=image) for image in sorted(self.images)]
        lines += [_Line(network=network) for network in sorted(self.networks)]
        write_atomically(self._path, b"".join(self._encoder.encode(line) + b"\n" for line in lines))
        self._lines = len(lines)
        self.close()
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
