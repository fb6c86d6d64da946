"""Migrations: they add up to the tables of today, may be asked for twice, and refuse a newer database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from micronova.db.database import Database
from micronova.db.schema import metadata
from micronova.db.upgrade import head, upgrade
from micronova.model.errors import OurFault
from tests.postgres import PostgresCluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/db")
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        database = Database(cluster.create("empty_for_upgrade"))
    yield database
    database.close()
    if request.param == "postgresql":
        cluster.drop("empty_for_upgrade")


def test_migrations_add_up_to_the_tables(empty: Database) -> None:
    assert upgrade(empty)
    assert not upgrade(empty), "nothing to do the second time"
    with empty.read() as c:
        context = MigrationContext.configure(c, opts={"compare_server_default": False})
        assert compare_metadata(context, metadata) == []


def test_a_newer_database_is_left_alone(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as c:
        c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(OurFault, match=f"knows {head()} at most"):
        upgrade(empty)
