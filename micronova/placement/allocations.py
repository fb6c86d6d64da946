"""Claims: what consumers (servers) hold of providers; never more than there is.

Every writer first locks the provider's row, then reads what is used, then writes: on PostgreSQL concurrent claims on
one host queue up, on others they do not meet; on SQLite writers are alone.  So nobody reads a sum that is being
changed, and a claim that is refused has changed nothing: the caller may go on in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.insert import insert_or_none
from micronova.db.tables.placement import allocations, consumers, inventories, resource_providers
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Invalid, NoCapacity
from micronova.model.ids import ProviderUuid
from micronova.placement.providers import bump, lock
from micronova.placement.values import Allocations, limit_of

# Built once: making a statement costs more than running it.
_of_consumer = (
    sa.select(
        consumers.c.generation,
        consumers.c.project_id,
        consumers.c.user_id,
        consumers.c.consumer_type,
        resource_providers.c.uuid,
        allocations.c.resource_class,
        allocations.c.used,
    )
    .join(allocations, allocations.c.consumer_id == consumers.c.id)
    .join(resource_providers, resource_providers.c.id == allocations.c.provider_id)
    .where(consumers.c.uuid == sa.bindparam("consumer"))
    .order_by(resource_providers.c.uuid, allocations.c.resource_class)
)
_lock_consumer = sa.select(consumers.c.id).where(consumers.c.uuid == sa.bindparam("consumer")).with_for_update()
# In the order of ids, so that two releases never wait for each other.
_lock_providers = (
    sa.select(resource_providers.c.id)
    .where(resource_providers.c.id.in_(sa.bindparam("providers", expanding=True)))
    .order_by(resource_providers.c.id)
    .with_for_update()
)
_inventories = sa.select(inventories).where(
    inventories.c.provider_id == sa.bindparam("provider_id"),
    inventories.c.resource_class.in_(sa.bindparam("classes", expanding=True)),
)
_insert = sa.insert(allocations)
_delete_held = (
    sa.delete(allocations)
    .where(allocations.c.consumer_id == sa.bindparam("b_consumer"))
    .returning(allocations.c.provider_id, allocations.c.resource_class, allocations.c.used)
)
_delete_consumer = sa.delete(consumers).where(consumers.c.id == sa.bindparam("b_consumer"))
_add_used = (
    sa.update(inventories)
    .where(
        inventories.c.provider_id == sa.bindparam("b_provider"), inventories.c.resource_class == sa.bindparam("b_class")
    )
    .values(used=inventories.c.used + sa.bindparam("b_amount"))
)


def claim(
    conn: Connection,
    *,
    consumer: str,
    provider: ProviderUuid,
    resources: Mapping[str, int],
    project_id: str,
    user_id: str,
    consumer_type: str = "INSTANCE",
) -> None:
    """Allocate ``resources`` of ``provider`` to a consumer that has nothing yet.  A repeated claim changes nothing.

    Raises NoCapacity when it does not fit; Conflict when the consumer holds something else, or got something at the
    same moment (try again); NotFound when there is no such provider; Invalid for an amount below 1.
    """
    if not resources or any(amount < 1 for amount in resources.values()):
        raise Invalid(f"Cannot claim {dict(resources)}: amounts must be 1 or more.")
    row = lock(conn, provider)
    try:
        _check_capacity(conn, row.id, provider, resources)
    except NoCapacity:
        if _holds(conn, consumer, provider, resources):
            return  # it is full because of this claim, made before
        raise
    consumer_id = insert_or_none(
        conn,
        consumers,
        {
            "uuid": consumer,
            "generation": 1,
            "project_id": project_id,
            "user_id": user_id,
            "consumer_type": consumer_type,
            "created_at": utcnow(),
        },
        consumers.c.id,
    )
    if consumer_id is None:
        if _holds(conn, consumer, provider, resources):
            return
        raise Conflict(
            f"Consumer {consumer} got other allocations at the same moment.", code="placement.concurrent_update"
        )
    conn.execute(
        _insert,
        [
            {"consumer_id": consumer_id, "provider_id": row.id, "resource_class": name, "used": amount}
            for name, amount in resources.items()
        ],
    )
    _use(conn, [(row.id, name, amount) for name, amount in resources.items()])
    bump(conn, row.id)


def release(conn: Connection, consumer: str) -> None:
    """Give back all that a consumer holds; a consumer that holds nothing is fine."""
    consumer_id = conn.execute(_lock_consumer, {"consumer": consumer}).scalar_one_or_none()
    if consumer_id is None:
        return
    held = conn.execute(_delete_held, {"b_consumer": consumer_id}).all()
    providers = sorted({row.provider_id for row in held})
    if providers:
        conn.execute(_lock_providers, {"providers": providers}).all()
        _use(conn, [(row.provider_id, row.resource_class, -row.used) for row in held])
        bump(conn, *providers)
    conn.execute(_delete_consumer, {"b_consumer": consumer_id})


def of_consumer(conn: Connection, consumer: str) -> Allocations | None:
    """What a consumer holds; None if it is not known."""
    rows = conn.execute(_of_consumer, {"consumer": consumer}).all()
    if not rows:
        return None
    resources: dict[ProviderUuid, dict[str, int]] = {}
    for row in rows:
        resources.setdefault(ProviderUuid(row.uuid), {})[row.resource_class] = row.used
    first = rows[0]
    return Allocations(
        consumer=consumer,
        generation=first.generation,
        project_id=first.project_id,
        user_id=first.user_id,
        consumer_type=first.consumer_type,
        resources=resources,
    )


def usages(conn: Connection, provider: ProviderUuid) -> Mapping[str, int]:
    """What is used of each of the provider's inventories, zeros included."""
    rows = conn.execute(
        sa.select(inventories.c.resource_class, inventories.c.used)
        .join(resource_providers, resource_providers.c.id == inventories.c.provider_id)
        .where(resource_providers.c.uuid == provider)
    )
    return {row.resource_class: row.used for row in rows}


