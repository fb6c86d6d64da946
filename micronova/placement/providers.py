"""Resource providers: made, given inventories and traits; each change raises the provider's generation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from functools import cache
from typing import Any

import os_resource_classes
import os_traits
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.insert import insert_ignore
from micronova.db.tables.placement import inventories as inventory_rows
from micronova.db.tables.placement import provider_traits, resource_classes, resource_providers, traits
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Invalid, NotFound
from micronova.model.ids import ProviderUuid
from micronova.placement.values import Inventory

# Built once: making a statement costs more than running it.
_lock = (
    sa.select(resource_providers.c.id, resource_providers.c.root_id, resource_providers.c.generation)
    .where(resource_providers.c.uuid == sa.bindparam("provider"))
    .with_for_update()
)
_bump = (
    sa.update(resource_providers)
    .where(resource_providers.c.id.in_(sa.bindparam("providers", expanding=True)))
    .values(generation=resource_providers.c.generation + 1, updated_at=sa.bindparam("b_now"))
)

_CUSTOM = re.compile(r"CUSTOM_[A-Z0-9_]{1,248}")


def ensure_provider(conn: Connection, *, name: str, uuid: str, parent: ProviderUuid | None = None) -> ProviderUuid:
    """Have a provider of this name and uuid.  Raises Conflict when either belongs to another provider."""
    row = _find(conn, name, uuid)
    if row is None:
        parent_row = None if parent is None else lock(conn, parent)
        # The root of a new tree is its own id, known only after the insert: the second statement sets it.
        insert_ignore(
            conn,
            resource_providers,
            [
                {
                    "uuid": uuid,
                    "name": name,
                    "parent_id": parent_row.id if parent_row is not None else None,
                    "root_id": parent_row.root_id if parent_row is not None else None,
                    "created_at": utcnow(),
                }
            ],
        )
        table = resource_providers
        conn.execute(sa.update(table).where(table.c.uuid == uuid, table.c.root_id.is_(None)).values(root_id=table.c.id))
        row = _find(conn, name, uuid)
    if row is None or row.name != name or row.uuid != uuid:
        raise Conflict(
            "Conflicting resource provider name: the name or the uuid belongs to another resource provider.",
            detail=f"asked name {name} uuid {uuid}, there is {row}",
            code="placement.duplicate_name",
        )
    return ProviderUuid(uuid)


def set_inventories(
    conn: Connection, provider: ProviderUuid, inventories: Mapping[str, Inventory], *, generation: int | None = None
) -> None:
    """Replace all inventories of a provider; nothing happens when they are the same already.

    ``generation``: the one that the caller saw; Conflict (placement.concurrent_update) when it is another now.
    Raises Conflict (placement.inventory.inuse) for leaving out an inventory that somebody uses, Invalid for values
    that cannot be, NotFound.  An inventory may shrink below what is used of it: nothing more is given then.
    """
    for resource_class, inventory in inventories.items():
        _check_inventory(resource_class, inventory)
    row = lock(conn, provider, generation)
    table = inventory_rows
    present = {
        found.resource_class: found for found in conn.execute(sa.select(table).where(table.c.provider_id == row.id))
    }
    gone = [name for name in present if name not in inventories]
    in_use = sorted(name for name in gone if present[name].used)
    if in_use:
        raise Conflict(
            f"Inventory for '{', '.join(in_use)}' on resource provider '{provider}' in use.",
            code="placement.inventory.inuse",
        )
    new = {name: inventory for name, inventory in inventories.items() if name not in present}
    changed = {
        name: inventory
        for name, inventory in inventories.items()
        if name in present and _inventory(present[name]) != inventory
    }
    if not (gone or new or changed):
        return
    if gone:
        conn.execute(sa.delete(table).where(table.c.provider_id == row.id, table.c.resource_class.in_(gone)))
    if new:
        insert_ignore(conn, resource_classes, [{"name": name} for name in sorted(new)])
        conn.execute(
            sa.insert(table),
            [{"provider_id": row.id, "resource_class": name, **_values(inventory)} for name, inventory in new.items()],
        )
    for name, inventory in changed.items():
        conn.execute(
            sa.update(table)
            .where(table.c.provider_id == row.id, table.c.resource_class == name)
            .values(**_values(inventory))
        )
    bump(conn, row.id)


def set_traits(conn: Connection, provider: ProviderUuid, names: Set[str], *, generation: int | None = None) -> None:
    """Replace all traits of a provider; nothing happens when they are the same already.

    Raises Invalid for names that are neither in os-traits nor CUSTOM_, Conflict as ``set_inventories``, NotFound.
    """
    unknown = sorted(name for name in names if name not in _standard_traits() and not _CUSTOM.fullmatch(name))
    if unknown:
        raise Invalid(f"No such trait: {', '.join(unknown)[:500]}; own ones begin with CUSTOM_.")
    row = lock(conn, provider, generation)
    present = dict(
        conn.execute(
            sa.select(traits.c.name, traits.c.id)
            .join(provider_traits, provider_traits.c.trait_id == traits.c.id)
            .where(provider_traits.c.provider_id == row.id)
        ).all()
    )
    new, gone = names - present.keys(), present.keys() - names
    if not new and not gone:
        return
    if gone:
        conn.execute(
            sa.delete(provider_traits).where(
                provider_traits.c.provider_id == row.id, provider_traits.c.trait_id.in_([present[n] for n in gone])
            )
        )
    if new:
        insert_ignore(conn, traits, [{"name": name} for name in sorted(new)])
        ids = conn.execute(sa.select(traits.c.id).where(traits.c.name.in_(new))).scalars()
        conn.execute(sa.insert(provider_traits), [{"provider_id": row.id, "trait_id": trait_id} for trait_id in ids])
    bump(conn, row.id)


def inventories_of(conn: Connection, provider: ProviderUuid) -> Mapping[str, Inventory]:
    """The provider's inventories by resource class; empty for a provider that is not there."""
    rows = conn.execute(
        sa.select(inventory_rows)
        .join(resource_providers, resource_providers.c.id == inventory_rows.c.provider_id)
        .where(resource_providers.c.uuid == provider)
    )
    return {row.resource_class: _inventory(row) for row in rows}


