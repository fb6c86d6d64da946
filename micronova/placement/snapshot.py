"""All hosts with their capacity and traits, for the scheduler: read anew, or only what changed.

The root provider of a tree is the host and bears its name.  A provider's generation rises with every change, claims
included, so what was read once stays true until then.  A snapshot only proposes; the claim decides.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.placement import inventories, provider_traits, resource_providers, traits
from micronova.model.ids import HostName, ProviderUuid
from micronova.placement.values import limit_of
from micronova.scheduler.snapshot import Capacity, HostState, Snapshot

# More changed hosts than this are not named one by one in a query: all are read.
_MAX_NAMED = 500

_roots = sa.select(
    resource_providers.c.id, resource_providers.c.generation, resource_providers.c.uuid, resource_providers.c.name
).where(resource_providers.c.parent_id.is_(None))
_inventories = sa.select(
    inventories.c.provider_id,
    inventories.c.resource_class,
    inventories.c.total,
    inventories.c.used,
    inventories.c.reserved,
    inventories.c.allocation_ratio,
    inventories.c.min_unit,
    inventories.c.max_unit,
    inventories.c.step_size,
)
_traits = sa.select(provider_traits.c.provider_id, provider_traits.c.trait_id)
_providers: sa.BindParameter[int] = sa.bindparam("providers", expanding=True)
_inventories_of = _inventories.where(inventories.c.provider_id.in_(_providers))
_traits_of = _traits.where(provider_traits.c.provider_id.in_(_providers))


def snapshot(conn: Connection) -> Snapshot:
    """The hosts now, read anew."""
    return Snapshots().take(conn)


class Snapshots:
    """Takes snapshots, reading again only hosts whose generation changed.  Thread safe; one per process.

    Take it on a connection that has not itself changed placement and might still roll back: what it reads is kept.
    """

    def __init__(self) -> None:
        # provider id -> (generation, host)
        self._known: dict[int, tuple[int, HostState]] = {}
        # Few different sets of traits for many hosts: each set is kept once.
        self._trait_sets: dict[frozenset[int], frozenset[str]] = {}
        self._lock = threading.Lock()

    def take(self, conn: Connection) -> Snapshot:
        """The hosts now, in the order of their names."""
        roots = conn.execute(_roots).all()
        known = self._known
        changed = [row for row in roots if (entry := known.get(row[0])) is None or entry[0] != row[1]]
        if changed or len(roots) != len(known):
            states = self._read(conn, changed)
            with self._lock:
                kept = {row[0] for row in roots}
                merged = {key: entry for key, entry in self._known.items() if key in kept}
                for row, state in zip(changed, states, strict=True):
                    entry = merged.get(row[0])
                    if entry is None or entry[0] < row[1]:  # another thread may have read a later one
                        merged[row[0]] = (row[1], state)
                self._known = known = merged
        return Snapshot(hosts=sorted((entry[1] for entry in known.values()), key=_name))

    def _read(self, conn: Connection, rows: Sequence[sa.Row[int, int, str, str]]) -> Sequence[HostState]:
        if not rows:
            return []
        ids = [row[0] for row in rows]
        if len(ids) <= _MAX_NAMED:
            inventory_rows: Iterable[sa.Row[*tuple[Any, ...]]] = conn.execute(_inventories_of, {"providers": ids})
            trait_rows = conn.execute(_traits_of, {"providers": ids})
        else:
            inventory_rows, trait_rows = conn.execute(_inventories), conn.execute(_traits)
        capacities: dict[int, dict[str, Capacity]] = {provider_id: {} for provider_id in ids}
        for provider_id, name, total, used, reserved, ratio, low, high, step in inventory_rows:
            of_host = capacities.get(provider_id)
            if of_host is not None:
                limit = limit_of(total, reserved, ratio)
                of_host[name] = Capacity(total, used, limit, reserved, ratio, low, high, step)
        trait_ids: dict[int, set[int]] = {}
        for provider_id, trait_id in trait_rows:
            trait_ids.setdefault(provider_id, set()).add(trait_id)
        names = self._trait_names(conn, {frozenset(found) for found in trait_ids.values()})
        none: frozenset[str] = frozenset()
        return [
            HostState(
                name=HostName(name),
                provider=ProviderUuid(uuid),
                inventories=capacities[provider_id],
                traits=names[frozenset(trait_ids[provider_id])] if provider_id in trait_ids else none,
            )
            for provider_id, _, uuid, name in rows
        ]

    def _trait_names(self, conn: Connection, wanted: set[frozenset[int]]) -> dict[frozenset[int], frozenset[str]]:
        with self._lock:
            known = {key: self._trait_sets[key] for key in wanted if key in self._trait_sets}
        missing = wanted - known.keys()
        if missing:
            by_id = dict(conn.execute(sa.select(traits.c.id, traits.c.name)).all())
            known.update({key: frozenset(by_id[trait_id] for trait_id in key) for key in missing})
            with self._lock:
                self._trait_sets.update(known)
        return known


def _name(host: HostState) -> str:
    return host.name
