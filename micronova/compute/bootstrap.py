"""What a new installation starts with: a few flavors, with DevStack's names and ids."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute import flavors
from micronova.compute.flavors import NewFlavor
from micronova.db.tables.compute_resources import flavors as table

# id, name, processors, memory (MiB), root disk (GiB)
_FLAVORS = (
    ("42", "m1.nano", 1, 192, 1),
    ("1", "m1.tiny", 1, 512, 1),
    ("2", "m1.small", 1, 2048, 20),
    ("3", "m1.medium", 2, 4096, 40),
    ("4", "m1.large", 4, 8192, 80),
)


def ensure_flavors(conn: Connection) -> None:
    """Make the first flavors, unless there are any: what an admin deleted stays deleted."""
    if conn.execute(sa.select(table.c.id).limit(1)).first() is not None:
        return
    for flavorid, name, vcpus, memory_mib, root_gib in _FLAVORS:
        flavors.create(
            conn, NewFlavor(flavorid=flavorid, name=name, vcpus=vcpus, memory_mib=memory_mib, root_gib=root_gib)
        )