def lock(conn: Connection, provider: ProviderUuid, generation: int | None = None) -> sa.Row[int, int, int]:
    """Own the provider until the transaction ends: (id, root_id, generation).

    On SQLite a writing transaction is alone anyway.  Raises NotFound; Conflict if ``generation`` is another now.
    """
    row = conn.execute(_lock, {"provider": provider}).one_or_none()
    if row is None:
        raise NotFound(f"No resource provider with uuid {provider} found.")
    if generation is not None and row.generation != generation:
        raise Conflict("resource provider generation conflict", code="placement.concurrent_update")
    return row


def bump(conn: Connection, *provider_ids: int) -> None:
    """Raise the generation of locked providers."""
    conn.execute(_bump, {"providers": provider_ids, "b_now": utcnow()})


def _find(conn: Connection, name: str, uuid: str) -> sa.Row[str, str] | None:
    table = resource_providers
    return conn.execute(
        sa.select(table.c.name, table.c.uuid).where(sa.or_(table.c.uuid == uuid, table.c.name == name))
    ).first()


@cache
def _standard_traits() -> frozenset[str]:
    return frozenset(os_traits.get_traits())


def _check_inventory(resource_class: str, inventory: Inventory) -> None:
    if resource_class not in os_resource_classes.STANDARDS and not _CUSTOM.fullmatch(resource_class):
        raise Invalid(f"No such resource class: {resource_class[:255]}; own ones begin with CUSTOM_.")
    if (
        inventory.total < 1
        or not 0 <= inventory.reserved <= inventory.total
        or not 1 <= inventory.min_unit <= inventory.max_unit
        or inventory.step_size < 1
        or inventory.allocation_ratio <= 0
    ):
        raise Invalid(f"Invalid inventory for '{resource_class}': {inventory}.", code="placement.invalid_inventory")


def _values(inventory: Inventory) -> dict[str, int | float]:
    return {
        "total": inventory.total,
        "reserved": inventory.reserved,
        "min_unit": inventory.min_unit,
        "max_unit": inventory.max_unit,
        "step_size": inventory.step_size,
        "allocation_ratio": inventory.allocation_ratio,
    }


def _inventory(row: sa.Row[*tuple[Any, ...]]) -> Inventory:
    return Inventory(
        total=row.total,
        reserved=row.reserved,
        min_unit=row.min_unit,
        max_unit=row.max_unit,
        step_size=row.step_size,
        allocation_ratio=row.allocation_ratio,
    )
