"""Tables of placement: providers (trees), inventories, traits, consumers, allocations.

``inventories.used`` is the sum of the allocations, kept in the same transaction as they are: a claim costs the same
however many servers a host has.  Whatever changes a provider, its inventories, traits or allocations raises its
``generation``, under a lock on its row; readers may keep what they read until the generation changes.
"""

from __future__ import annotations

import sqlalchemy as sa

from micronova.db.metadata import metadata

_INTEGER_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")

resource_providers = sa.Table(
    "resource_providers",
    metadata,
    sa.Column("id", _INTEGER_KEY, primary_key=True),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("parent_id", _INTEGER_KEY, sa.ForeignKey("resource_providers.id"), nullable=True, index=True),
    # The top of its tree: itself for a provider without a parent (NULL only while the row is being made).
    sa.Column("root_id", _INTEGER_KEY, sa.ForeignKey("resource_providers.id"), nullable=True, index=True),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=True),
    # Ids are never used again: what was read of a deleted provider must not pass for another's.
    sqlite_autoincrement=True,
)

# Standard classes come from os-resource-classes and have a row as soon as an inventory names them.
resource_classes = sa.Table(
    "resource_classes",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
)

inventories = sa.Table(
    "inventories",
    metadata,
    sa.Column("provider_id", _INTEGER_KEY, sa.ForeignKey("resource_providers.id"), primary_key=True),
    sa.Column("resource_class", sa.String(255), sa.ForeignKey("resource_classes.name"), primary_key=True, index=True),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("reserved", sa.Integer, nullable=False),
    sa.Column("min_unit", sa.Integer, nullable=False),
    sa.Column("max_unit", sa.Integer, nullable=False),
    sa.Column("step_size", sa.Integer, nullable=False),
    sa.Column("allocation_ratio", sa.Float, nullable=False),
    # The sum of the allocations' amounts.  May exceed what may be allocated after the inventory shrank, never before.
    sa.Column("used", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("used >= 0", name="used_not_negative"),
)

traits = sa.Table(
    "traits",
    metadata,
    sa.Column("id", _INTEGER_KEY, primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
)

provider_traits = sa.Table(
    "provider_traits",
    metadata,
    sa.Column("provider_id", _INTEGER_KEY, sa.ForeignKey("resource_providers.id"), primary_key=True),
    sa.Column("trait_id", _INTEGER_KEY, sa.ForeignKey("traits.id"), primary_key=True, index=True),
)

consumers = sa.Table(
    "consumers",
    metadata,
    sa.Column("id", _INTEGER_KEY, primary_key=True),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("project_id", sa.String(255), nullable=False),
    sa.Column("user_id", sa.String(255), nullable=False),
    sa.Column("consumer_type", sa.String(255), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
)
sa.Index("ix_consumers_project_user", consumers.c.project_id, consumers.c.user_id)

allocations = sa.Table(
    "allocations",
    metadata,
    sa.Column("consumer_id", _INTEGER_KEY, sa.ForeignKey("consumers.id"), primary_key=True),
    sa.Column("provider_id", _INTEGER_KEY, nullable=False, primary_key=True),
    sa.Column("resource_class", sa.String(255), nullable=False, primary_key=True),
    sa.Column("used", sa.Integer, nullable=False),
    # An inventory that somebody uses cannot go.
    sa.ForeignKeyConstraint(
        ["provider_id", "resource_class"], ["inventories.provider_id", "inventories.resource_class"]
    ),
    sa.Index("ix_allocations_provider_class", "provider_id", "resource_class"),
)
