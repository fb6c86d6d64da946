"""PUT and DELETE of servers, their metadata, tags, addresses and actions."""

from __future__ import annotations

import sqlalchemy as sa

from micronova.db.tables.compute import servers
from tests.api.compute.servers.conftest import Api
from tests.api.compute.servers.test_show_and_list import NOT_IN_OLD_UPDATES, fields


def test_update(api: Api) -> None:
    server_id = api.build()
    body = {
        "name": "db",
        "description": "a database",
        "hostname": "db.example.org",
        "accessIPv4": "192.0.2.7",
        "accessIPv6": "",
        "OS-DCF:diskConfig": "MANUAL",
    }
    answer = api.call("PUT", f"/servers/{server_id}", {"server": body})
    assert answer.status_code == 200
    changed = answer.json()["server"]
    assert changed == api.get(f"/servers/{server_id}")["server"]
    assert (changed["name"], changed["description"], changed["accessIPv4"]) == ("db", "a database", "192.0.2.7")
    assert changed["OS-EXT-SRV-ATTR:hostname"] == "db.example.org"
    assert changed["OS-DCF:diskConfig"] == "MANUAL"
    assert api.call("PUT", f"/servers/{server_id}", {"server": {"description": None}}).json()["server"][
        "description"
    ] is None  # fmt: skip


def test_update_answers_less_until_2_74(api: Api) -> None:
    server_id = api.build()
    for minor in (1, 19, 47, 71, 74):
        answer = api.call("PUT", f"/servers/{server_id}", {"server": {"name": "x"}}, at=f"2.{minor}")
        assert set(answer.json()["server"]) == fields(minor) - NOT_IN_OLD_UPDATES, minor
        for nics in answer.json()["server"]["addresses"].values():
            assert set(nics[0]) == {"version", "addr"}
    answer = api.call("PUT", f"/servers/{server_id}", {"server": {"name": "x"}}, at="2.75")
    assert set(answer.json()["server"]) == fields(75)


def test_update_refusals(api: Api) -> None:
    server_id = api.build()
    path = f"/servers/{server_id}"
    assert api.refused("PUT", path, {"server": {"description": "x"}}, at="2.18")[0] == 400
    assert api.refused("PUT", path, {"server": {"hostname": "x"}}, at="2.89")[0] == 400
    assert api.refused("PUT", path, {"server": {"name": ""}})[0] == 400
    assert api.refused("PUT", path, {"server": {"status": "ACTIVE"}})[0] == 400
    assert api.refused("PUT", path, {})[0] == 400
    assert api.refused("PUT", path, {"server": {"name": "x"}}, who="reader")[0] == 403


def test_pinning(api: Api) -> None:
    server_id = api.build(availability_zone="nova")
    path = f"/servers/{server_id}"
    assert api.refused("PUT", path, {"server": {"pinned_availability_zone": None}}, at="2.103")[0] == 400
    changed = api.call("PUT", path, {"server": {"pinned_availability_zone": None}}).json()["server"]
    assert changed["pinned_availability_zone"] is None
    assert api.refused("PUT", path, {"server": {"pinned_availability_zone": "mars"}})[0] == 400
    changed = api.call("PUT", path, {"server": {"pinned_availability_zone": "nova"}}).json()["server"]
    assert changed["pinned_availability_zone"] == "nova"


