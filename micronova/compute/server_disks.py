"""Which disks a new server gets, from its flavor and what the request maps."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.compute.servers import ServerFlavor
from micronova.host.interface import DiskRole, DiskSpec, ImageRef

_GIB, _MIB = 1024**3, 1024**2


def disks_of_flavor(
    flavor: ServerFlavor, image: ImageRef | None, ephemeral_gib: Sequence[int] | None, swap_mib: int | None
) -> list[DiskSpec]:
    """Root, ephemeral and swap disks to make.  A flavor with root 0 gives a root disk as large as the image."""
    root = flavor.root_gib * _GIB or (image.virtual_size if image else 0)
    specs = [DiskSpec(role=DiskRole.ROOT, size_bytes=root, image=image)]
    sizes = ephemeral_gib if ephemeral_gib is not None else ([flavor.ephemeral_gib] if flavor.ephemeral_gib else [])
    specs += [DiskSpec(role=DiskRole.EPHEMERAL, index=i, size_bytes=size * _GIB) for i, size in enumerate(sizes)]
    swap = flavor.swap_mib if swap_mib is None else swap_mib
    if swap:
        specs.append(DiskSpec(role=DiskRole.SWAP, size_bytes=swap * _MIB))
    return specs
