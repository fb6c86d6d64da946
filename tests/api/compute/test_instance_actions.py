"""A server's actions through HTTP, from the engine's record."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.api.compute.conftest import OWN, Cloud, message
from tests.api.compute.rows import add_operation, add_server

AT = datetime(2026, 11, 23, 1, 2, 3)


def setup(cloud: Cloud, *, deleted: bool = False, operations: int = 1, failed: bool = False) -> str:
    with cloud.database.write() as conn:
        server_id = add_server(conn, project_id=OWN, deleted=deleted, host="host17")
        for n in range(operations):
            add_operation(conn, server_id, request_id=f"req-{n}", at=AT + timedelta(minutes=n), failed=failed)
    return f"/servers/{server_id}/os-instance-actions"


@pytest.mark.parametrize(("version", "extra"), [("2.1", set()), ("2.58", {"updated_at"})])
def test_list(cloud: Cloud, version: str, extra: set[str]) -> None:
    path = setup(cloud, operations=2)
    actions = cloud.get(path, as_="reader", version=version).json()["instanceActions"]
    assert [action["request_id"] for action in actions] == ["req-1", "req-0"]
    assert set(actions[0]) == {
        *("action", "instance_uuid", "request_id", "user_id", "project_id", "start_time", "message"),
        *extra,
    }
    assert (actions[1]["action"], actions[1]["start_time"]) == ("create", "2026-11-23T01:02:03.000000")
    assert actions[0]["message"] is None


@pytest.mark.parametrize(
    ("version", "who", "fields"),
    [
        ("2.50", "reader", None),
        ("2.50", "admin", {"event", "start_time", "finish_time", "result", "traceback"}),
        ("2.51", "reader", {"event", "start_time", "finish_time", "result"}),
        ("2.62", "reader", {"event", "start_time", "finish_time", "result", "hostId"}),
        ("2.62", "admin", {"event", "start_time", "finish_time", "result", "traceback", "hostId", "host"}),
        ("2.84", "reader", {"event", "start_time", "finish_time", "result", "hostId"}),
        (
            "2.84",
            "admin",
            {"event", "start_time", "finish_time", "result", "traceback", "hostId", "host", "details"},
        ),
    ],
)
def test_events_by_version_and_persona(cloud: Cloud, version: str, who: str, fields: set[str] | None) -> None:
    path = setup(cloud, failed=True)
    answer = cloud.get(f"{path}/req-0", as_=who, version=version)
    action = answer.json()["instanceAction"]
    assert action["message"] == "Error"
    if fields is None:
        assert "events" not in action
    else:
        assert [(e["event"], e["result"]) for e in action["events"]] == [
            ("undo_claim", "Success"),
            ("spawn", "Error"),
            ("claim", "Success"),
        ]
        assert set(action["events"][0]) == fields
    if who != "admin":
        assert "host17" not in answer.text


def test_absent_and_foreign_look_alike(cloud: Cloud) -> None:
    path = setup(cloud)
    foreign = cloud.get(path, as_="foreigner")
    assert foreign.status_code == 404
    absent = cloud.get("/servers/none/os-instance-actions", as_="foreigner")
    assert message(absent) == "Instance none could not be found."
    assert message(foreign) == f"Instance {path.split('/')[2]} could not be found."
    unknown = cloud.get(f"{path}/req-9")
    assert (unknown.status_code, message(unknown)) == (404, "Action req-9 not found")


def test_deleted_servers_since_2_21(cloud: Cloud) -> None:
    path = setup(cloud, deleted=True)
    assert cloud.get(path, version="2.20").status_code == 404
    assert len(cloud.get(path, version="2.21").json()["instanceActions"]) == 1
    assert cloud.get(f"{path}/req-0", version="2.21", as_="reader").status_code == 200


def test_pages_and_times(cloud: Cloud) -> None:
    path = setup(cloud, operations=4)

    def ids(query: str, version: str = "2.66") -> list[str]:
        found = cloud.get(f"{path}?{query}", version=version).json()["instanceActions"]
        return [action["request_id"] for action in found]

    page = cloud.get(f"{path}?limit=2", version="2.58").json()
    assert [action["request_id"] for action in page["instanceActions"]] == ["req-3", "req-2"]
    assert page["links"] == [{"rel": "next", "href": f"http://testserver/compute/v2.1{path}?limit=2&marker=req-2"}]
    assert ids("limit=2&marker=req-2") == ["req-1", "req-0"]
    assert ids("changes-since=2026-11-23T01:04:03Z") == ["req-3", "req-2"]
    assert ids("changes-before=2026-11-23T01:04:03Z") == ["req-2", "req-1", "req-0"]
    assert ids("changes-since=2026-11-23T02:04:03%2B01:00&changes-before=2026-11-23T01:04:03Z") == ["req-2"]
    assert ids("limit=2", "2.57") == ["req-3", "req-2", "req-1", "req-0"]
    for wrong in ("changes-since=yesterday", "limit=-1", "marker=none", "foo=1", "limit=1&limit=2"):
        assert cloud.get(f"{path}?{wrong}", version="2.66").status_code == 400, wrong
    assert cloud.get(f"{path}?changes-before=2026-11-23T01:04:03Z", version="2.65").status_code == 400
    later_first = "changes-since=2026-11-23T01:04:03Z&changes-before=2026-11-23T01:03:03Z"
    assert cloud.get(f"{path}?{later_first}", version="2.66").status_code == 400