def test_delete(api: Api) -> None:
    server_id = api.build()
    path = f"/servers/{server_id}"
    assert api.refused("DELETE", path, who="reader")[0] == 403
    answer = api.call("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    api.wait(server_id)
    assert api.refused("GET", path) == (404, f"Instance {server_id} could not be found.")
    assert api.refused("DELETE", path)[0] == 404
    assert api.get("/servers") == {"servers": []}


def test_locked_servers_stay(api: Api) -> None:
    server_id = api.build()
    path = f"/servers/{server_id}"
    with api.world.database.write() as c:
        c.execute(sa.update(servers).where(servers.c.id == server_id).values(locked_by="owner", locked_reason="mine"))
    assert api.refused("DELETE", path) == (409, f"Instance {server_id} is locked")
    assert api.refused("POST", path + "/metadata", {"metadata": {"a": "b"}})[0] == 409
    shown = api.get(path)["server"]
    assert (shown["locked"], shown["locked_reason"]) == (True, "mine")
    assert api.call("DELETE", path, who="admin").status_code == 204


def test_metadata(api: Api) -> None:
    server_id = api.build(metadata={"a": "1"})
    path = f"/servers/{server_id}/metadata"
    assert api.get(path) == {"metadata": {"a": "1"}}
    assert api.call("POST", path, {"metadata": {"b": "2"}}).json() == {"metadata": {"a": "1", "b": "2"}}
    assert api.call("PUT", path + "/a", {"meta": {"a": "3"}}).json() == {"meta": {"a": "3"}}
    assert api.get(path + "/a") == {"meta": {"a": "3"}}
    assert api.refused("PUT", path + "/a", {"meta": {"b": "3"}}) == (400, "Request body and URI mismatch")
    assert api.refused("PUT", path + "/a", {"meta": {"a": "3", "b": "4"}})[0] == 400
    assert api.call("PUT", path, {"metadata": {"c": "4"}}).json() == {"metadata": {"c": "4"}}
    assert api.call("DELETE", path + "/c").status_code == 204
    assert api.refused("DELETE", path + "/c") == (404, "Metadata item was not found")
    assert api.refused("GET", path + "/c") == (404, "Metadata item was not found")
    assert api.refused("POST", path, {"metadata": {f"k{n}": "" for n in range(129)}}) == (
        403,
        "Maximum number of metadata items exceeds 128",
    )
    assert api.refused("POST", path, {"metadata": {"a": None}})[0] == 400
    with api.world.database.write() as c:
        c.execute(sa.update(servers).where(servers.c.id == server_id).values(vm_state="building"))
    assert api.refused("POST", path, {"metadata": {"a": "b"}}) == (
        409,
        f"Cannot 'update metadata' instance {server_id} while it is in vm_state building",
    )


def test_tags(api: Api) -> None:
    server_id = api.build()
    path = f"/servers/{server_id}/tags"
    assert api.call("GET", path, at="2.25").status_code == 404
    assert api.get(path) == {"tags": []}
    made = api.call("PUT", path + "/red")
    assert made.status_code == 201
    assert made.headers["Location"].endswith(f"{path}/red")
    assert api.call("PUT", path + "/red").status_code == 204
    assert api.call("GET", path + "/red").status_code == 204
    assert api.refused("GET", path + "/blue") == (404, f"Server {server_id} has no tag 'blue'")
    assert api.call("PUT", path, {"tags": ["b", "a", "a"]}).json() == {"tags": ["a", "b"]}
    assert api.call("DELETE", path + "/a").status_code == 204
    assert api.refused("DELETE", path + "/a")[0] == 404
    assert api.call("DELETE", path).status_code == 204
    assert api.get(path) == {"tags": []}
    assert api.refused("PUT", path + "/a,b")[0] == 400
    assert api.refused("PUT", path + "/" + "x" * 61)[0] == 400
    assert api.refused("PUT", path, {"tags": [f"t{n}" for n in range(51)]})[0] == 400
    api.call("PUT", path, {"tags": [f"t{n}" for n in range(50)]})
    assert api.refused("PUT", path + "/more")[0] == 400


def test_addresses(api: Api) -> None:
    server_id = api.build()
    found = api.get(f"/servers/{server_id}/ips")["addresses"]
    assert set(found["private"][0]) == {"version", "addr"}
    assert api.get(f"/servers/{server_id}/ips/private") == {"private": found["private"]}
    assert api.refused("GET", f"/servers/{server_id}/ips/nope") == (
        404,
        "Instance is not a member of specified network",
    )


def test_console_output(api: Api) -> None:
    server_id = api.build()
    path = f"/servers/{server_id}/action"
    answer = api.call("POST", path, {"os-getConsoleOutput": {}})
    assert answer.status_code == 200
    text = answer.json()["output"]
    assert text
    assert api.call("POST", path, {"os-getConsoleOutput": {"length": 1}}).json()["output"] == text.split("\n")[-1]
    assert api.call("POST", path, {"os-getConsoleOutput": {"length": "-1"}}).json()["output"] == text
    assert api.refused("POST", path, {"os-getConsoleOutput": {"length": "x"}})[0] == 400
    assert api.refused("POST", path, {"os-getConsoleOutput": {"size": 1}})[0] == 400
    assert api.refused("POST", path, {"os-getConsoleOutput": {}}, who="reader")[0] == 403


def test_other_actions_are_refused_honestly(api: Api) -> None:
    server_id = api.build()
    path = f"/servers/{server_id}/action"
    status, message = api.refused("POST", path, {"reboot": {"type": "HARD"}})
    assert (status, message) == (501, "The action 'reboot' is not available in this version of micronova.")
    assert api.refused("POST", path, {"levitate": None}) == (400, "There is no such action: levitate")
    assert api.refused("POST", path, {})[0] == 400
    assert api.refused("POST", path, {"a": 1, "b": 2})[0] == 400
