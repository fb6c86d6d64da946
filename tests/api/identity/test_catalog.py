"""/v3/regions, /v3/services, /v3/endpoints, and what of them a token shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.identity.conftest import Cloud


def _catalog(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    return {one["type"]: one["endpoints"] for one in cloud.demo.get("/auth/catalog")["catalog"]}


def test_regions(cloud: Cloud) -> None:
    admin = cloud.admin
    assert [one["id"] for one in admin.get("/regions")["regions"]] == ["RegionOne"]
    made = admin.post("/regions", {"region": {"id": "north", "description": "d", "parent_region_id": "RegionOne"}})
    assert made["region"] == {
        "id": "north",
        "description": "d",
        "parent_region_id": "RegionOne",
        "links": {"self": "http://cloud.test:8774/identity/v3/regions/north"},
    }
    admin.post("/regions", {"region": {"id": "north"}}, 409)
    admin.post("/regions", {"region": {"parent_region_id": "nowhere"}}, 404)
    assert len(admin.post("/regions", {"region": {}})["region"]["id"]) == 32
    assert admin.put("/regions/south", 201, {"region": {}}).json()["region"]["id"] == "south"
    admin.put("/regions/south", 400, {"region": {"id": "west"}})
    admin.patch("/regions/RegionOne", {"region": {"parent_region_id": "north"}}, 400)
    assert admin.patch("/regions/north", {"region": {"description": "e"}})["region"]["description"] == "e"
    assert [one["id"] for one in admin.get("/regions?parent_region_id=RegionOne")["regions"]] == ["north"]
    admin.delete("/regions/RegionOne", 409)
    admin.delete("/regions/north")
    admin.get("/regions/north", 404)
    assert cloud.demo.get("/regions")["regions"]
    cloud.demo.post("/regions", {"region": {}}, 403)


def test_services_and_endpoints(cloud: Cloud) -> None:
    admin = cloud.admin
    service = admin.make("service", type="dns", name="designate", description="d")
    assert service == {
        "id": service["id"],
        "type": "dns",
        "name": "designate",
        "description": "d",
        "enabled": True,
        "links": {"self": f"http://cloud.test:8774/identity/v3/services/{service['id']}"},
    }
    url = "http://dns.test/%(tenant_id)s"
    endpoint = admin.make("endpoint", service_id=service["id"], interface="public", url=url, region_id="RegionOne")
    assert endpoint == {
        "id": endpoint["id"],
        "service_id": service["id"],
        "interface": "public",
        "url": url,
        "region": "RegionOne",
        "region_id": "RegionOne",
        "enabled": True,
        "links": {"self": f"http://cloud.test:8774/identity/v3/endpoints/{endpoint['id']}"},
    }
    assert _catalog(cloud)["dns"] == [
        {
            "id": endpoint["id"],
            "interface": "public",
            "region": "RegionOne",
            "region_id": "RegionOne",
            "url": f"http://dns.test/{cloud.first.project_ids['demo']}",
        }
    ]
    admin.patch(f"/endpoints/{endpoint['id']}", {"endpoint": {"enabled": False}})
    assert "dns" not in _catalog(cloud)
    admin.patch(f"/endpoints/{endpoint['id']}", {"endpoint": {"enabled": True}})
    admin.patch(f"/services/{service['id']}", {"service": {"enabled": False}})
    assert "dns" not in _catalog(cloud)
    assert [one["id"] for one in admin.get(f"/endpoints?service_id={service['id']}")["endpoints"]] == [endpoint["id"]]
    assert len(admin.get("/endpoints?interface=admin")["endpoints"]) == 5
    assert [one["id"] for one in admin.get("/services?name=designate")["services"]] == [service["id"]]
    assert [one["id"] for one in admin.get("/services?type=dns")["services"]] == [service["id"]]
    admin.delete(f"/services/{service['id']}")
    admin.get(f"/endpoints/{endpoint['id']}", 404)
    cloud.demo.get("/services", 403)
    cloud.demo.get("/endpoints", 403)


def test_built_in_services_can_be_changed_but_not_deleted(cloud: Cloud) -> None:
    admin = cloud.admin
    [compute] = admin.get("/services?type=compute")["services"]
    admin.delete(f"/services/{compute['id']}", 403)
    [public] = admin.get(f"/endpoints?service_id={compute['id']}&interface=public")["endpoints"]
    assert public["url"] == "http://cloud.test:8774/compute/v2.1"
    admin.patch(f"/endpoints/{public['id']}", {"endpoint": {"url": "https://nova.test/v2.1"}})
    assert "https://nova.test/v2.1" in {one["url"] for one in _catalog(cloud)["compute"]}


@pytest.mark.parametrize(
    "endpoint",
    [
        {},
        {"interface": "public", "url": "http://x"},
        {"interface": "sideways", "url": "http://x", "service_id": "SERVICE"},
        {"interface": "public", "url": "", "service_id": "SERVICE"},
        {"interface": "public", "url": "http://x/%(password)s", "service_id": "SERVICE"},
        {"interface": "public", "url": "http://x", "service_id": "nothing"},
        {"interface": "public", "url": "http://x", "service_id": "SERVICE", "region_id": "nowhere"},
    ],
)
def test_refused_endpoints(cloud: Cloud, endpoint: dict[str, str]) -> None:
    [compute] = cloud.admin.get("/services?type=compute")["services"]
    body = {name: compute["id"] if value == "SERVICE" else value for name, value in endpoint.items()}
    cloud.admin.post("/endpoints", {"endpoint": body}, 400)


def test_a_region_by_its_old_name_comes_into_being(cloud: Cloud) -> None:
    [compute] = cloud.admin.get("/services?type=compute")["services"]
    cloud.admin.make("endpoint", service_id=compute["id"], interface="public", url="http://x", region="new")
    assert cloud.admin.get("/regions/new")["region"]["id"] == "new"
