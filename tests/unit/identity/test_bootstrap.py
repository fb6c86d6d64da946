"""The first start and the next."""

from __future__ import annotations

import re
import shlex

import sqlalchemy as sa
import yaml

from micronova.db.database import Database
from micronova.db.metadata import metadata
from micronova.db.tables import identity as t
from micronova.identity.bootstrap import bootstrap
from micronova.identity.clouds import Login, clouds_yaml, openrc
from micronova.identity.passwords import Passwords

_QUICK = Passwords(time_cost=1, memory_kib=8)


def _rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as conn:
        return {
            table.name: sorted((tuple(row) for row in conn.execute(sa.select(table))), key=repr)
            for table in metadata.tables.values()
            if table.name.startswith("identity_")
        }


def test_a_second_start_changes_nothing(database: Database) -> None:
    with database.write() as conn:
        first = bootstrap(conn, hasher=_QUICK)
    assert set(first.passwords) == {"admin", "demo"}
    assert all(len(password) >= 20 for password in first.passwords.values())
    before = _rows(database)
    with database.write() as conn:
        second = bootstrap(conn, hasher=_QUICK)
    assert second.passwords == {}
    assert (second.project_ids, second.user_ids) == (first.project_ids, first.user_ids)
    assert _rows(database) == before


def test_what_an_operator_took_away_stays_away(database: Database) -> None:
    with database.write() as conn:
        bootstrap(conn, hasher=_QUICK)
        conn.execute(t.assignments.delete())
        conn.execute(t.endpoints.delete().where(t.endpoints.c.interface == "admin"))
    before = _rows(database)
    with database.write() as conn:
        bootstrap(conn, hasher=_QUICK)
    assert _rows(database) == before


def test_passwords_do_not_show(database: Database) -> None:
    with database.write() as conn:
        result = bootstrap(conn, hasher=_QUICK, passwords={"admin": "very-secret"})
    assert "very-secret" not in repr(result)
    assert "very-secret" not in repr(Login(cloud="c", user="u", password="very-secret", project="p"))


def test_files_for_clients_survive_hostile_values() -> None:
    hostile = "a'b\"c\\d $(touch x) `y` : # ü"
    login = Login(cloud="micronova", user="demo", password=hostile, project="demo")
    text = clouds_yaml(base_url="http://127.0.0.1:8774", region="RegionOne", logins=[login])
    cloud = yaml.safe_load(text)["clouds"]["micronova"]
    assert cloud["auth"]["password"] == hostile
    assert cloud["auth"]["auth_url"] == "http://127.0.0.1:8774/identity/v3"
    assert cloud["region_name"] == "RegionOne"
    script = openrc(base_url="http://127.0.0.1:8774", region="RegionOne", login=login)
    [line] = re.findall(r"^export OS_PASSWORD=(.*)$", script, re.MULTILINE)
    assert shlex.split(line) == [hostile]
