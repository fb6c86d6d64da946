"""Flavors through HTTP, as clients use them, at the microversions that changed them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.compute.conftest import FOREIGN, OWN, Cloud, message

SMALL = {"name": "small", "ram": 512, "vcpus": 1, "disk": 10}


def make(cloud: Cloud, **values: Any) -> Any:
    answer = cloud.post("/flavors", {"flavor": {**SMALL, **values}})
    assert answer.status_code == 200, answer.text
    return answer.json()["flavor"]


def test_create_shows_all_fields_of_2_1(cloud: Cloud) -> None:
    flavor = make(cloud, id="7", **{"OS-FLV-EXT-DATA:ephemeral": "5", "rxtx_factor": "2.5"})
    assert flavor == {
        "id": "7",
        "name": "small",
        "ram": 512,
        "vcpus": 1,
        "disk": 10,
        "swap": "",
        "rxtx_factor": 2.5,
        "OS-FLV-EXT-DATA:ephemeral": 5,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": True,
        "links": [
            {"rel": "self", "href": "http://testserver/compute/v2.1/flavors/7"},
            {"rel": "bookmark", "href": "http://testserver/compute/flavors/7"},
        ],
    }
    assert cloud.get("/flavors/7", as_="reader").json() == {"flavor": flavor}


@pytest.mark.parametrize(
    ("version", "present", "absent"),
    [
        ("2.54", {"rxtx_factor"}, {"description", "extra_specs"}),
        ("2.55", {"rxtx_factor", "description"}, {"extra_specs"}),
        ("2.61", {"rxtx_factor", "description", "extra_specs", "OS-FLV-DISABLED:disabled"}, set()),
        ("2.102", {"description", "extra_specs"}, {"rxtx_factor", "OS-FLV-DISABLED:disabled"}),
    ],
)
def test_fields_by_version(cloud: Cloud, version: str, present: set[str], absent: set[str]) -> None:
    make(cloud, id="7")
    for path in ("/flavors/7", "/flavors/detail"):
        document = cloud.get(path, version=version).json()
        flavor = document["flavor"] if "flavor" in document else document["flavors"][0]
        assert present <= set(flavor)
        assert not absent & set(flavor)
        assert flavor["swap"] == (0 if version == "2.102" else "")


def test_a_flavor_without_id_gets_a_uuid_and_a_number_is_text(cloud: Cloud) -> None:
    assert len(make(cloud, name="a")["id"]) == 36
    assert len(make(cloud, name="b", id=None)["id"]) == 36
    assert make(cloud, name="c", id=12)["id"] == "12"


@pytest.mark.parametrize(
    "wrong",
    [
        {"ram": 0},
        {"ram": "0"},
        {"ram": -1},
        {"ram": 2**31},
        {"ram": str(2**31)},
        {"ram": "9" * 100},
        {"ram": True},
        {"ram": 1.5},
        {"vcpus": "abc"},
        {"disk": -1},
        {"swap": None},
        {"name": ""},
        {"name": " small"},
        {"name": "x" * 256},
        {"name": "new\nline"},
        {"id": ""},
        {"id": " 7"},
        {"id": "7\n"},
        {"id": "ü"},
        {"unknown": 1},
        {"description": "not before 2.55"},
        {"os-flavor-access:is_public": "maybe"},
        {"rxtx_factor": 0},
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(cloud: Cloud, wrong: dict[str, Any]) -> None:
    answer = cloud.post("/flavors", {"flavor": {**SMALL, **wrong}})
    assert answer.status_code == 400
    assert "badRequest" in answer.json()
    assert next(iter(wrong)) in message(answer)
    assert cloud.get("/flavors?is_public=None").json() == {"flavors": []}


def test_ids_and_names_are_taken_once(cloud: Cloud) -> None:
    make(cloud, id="7")
    same_id = cloud.post("/flavors", {"flavor": {**SMALL, "name": "other", "id": "7"}})
    assert (same_id.status_code, message(same_id)) == (409, "Flavor with ID 7 already exists.")
    same_name = cloud.post("/flavors", {"flavor": {**SMALL, "id": "8"}})
    assert (same_name.status_code, message(same_name)) == (409, "Flavor with name small already exists.")


def test_only_the_description_changes(cloud: Cloud) -> None:
    make(cloud, id="7")
    assert cloud.put("/flavors/7", {"flavor": {"description": "d"}}, version="2.54").status_code == 404
    changed = cloud.put("/flavors/7", {"flavor": {"description": "line 1\nline 2"}}, version="2.55")
    assert changed.status_code == 200
    assert changed.json()["flavor"]["description"] == "line 1\nline 2"
    assert cloud.put("/flavors/7", {"flavor": {"description": None}}, version="2.55").status_code == 200
    assert cloud.put("/flavors/7", {"flavor": {"ram": 1}}, version="2.55").status_code == 400
    assert cloud.put("/flavors/8", {"flavor": {"description": "d"}}, version="2.55").status_code == 404


def test_delete(cloud: Cloud) -> None:
    make(cloud, id="7")
    assert cloud.delete("/flavors/7").status_code == 202
    gone = cloud.delete("/flavors/7")
    assert (gone.status_code, message(gone)) == (404, "Flavor 7 could not be found.")
    make(cloud, id="7")


def test_list_filters(cloud: Cloud) -> None:
    make(cloud, id="a", name="one", ram=100, disk=1)
    make(cloud, id="b", name="two", ram=200, disk=2)
    make(cloud, id="c", name="three", ram=300, disk=0)
    assert ids(cloud, "?minRam=200") == ["b", "c"]
    assert ids(cloud, "?minDisk=1&minRam=150") == ["b"]
    for wrong in ("minRam=x", "minDisk=-"):
        assert cloud.get(f"/flavors?{wrong}").status_code == 400


def test_list_sorts(cloud: Cloud) -> None:
    make(cloud, id="a", name="n2", ram=100, vcpus=2)
    make(cloud, id="b", name="n1", ram=100, vcpus=1)
    make(cloud, id="c", name="n3", ram=50, vcpus=1)
    assert ids(cloud, "?sort_key=name") == ["b", "a", "c"]
    assert ids(cloud, "?sort_key=name&sort_dir=desc") == ["c", "a", "b"]
    assert ids(cloud, "?sort_key=memory_mb&sort_key=vcpus&sort_dir=desc&sort_dir=asc") == ["b", "a", "c"]
    assert cloud.get("/flavors?sort_key=password").status_code == 400
    assert cloud.get("/flavors?sort_dir=up").status_code == 400
    assert cloud.get("/flavors?sort_key=rxtx_factor", version="2.101").status_code == 200
    assert cloud.get("/flavors?sort_key=rxtx_factor", version="2.102").status_code == 400


def test_list_pages(cloud: Cloud) -> None:
    for n in range(7):
        make(cloud, id=str(n), name=f"n{n}")
    first = cloud.get("/flavors?limit=3").json()
    assert [flavor["id"] for flavor in first["flavors"]] == ["0", "1", "2"]
    assert first["flavors_links"] == [
        {"rel": "next", "href": "http://testserver/compute/v2.1/flavors?limit=3&marker=2"}
    ]
    assert ids(cloud, "?limit=3&marker=2") == ["3", "4", "5"]
    last = cloud.get("/flavors?limit=3&marker=5").json()
    assert [flavor["id"] for flavor in last["flavors"]] == ["6"]
    assert "flavors_links" not in last
    assert len(ids(cloud, "")) == 5  # [api]max_limit
    assert message(cloud.get("/flavors?marker=x")) == "marker [x] not found"
    assert cloud.get("/flavors?limit=-1").status_code == 400
    assert "limit" in message(cloud.get("/flavors?limit=abc"))


def test_search_by_name_since_2_102(cloud: Cloud) -> None:
    make(cloud, id="a", name="m1.small")
    make(cloud, id="b", name="ci.m1.small")
    make(cloud, id="c", name="m2.small")
    assert ids(cloud, "?name=m1", "2.102") == ["a", "b"]
    assert ids(cloud, "?name=%5Em1", "2.102") == ["a"]
    assert cloud.get("/flavors?name=m1", version="2.101").status_code == 400
    assert ids(cloud, "?name=m1", "2.74") == ["a", "b", "c"]  # unknown parameters were ignored then
    for hostile in ("(", "(a*)*", "(a|a)*b", "a*a*a*a*a*"):
        assert cloud.raw_query("/flavors", name=hostile, version="2.102").status_code == 400


def test_unknown_query_parameters_are_refused_since_2_75(cloud: Cloud) -> None:
    assert cloud.get("/flavors?foo=1", version="2.74").status_code == 200
    assert cloud.get("/flavors?foo=1", version="2.75").status_code == 400


@pytest.mark.parametrize("path", ["/flavors", "/flavors/7", "/flavors/7/os-extra_specs", "/flavors/7/os-flavor-access"])
def test_writing_needs_the_admin(cloud: Cloud, path: str) -> None:
    make(cloud, id="7")
    bodies: dict[str, tuple[str, object]] = {
        "/flavors": ("POST", {"flavor": SMALL}),
        "/flavors/7": ("DELETE", None),
        "/flavors/7/os-extra_specs": ("POST", {"extra_specs": {"a": "b"}}),
        "/flavors/7/os-flavor-access": ("GET", None),
    }
    method, body = bodies[path]
    answer = cloud.call(method, path, body, as_="member")
    assert answer.status_code == 403
    assert message(answer).startswith("Policy doesn't allow os_compute_api:os-flavor-")


def test_t_api5_private_flavors_exist_only_for_their_projects(cloud: Cloud) -> None:
    """T-API5 (OSSA-2013-019, -024)."""
    make(cloud, id="secret", name="secret", **{"os-flavor-access:is_public": False})
    cloud.post("/flavors/secret/os-extra_specs", {"extra_specs": {"k": "v"}})
    for path in ("/flavors/secret", "/flavors/secret/os-extra_specs", "/flavors/secret/os-extra_specs/k"):
        refused = cloud.get(path, as_="foreigner")
        absent = cloud.get(path.replace("secret", "absent"), as_="foreigner")
        assert refused.status_code == absent.status_code == 404
        assert message(refused).replace("secret", "absent") == message(absent)
    for listing in ("/flavors", "/flavors/detail", "/flavors?is_public=None", "/flavors?is_public=false"):
        assert cloud.get(listing, as_="foreigner").json()["flavors"] == []
    assert ids(cloud, "?is_public=None") == ["secret"]
    assert ids(cloud, "?is_public=false") == ["secret"]
    assert ids(cloud, "") == []

    added = cloud.post("/flavors/secret/action", {"addTenantAccess": {"tenant": FOREIGN}})
    assert added.json() == {"flavor_access": [{"flavor_id": "secret", "tenant_id": FOREIGN}]}
    assert cloud.get("/flavors/secret", as_="foreigner").status_code == 200
    assert [flavor["id"] for flavor in cloud.get("/flavors", as_="foreigner").json()["flavors"]] == ["secret"]
    assert cloud.get("/flavors/secret", as_="member").status_code == 404

    removed = cloud.post("/flavors/secret/action", {"removeTenantAccess": {"tenant": FOREIGN}})
    assert removed.json() == {"flavor_access": []}
    assert cloud.get("/flavors/secret", as_="foreigner").status_code == 404


def test_access_of_wrong_flavors_and_projects(cloud: Cloud) -> None:
    make(cloud, id="public", name="public")
    make(cloud, id="private", name="private", **{"os-flavor-access:is_public": False})
    assert cloud.get("/flavors/public/os-flavor-access").status_code == 404
    add = {"addTenantAccess": {"tenant": OWN}}
    assert cloud.post("/flavors/public/action", add, version="2.6").status_code == 200
    assert cloud.post("/flavors/public/action", add, version="2.7").status_code == 409
    assert cloud.post("/flavors/private/action", add).status_code == 200
    assert cloud.post("/flavors/private/action", add).status_code == 409
    assert cloud.post("/flavors/private/action", {"removeTenantAccess": {"tenant": FOREIGN}}).status_code == 404
    assert cloud.post("/flavors/private/action", {"removeTenantAccess": {}}).status_code == 400
    assert cloud.post("/flavors/private/action", {"explode": {"tenant": OWN}}).status_code == 400
    assert cloud.post("/flavors/private/action", {}).status_code == 400


def test_extra_specs(cloud: Cloud) -> None:
    make(cloud, id="7")
    path = "/flavors/7/os-extra_specs"
    assert cloud.post(path, {"extra_specs": {"a": "1", "b": 2}}).json() == {"extra_specs": {"a": "1", "b": "2"}}
    assert cloud.get(path, as_="reader").json() == {"extra_specs": {"a": "1", "b": "2"}}
    assert cloud.put(f"{path}/a", {"a": "3"}).json() == {"a": "3"}
    assert cloud.get(f"{path}/a", as_="reader").json() == {"a": "3"}
    assert cloud.get("/flavors/7", version="2.61").json()["flavor"]["extra_specs"] == {"a": "3", "b": "2"}
    assert message(cloud.put(f"{path}/a", {"b": "3"})) == "Request body and URI mismatch"
    assert cloud.put(f"{path}/a", {"a": "1", "b": "2"}).status_code == 400
    assert cloud.delete(f"{path}/a").status_code == 200
    assert message(cloud.delete(f"{path}/a")) == "Flavor 7 has no extra specs with key a."
    assert cloud.get(f"{path}/a").status_code == 404
    assert cloud.delete("/flavors/7").status_code == 202


@pytest.mark.parametrize("key", ["", "a/b", "a\n", "ü", "x" * 256, "a=b", "quote'"])
def test_extra_spec_keys_have_plain_characters(cloud: Cloud, key: str) -> None:
    make(cloud, id="7")
    assert cloud.post("/flavors/7/os-extra_specs", {"extra_specs": {key: "v"}}).status_code == 400
    assert cloud.get("/flavors/7/os-extra_specs").json() == {"extra_specs": {}}


def test_extra_specs_are_checked_since_2_86(cloud: Cloud) -> None:
    make(cloud, id="7")
    wrong = {"extra_specs": {"hw:cpu_policy": "dedicatd"}}
    assert cloud.post("/flavors/7/os-extra_specs", wrong, version="2.85").status_code == 200
    refused = cloud.post("/flavors/7/os-extra_specs", wrong, version="2.86")
    assert refused.status_code == 400
    assert message(refused) == (
        "Validation failed; 'dedicatd' is not one of: dedicated, shared, mixed (extra spec 'hw:cpu_policy')."
    )
    one = cloud.put("/flavors/7/os-extra_specs/hw:cpu_sokets", {"hw:cpu_sokets": "1"}, version="2.86")
    assert message(one) == (
        "Validation failed; extra spec 'hw:cpu_sokets' does not appear to be a valid extra spec."
        " Did you mean 'hw:cpu_sockets'?"
    )


def ids(cloud: Cloud, query: str, version: str = "2.1") -> list[str]:
    answer = cloud.get(f"/flavors{query}", version=version)
    assert answer.status_code == 200, answer.text
    return [flavor["id"] for flavor in answer.json()["flavors"]]
