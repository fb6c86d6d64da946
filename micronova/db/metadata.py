"""The one MetaData that all tables join, and the column shapes that repeat."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def uuid_key() -> sa.Column[str]:
    """A primary key ``id`` that holds a UUID with hyphens (36) or without (32)."""
    return sa.Column("id", sa.String(36), primary_key=True)


def created_at() -> sa.Column[datetime]:
    """When the row was made: naive UTC."""
    return sa.Column("created_at", sa.DateTime, nullable=False)


def updated_at() -> sa.Column[datetime]:
    """When the row was last changed: naive UTC, NULL while it never was."""
    return sa.Column("updated_at", sa.DateTime, nullable=True)