def usages_of_project(conn: Connection, project_id: str, user_id: str | None = None) -> Mapping[str, int]:
    """What a project (or one user in it) holds in all, by resource class."""
    query = (
        sa.select(allocations.c.resource_class, sa.func.sum(allocations.c.used).label("total"))
        .join(consumers, consumers.c.id == allocations.c.consumer_id)
        .where(consumers.c.project_id == project_id)
        .group_by(allocations.c.resource_class)
    )
    if user_id is not None:
        query = query.where(consumers.c.user_id == user_id)
    return {row.resource_class: int(row.total) for row in conn.execute(query)}


def consumers_of(conn: Connection, provider: ProviderUuid) -> Mapping[str, Mapping[str, int]]:
    """Who holds what of a provider, by consumer: for the audit."""
    rows = conn.execute(
        sa.select(consumers.c.uuid, allocations.c.resource_class, allocations.c.used)
        .join(allocations, allocations.c.consumer_id == consumers.c.id)
        .join(resource_providers, resource_providers.c.id == allocations.c.provider_id)
        .where(resource_providers.c.uuid == provider)
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.uuid, {})[row.resource_class] = row.used
    return found


def _holds(conn: Connection, consumer: str, provider: ProviderUuid, resources: Mapping[str, int]) -> bool:
    present = of_consumer(conn, consumer)
    if present is None:
        return False
    if present.resources == {provider: dict(resources)}:
        return True
    raise Conflict(
        f"Consumer {consumer} holds other allocations already.",
        detail=f"has {present.resources}, asked {dict(resources)} of {provider}",
        code="placement.concurrent_update",
    )


def _check_capacity(conn: Connection, provider_id: int, provider: ProviderUuid, resources: Mapping[str, int]) -> None:
    rows = conn.execute(_inventories, {"provider_id": provider_id, "classes": list(resources)})
    found = {row.resource_class: row for row in rows}
    for name, amount in resources.items():
        row = found.get(name)
        if row is None:
            raise NoCapacity(f"The host has no {name}.", detail=f"provider {provider} has no inventory of {name}")
        limit = limit_of(row.total, row.reserved, row.allocation_ratio)
        fits = row.used + amount <= limit and row.min_unit <= amount <= row.max_unit and amount % row.step_size == 0
        if not fits:
            raise NoCapacity(
                f"The host cannot give that much {name}.",
                detail=f"provider {provider} {name}: asked {amount}, free {limit - row.used} of {limit} at ratio "
                f"{row.allocation_ratio}, units {row.min_unit} to {row.max_unit} by {row.step_size}",
            )


def _use(conn: Connection, amounts: list[tuple[int, str, int]]) -> None:
    """Add to (or take from) the inventories' sums; the providers are locked."""
    conn.execute(
        _add_used,
        [{"b_provider": provider_id, "b_class": name, "b_amount": amount} for provider_id, name, amount in amounts],
    )
