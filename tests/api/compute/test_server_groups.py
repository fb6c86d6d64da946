"""Server groups, tenant usage and extensions through HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from micronova.compute import quotas, server_groups
from micronova.compute.api import QuotaLimits
from micronova.model.errors import QuotaExceeded
from tests.api.compute.conftest import FOREIGN, OWN, Cloud, message
from tests.api.compute.rows import add_server

OLD = {"id", "name", "members", "policies", "metadata"}


def make(cloud: Cloud, version: str, who: str = "member", **values: Any) -> Any:
    return cloud.post("/os-server-groups", {"server_group": {"name": "g", **values}}, as_=who, version=version)


@pytest.mark.parametrize(
    ("version", "body", "fields"),
    [
        ("2.1", {"policies": ["affinity"]}, OLD),
        ("2.13", {"policies": ["affinity"]}, OLD | {"project_id", "user_id"}),
        ("2.64", {"policy": "affinity"}, {"id", "name", "members", "policy", "rules", "project_id", "user_id"}),
    ],
)
def test_forms(cloud: Cloud, version: str, body: dict[str, Any], fields: set[str]) -> None:
    made = make(cloud, version, **body)
    assert made.status_code == 200
    group = made.json()["server_group"]
    assert set(group) == fields
    assert cloud.get(f"/os-server-groups/{group['id']}", as_="reader", version=version).json() == made.json()
    assert cloud.get("/os-server-groups", as_="reader", version=version).json() == {"server_groups": [group]}
    assert cloud.delete(f"/os-server-groups/{group['id']}", as_="member").status_code == 204
    gone = cloud.get(f"/os-server-groups/{group['id']}")
    assert (gone.status_code, message(gone)) == (404, f"Instance group {group['id']} could not be found.")


@pytest.mark.parametrize(
    ("version", "wrong"),
    [
        ("2.1", {"policies": ["soft-affinity"]}),
        ("2.1", {"policies": []}),
        ("2.1", {"policies": ["affinity", "anti-affinity"]}),
        ("2.1", {"policy": "affinity"}),
        ("2.64", {"policies": ["affinity"]}),
        ("2.64", {"policy": "friends"}),
        ("2.64", {"policy": "affinity", "rules": {"max_server_per_host": 2}}),
        ("2.64", {"policy": "anti-affinity", "rules": {"max_server_per_host": 0}}),
        ("2.64", {"policy": "anti-affinity", "rules": {"colour": 1}}),
        ("2.64", {"policy": "affinity", "name": ""}),
        ("2.64", {}),
    ],
)
def test_bad_groups(cloud: Cloud, version: str, wrong: dict[str, Any]) -> None:
    assert make(cloud, version, **wrong).status_code == 400
    assert cloud.get("/os-server-groups", as_="member").json() == {"server_groups": []}


def test_rules(cloud: Cloud) -> None:
    made = make(cloud, "2.64", policy="anti-affinity", rules={"max_server_per_host": "3"})
    assert made.json()["server_group"]["rules"] == {"max_server_per_host": 3}


def test_members_are_live_servers_and_are_limited(cloud: Cloud) -> None:
    group_id = make(cloud, "2.64", policy="affinity").json()["server_group"]["id"]
    with cloud.database.write() as conn:
        group = server_groups.get(conn, group_id, project_id=OWN)
        live, dead = add_server(conn, project_id=OWN), add_server(conn, project_id=OWN, deleted=True)
        server_groups.add_member(conn, QuotaLimits(server_group_members=1), group, dead)
        server_groups.add_member(conn, QuotaLimits(server_group_members=1), group, live)
        with pytest.raises(QuotaExceeded):
            server_groups.add_member(conn, QuotaLimits(server_group_members=1), group, add_server(conn, project_id=OWN))
        assert server_groups.of_servers(conn, [live]) == {live: [group_id]}
    shown = cloud.get(f"/os-server-groups/{group_id}", as_="reader").json()["server_group"]
    assert shown["members"] == [live]


def test_foreign_groups_do_not_exist(cloud: Cloud) -> None:
    group_id = make(cloud, "2.64", policy="affinity").json()["server_group"]["id"]
    for call in ("get", "delete"):
        assert getattr(cloud, call)(f"/os-server-groups/{group_id}", as_="foreigner").status_code == 404
    assert cloud.get("/os-server-groups?all_projects=1", as_="foreigner").json() == {"server_groups": []}
    assert len(cloud.get("/os-server-groups?all_projects=1").json()["server_groups"]) == 1
    assert make(cloud, "2.64", "reader", policy="affinity").status_code == 403
    assert cloud.delete(f"/os-server-groups/{group_id}", as_="reader").status_code == 403


def test_quota(cloud: Cloud) -> None:
    with cloud.database.write() as conn:
        quotas.update(conn, cloud.api.settings.quota, OWN, {"server_groups": 1})
    assert make(cloud, "2.64", policy="affinity").status_code == 200
    refused = make(cloud, "2.64", policy="affinity")
    assert (refused.status_code, message(refused)) == (403, "Quota exceeded, too many server groups.")


def test_tenant_usage(cloud: Cloud) -> None:
    with cloud.database.write() as conn:
        first = add_server(
            conn,
            project_id=OWN,
            vcpus=2,
            memory_mib=100,
            launched_at=datetime(2026, 1, 1, 10),
            terminated_at=datetime(2026, 1, 1, 13),
            deleted=True,
        )
        add_server(conn, project_id=FOREIGN, launched_at=datetime(2026, 1, 1, 11))
        add_server(conn, project_id=OWN, launched_at=datetime(2026, 2, 1))
    span = "start=2026-01-01T11:00:00&end=2026-01-01T15:00:00"
    usage = cloud.get(f"/os-simple-tenant-usage/{OWN}?{span}", as_="reader").json()["tenant_usage"]
    assert (usage["total_hours"], usage["total_vcpus_usage"], usage["total_memory_mb_usage"]) == (2.0, 4.0, 200.0)
    [server] = usage["server_usages"]
    assert (server["instance_id"], server["hours"], server["state"], server["flavor"]) == (
        first,
        2.0,
        "terminated",
        "small",
    )
    usages = cloud.get(f"/os-simple-tenant-usage?{span}").json()["tenant_usages"]
    assert {one["tenant_id"]: one["total_hours"] for one in usages} == {OWN: 2.0, FOREIGN: 4.0}
    page = cloud.get(f"/os-simple-tenant-usage?{span}&limit=1&detailed=1", version="2.40").json()
    assert page["tenant_usages_links"][0]["href"].endswith(f"marker={first}")
    assert cloud.get("/os-simple-tenant-usage", as_="member").status_code == 403
    assert cloud.get(f"/os-simple-tenant-usage/{OWN}", as_="foreigner").status_code == 403
    assert cloud.get("/os-simple-tenant-usage?start=tomorrow").status_code == 400
    assert cloud.get("/os-simple-tenant-usage?start=2026-01-02T00:00:00&end=2026-01-01T00:00:00").status_code == 400


def test_extensions(cloud: Cloud) -> None:
    extensions = cloud.get("/extensions", as_="outcast").json()["extensions"]
    assert {"os-keypairs", "os-flavor-access", "OS-EXT-STS"} <= {one["alias"] for one in extensions}
    assert cloud.get("/extensions/os-keypairs").json()["extension"]["alias"] == "os-keypairs"
    assert cloud.get("/extensions/os-nothing").status_code == 404
