"""Fixtures that all tests share: a fresh database on either engine, a started micronova, a real guest image."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from micronova.db.database import Database
from micronova.db.schema import metadata
from tests.postgres import PostgresCluster
from workshop.serving import ROOT, Serving, state_dir

_TEMPLATE = "template_schema"
_numbers = itertools.count()


def _create_schema(url: str) -> None:
    database = Database(url)
    try:
        metadata.create_all(database.engine)
    finally:
        database.close()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A private PostgreSQL server; ``create(name)`` makes an empty database and gives its URL."""
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: PostgresCluster) -> str:
    """The name of a database with our schema in that server, to be copied."""
    _create_schema(postgres_cluster.create(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with our schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    _create_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with our schema and no rows; each test that asks runs on both engines."""
    if request.param == "sqlite":
        path = tmp_path / "micronova.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        name = f"test_{next(_numbers)}"
        yield cluster.create(name, request.getfixturevalue("postgres_template"))
        cluster.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with our schema and no rows; each test that asks runs on both engines."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def simulated_serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A started ``micronova serve`` with three simulated hosts, as a process of its own."""
    serving = Serving(tmp_path_factory.mktemp("serve") / "state", hosts=3)
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture(scope="session")
def libvirt_serving() -> Iterator[Serving]:
    """A started ``micronova serve`` on this machine's libvirt, with a state of its own that QEMU can reach."""
    from tests.compat.client import OpenStack  # late: it takes a second that most test runs need not spend

    serving = Serving(state_dir(f"test-{os.getpid()}"))
    serving.start()
    yield serving
    # It would outlive micronova, for guests that do.
    OpenStack(serving.clouds_yaml, "micronova-admin")("network", "delete", "private")
    serving.stop()
    shutil.rmtree(serving.folder)
    serving.log.unlink()


@pytest.fixture(scope="session")
def guest_image() -> Path:
    """The small real guest (qcow2) of scripts/mkguest, built once and kept in .cache."""
    made = subprocess.run([ROOT / "scripts/guest-image"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip())
