"""Version documents and the negotiation of microversions, as clients begin with them."""

from __future__ import annotations

import pytest

from micronova.compute.versions import HISTORY, MAXIMUM
from tests.api.compute.conftest import OWN, Cloud, message

V21 = {
    "id": "v2.1",
    "status": "CURRENT",
    "version": "2.104",
    "min_version": "2.1",
    "updated": "2013-07-23T11:33:21Z",
    "links": [{"rel": "self", "href": "http://testserver/compute/v2.1/"}],
}


@pytest.mark.parametrize("url", ["/compute", "/compute/"])
def test_the_list(cloud: Cloud, url: str) -> None:
    answer = cloud.raw("GET", url)
    assert answer.status_code == 200
    assert answer.json() == {"versions": [V21]}


@pytest.mark.parametrize("url", ["/compute/v2.1", "/compute/v2.1/"])
def test_one_version(cloud: Cloud, url: str) -> None:
    version = cloud.raw("GET", url).json()["version"]
    assert {key: version[key] for key in ("id", "status", "version", "min_version")} == {
        key: V21[key] for key in ("id", "status", "version", "min_version")
    }
    assert version["links"][0] == {"rel": "self", "href": "http://testserver/compute/v2.1/"}
    assert version["media-types"][0]["base"] == "application/json"


def test_what_is_not_there_is_not_promised(cloud: Cloud) -> None:
    assert cloud.raw("GET", "/compute/v2").status_code == 404
    assert cloud.raw("GET", "/compute/v3").status_code == 404


@pytest.mark.parametrize(
    ("headers", "answered"),
    [
        ({}, "2.1"),
        ({"OpenStack-API-Version": "compute 2.53"}, "2.53"),
        ({"OpenStack-API-Version": "volume 3.1, compute 2.53"}, "2.53"),
        ({"X-OpenStack-Nova-API-Version": "2.10"}, "2.10"),
        ({"OpenStack-API-Version": "compute latest"}, "2.104"),
        ({"OpenStack-API-Version": "compute 2.60", "X-OpenStack-Nova-API-Version": "2.10"}, "2.60"),
    ],
)
def test_both_headers(cloud: Cloud, headers: dict[str, str], answered: str) -> None:
    answer = cloud.raw("GET", "/compute/v2.1/flavors", {"X-Auth-Token": "reader", **headers})
    assert answer.status_code == 200
    assert answer.headers["OpenStack-API-Version"] == f"compute {answered}"
    assert answer.headers["X-OpenStack-Nova-API-Version"] == answered
    assert answer.headers["Vary"] == "OpenStack-API-Version, X-OpenStack-Nova-API-Version"


@pytest.mark.parametrize(("version", "status"), [("2.105", 406), ("3.0", 406), ("2", 400), ("2.x", 400), ("2.0", 406)])
def test_versions_that_are_not_spoken(cloud: Cloud, version: str, status: int) -> None:
    answer = cloud.get("/flavors", version=version)
    assert answer.status_code == status
    assert version in message(answer)


def test_request_ids(cloud: Cloud) -> None:
    answer = cloud.get("/flavors")
    assert answer.headers["X-Compute-Request-Id"] == answer.headers["X-Openstack-Request-Id"]
    assert answer.headers["X-Compute-Request-Id"].startswith("req-")


def test_the_project_in_the_path_is_optional(cloud: Cloud) -> None:
    with_project = cloud.raw("GET", f"/compute/v2.1/{OWN}/flavors", {"X-Auth-Token": "reader"})
    assert with_project.status_code == 200
    assert with_project.json() == cloud.get("/flavors").json()


def test_error_documents(cloud: Cloud) -> None:
    assert cloud.get("/nothing").json() == {
        "itemNotFound": {"code": 404, "message": "The resource could not be found."}
    }
    wrong_method = cloud.call("PATCH", "/flavors")
    assert (wrong_method.status_code, list(wrong_method.json())) == (405, ["badMethod"])
    assert wrong_method.headers["Allow"] == "GET, POST"
    flavor = {"flavor": {"name": "a", "ram": 1, "vcpus": 1, "disk": 0}}
    assert "forbidden" in cloud.post("/flavors", flavor, as_="member").json()


def test_the_history_is_complete() -> None:
    assert list(HISTORY) == list(range(1, 105))
    assert (2, max(HISTORY)) == MAXIMUM
    for line in HISTORY.values():
        assert line.endswith(".")
        assert len(line) > 10
    assert len(set(HISTORY.values())) == len(HISTORY)
