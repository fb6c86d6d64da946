"""T-API6: a list is a few queries however many servers there are, and the common ones use an index."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from micronova.compute import server_list
from micronova.compute.server_list import ServerQuery
from micronova.db.database import Database
from micronova.db.tables.compute import servers

COUNT = 10_000


@pytest.fixture
def many(database: Database) -> Database:
    """10,000 live servers of project p and one of another."""
    start = datetime(2026, 1, 1)
    row = {
        "project_id": "p", "user_id": "u", "hostname": "n", "vm_state": "active", "flavor_id": "f", "flavor": "{}",
        "vcpus": 1, "memory_mib": 1, "root_gib": 1, "reservation_id": "r",
    }  # fmt: skip
    rows = [
        {
            **row,
            "id": f"id-{n}",
            "name": f"web-{n}",
            "created_at": start + timedelta(seconds=n // 3),
            "updated_at": start,
        }
        for n in range(COUNT)
    ]
    with database.write() as c:
        c.execute(servers.insert(), [*rows, {**rows[0], "id": "other", "project_id": "q"}])
    return database


def statements(database: Database, query: ServerQuery) -> tuple[list[str], list[str]]:
    """Names found, and the SQL that was run."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    with database.read() as c:
        sa.event.listen(c.engine, "before_cursor_execute", note)
        try:
            found, _ = server_list.find(c, query)
        finally:
            sa.event.remove(c.engine, "before_cursor_execute", note)
    return [server.name for server in found], [text for text in seen if text.lstrip().startswith("SELECT")]


def test_a_page_is_one_query(many: Database) -> None:
    names, sql = statements(many, ServerQuery(exact={"project_id": "p"}, limit=1000))
    assert names == [f"web-{n}" for n in range(COUNT - 1, COUNT - 1001, -1)]
    assert len(sql) == 1
    names, sql = statements(many, ServerQuery(exact={"project_id": "p"}, limit=5, marker="id-7"))
    assert names == ["web-6", "web-5", "web-4", "web-3", "web-2"]
    assert len(sql) == 2


def test_expressions_and_other_orders_are_two_queries(many: Database) -> None:
    names, sql = statements(many, ServerQuery(exact={"project_id": "p"}, matched={"name": "^web-77[0-9]$"}))
    assert names == [f"web-{n}" for n in range(779, 769, -1)]
    assert len(sql) == 2
    names, sql = statements(
        many, ServerQuery(exact={"project_id": "p"}, sort=(("display_name", True),), limit=3, marker="id-10")
    )
    assert names == ["web-100", "web-1000", "web-1001"]
    assert len(sql) == 2


def test_the_common_list_uses_its_index(many: Database) -> None:
    with many.write() as c:
        c.execute(sa.text("ANALYZE"))
    query = "SELECT * FROM servers WHERE project_id = 'p' AND deleted_at IS NULL ORDER BY created_at DESC, number DESC"
    explain = "EXPLAIN QUERY PLAN" if many.is_sqlite else "EXPLAIN"
    with many.read() as c:
        plan = str(c.execute(sa.text(f"{explain} {query} LIMIT 100")).all())
    assert "ix_servers_live" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
