"""Hypervisors, services, hosts, zones and aggregates through HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from micronova.compute import host_registry
from micronova.db.tables.compute_resources import compute_services
from micronova.host.interface import HostUsage
from micronova.model.clock import utcnow
from tests.api.compute.conftest import FOREIGN, OWN, Cloud, message
from tests.api.compute.rows import add_host, add_server

AMOUNTS = {
    *("vcpus", "memory_mb", "local_gb", "vcpus_used", "memory_mb_used", "local_gb_used", "free_ram_mb"),
    *("free_disk_gb", "current_workload", "running_vms", "cpu_info", "disk_available_least"),
}
ALWAYS = {
    *("id", "hypervisor_hostname", "state", "status", "hypervisor_type", "hypervisor_version", "host_ip", "service"),
}


def setup(cloud: Cloud, *names: str) -> list[host_registry.ComputeNode]:
    with cloud.database.write() as conn:
        host_registry.register_control(conn, "control1")
        return [add_host(conn, name) for name in names]


def silence(cloud: Cloud, host: str) -> None:
    """The host said long ago that it lives."""
    with cloud.database.write() as conn:
        conn.execute(
            sa.update(compute_services)
            .where(compute_services.c.host == host)
            .values(heartbeat_at=utcnow() - timedelta(seconds=61))
        )


def test_registering_again_keeps_ids_and_what_an_admin_set(cloud: Cloud) -> None:
    [before] = setup(cloud, "host1")
    cloud.put("/os-services/disable-log-reason", {"host": "host1", "binary": "nova-compute", "disabled_reason": "r"})
    [after] = setup(cloud, "host1")
    assert (after.id, after.uuid, after.service_id) == (before.id, before.uuid, before.service_id)
    services = cloud.get("/os-services?host=host1").json()["services"]
    assert [(s["status"], s["disabled_reason"]) for s in services] == [("disabled", "r")]


def test_heartbeat_brings_a_host_back_with_its_usage(cloud: Cloud) -> None:
    setup(cloud, "host1", "host2")
    silence(cloud, "host1")
    assert states(cloud) == {"host1": "down", "host2": "up"}
    with cloud.database.read() as conn:
        assert host_registry.usable_hosts(conn, utcnow(), 60) == {"host2"}
    with cloud.database.write() as conn:
        used = HostUsage(running_vms=9, memory_used_mib=1, disk_used_gib=1, disk_free_gib=1)
        host_registry.heartbeat(conn, "host1", used)
    assert states(cloud) == {"host1": "up", "host2": "up"}
    detail = cloud.get("/os-hypervisors/detail").json()["hypervisors"]
    assert [one["running_vms"] for one in detail] == [9, 2]


@pytest.mark.parametrize(
    ("version", "fields"),
    [("2.1", ALWAYS | AMOUNTS), ("2.53", ALWAYS | AMOUNTS), ("2.87", ALWAYS | AMOUNTS), ("2.88", ALWAYS | {"uptime"})],
)
def test_fields_of_a_hypervisor(cloud: Cloud, version: str, fields: set[str]) -> None:
    [node] = setup(cloud, "host1")
    with cloud.database.write() as conn:
        add_server(conn, project_id=OWN, vcpus=3, host="host1", task_state="rebooting")
        add_server(conn, project_id=OWN, vcpus=5, host="host1", deleted=True)
    as_uuid = version != "2.1"
    node_id = node.uuid if as_uuid else node.id
    one = cloud.get(f"/os-hypervisors/{node_id}", version=version).json()["hypervisor"]
    [listed] = cloud.get("/os-hypervisors/detail", version=version).json()["hypervisors"]
    assert one == listed
    assert set(one) == fields
    assert one["id"] == node_id
    assert isinstance(one["service"]["id"], str if as_uuid else int)
    if version == "2.88":
        assert one["uptime"] == "up 3 days"
    else:
        assert one["cpu_info"] == (
            {"arch": "x86_64", "model": "Nehalem"} if as_uuid else '{"arch":"x86_64","model":"Nehalem"}'
        )
        assert (one["vcpus_used"], one["current_workload"], one["free_ram_mb"]) == (3, 1, 15360)
    [short] = cloud.get("/os-hypervisors", version=version).json()["hypervisors"]
    assert short == {k: one[k] for k in ("id", "hypervisor_hostname", "state", "status")}


def test_hypervisors_with_servers(cloud: Cloud) -> None:
    first, _second = setup(cloud, "host1", "host2")
    with cloud.database.write() as conn:
        server_id = add_server(conn, project_id=FOREIGN, name="s1", host="host1")
    servers = [{"uuid": server_id, "name": "s1"}]

    def shown(path: str, version: str) -> list[Any]:
        return [one.get("servers", "absent") for one in cloud.get(path, version=version).json()["hypervisors"]]

    assert shown("/os-hypervisors/host/servers", "2.1") == [servers, "absent"]
    assert shown("/os-hypervisors?with_servers=true", "2.53") == [servers, "absent"]
    assert shown("/os-hypervisors?with_servers=true", "2.75") == [servers, []]
    assert shown("/os-hypervisors?with_servers=false", "2.75") == ["absent", "absent"]
    one = cloud.get(f"/os-hypervisors/{first.uuid}?with_servers=True", version="2.88").json()["hypervisor"]
    assert one["servers"] == servers
    assert cloud.get("/os-hypervisors?with_servers=maybe", version="2.53").status_code == 400
    assert cloud.get("/os-hypervisors/host/servers", version="2.53").status_code == 404


def test_hypervisor_search(cloud: Cloud) -> None:
    setup(cloud, "alpha1", "alpha2", "beta")

    def names(path: str, version: str) -> list[str]:
        return [one["hypervisor_hostname"] for one in cloud.get(path, version=version).json()["hypervisors"]]

    assert names("/os-hypervisors/alpha/search", "2.52") == ["alpha1", "alpha2"]
    assert names("/os-hypervisors?hypervisor_hostname_pattern=ta", "2.53") == ["beta"]
    none = cloud.get("/os-hypervisors/gamma/search")
    assert (none.status_code, message(none)) == (404, "No hypervisor matching 'gamma' could be found.")
    paged = cloud.get("/os-hypervisors?hypervisor_hostname_pattern=ta&limit=1", version="2.53")
    assert paged.status_code == 400
    assert cloud.get("/os-hypervisors/alpha/search", version="2.53").status_code == 404


def test_hypervisor_pages(cloud: Cloud) -> None:
    nodes = setup(cloud, "a", "b", "c")
    assert len(cloud.get("/os-hypervisors?limit=1", version="2.32").json()["hypervisors"]) == 3
    for version, key in (("2.33", "id"), ("2.53", "uuid")):
        page = cloud.get("/os-hypervisors?limit=2", version=version).json()
        assert [one["hypervisor_hostname"] for one in page["hypervisors"]] == ["a", "b"]
        marker = getattr(nodes[1], key)
        assert page["hypervisors_links"][0]["href"].endswith(f"/os-hypervisors?limit=2&marker={marker}")
        rest = cloud.get(f"/os-hypervisors?limit=2&marker={marker}", version=version).json()
        assert [one["hypervisor_hostname"] for one in rest["hypervisors"]] == ["c"]
        assert "hypervisors_links" not in rest
    assert cloud.get("/os-hypervisors?marker=x", version="2.53").status_code == 400


def test_hypervisor_ids_of_the_wrong_kind(cloud: Cloud) -> None:
    [node] = setup(cloud, "host1")
    assert cloud.get(f"/os-hypervisors/{node.uuid}", version="2.52").status_code == 404
    wrong = cloud.get(f"/os-hypervisors/{node.id}", version="2.53")
    assert (wrong.status_code, message(wrong)) == (400, f"Invalid uuid {node.id}")
    absent = cloud.get("/os-hypervisors/99")
    assert (absent.status_code, message(absent)) == (404, "Hypervisor with ID '99' could not be found.")


def test_uptime_and_statistics_up_to_2_87(cloud: Cloud) -> None:
    node, _ = setup(cloud, "host1", "host2")
    path = f"/os-hypervisors/{node.uuid}/uptime"
    assert cloud.get(path, version="2.87").json()["hypervisor"]["uptime"] == "up 3 days"
    statistics = cloud.get("/os-hypervisors/statistics").json()["hypervisor_statistics"]
    assert (statistics["count"], statistics["vcpus"], statistics["running_vms"]) == (2, 16, 4)
    assert set(statistics) == {"count", *AMOUNTS} - {"cpu_info"}
    for gone in (path, "/os-hypervisors/statistics"):
        assert cloud.get(gone, version="2.88").status_code == 404
    silence(cloud, "host1")
    assert cloud.get(path, version="2.87").status_code == 400


def test_services(cloud: Cloud) -> None:
    setup(cloud, "host1")
    services = cloud.get("/os-services").json()["services"]
    assert [(s["binary"], s["host"], s["zone"]) for s in services] == [
        ("nova-conductor", "control1", "internal"),
        ("nova-scheduler", "control1", "internal"),
        ("nova-compute", "host1", "nova"),
    ]
    fields = {"id", "binary", "host", "zone", "status", "state", "updated_at", "disabled_reason"}
    assert set(services[0]) == fields
    assert isinstance(services[0]["id"], int)
    new = cloud.get("/os-services?binary=nova-compute", version="2.53").json()["services"]
    assert [set(one) for one in new] == [fields | {"forced_down"}]
    assert len(new[0]["id"]) == 36
    assert cloud.get("/os-services?foo=1", version="2.75").status_code == 400


def test_services_change_by_host_up_to_2_52(cloud: Cloud) -> None:
    setup(cloud, "host1")
    who = {"host": "host1", "binary": "nova-compute"}
    assert cloud.put("/os-services/disable", who).json() == {"service": {**who, "status": "disabled"}}
    reason = cloud.put("/os-services/disable-log-reason", {**who, "disabled_reason": "r"}).json()["service"]
    assert reason == {**who, "status": "disabled", "disabled_reason": "r"}
    assert cloud.put("/os-services/disable-log-reason", who).status_code == 400
    assert cloud.put("/os-services/enable", who).json()["service"]["status"] == "enabled"
    assert cloud.put("/os-services/force-down", who, version="2.10").status_code == 404
    forced = cloud.put("/os-services/force-down", {**who, "forced_down": "true"}, version="2.11")
    assert forced.json()["service"] == {**who, "forced_down": True}
    assert states(cloud) == {"host1": "down"}
    assert cloud.put("/os-services/explode", who).status_code == 404
    unknown = cloud.put("/os-services/enable", {**who, "host": "nobody"})
    assert (unknown.status_code, message(unknown)) == (404, "Could not find binary nova-compute on host nobody.")


def test_services_change_by_uuid_since_2_53(cloud: Cloud) -> None:
    setup(cloud, "host1")
    by_binary = {s["binary"]: s["id"] for s in cloud.get("/os-services", version="2.53").json()["services"]}
    path = f"/os-services/{by_binary['nova-compute']}"

    def put(body: object, at: str = path) -> Any:
        return cloud.put(at, body, version="2.53")

    changed = put({"status": "disabled", "disabled_reason": "r", "forced_down": True}).json()["service"]
    assert (changed["status"], changed["disabled_reason"], changed["forced_down"]) == ("disabled", "r", True)
    assert changed["state"] == "down"
    assert put({"status": "enabled"}).json()["service"]["disabled_reason"] is None
    assert put({}).status_code == 400
    assert put({"status": "enabled", "disabled_reason": "r"}).status_code == 400
    assert put({"host": "host1"}).status_code == 400
    assert put({"status": "enabled"}, "/os-services/1").status_code == 400
    assert put({"status": "enabled"}, f"/os-services/{OWN}").status_code == 404
    assert put({"status": "disabled"}, f"/os-services/{by_binary['nova-conductor']}").status_code == 400


def test_a_service_with_servers_is_not_deleted(cloud: Cloud) -> None:
    setup(cloud, "host1")
    [service] = cloud.get("/os-services?binary=nova-compute", version="2.53").json()["services"]
    path = f"/os-services/{service['id']}"
    with cloud.database.write() as conn:
        add_server(conn, project_id=OWN, host="host1")
    assert cloud.delete(path, version="2.53").status_code == 409
    with cloud.database.write() as conn:
        conn.execute(sa.text("DELETE FROM servers"))
    assert cloud.delete(path, version="2.53").status_code == 204
    assert cloud.delete(path, version="2.53").status_code == 404
    assert cloud.get("/os-hypervisors").json() == {"hypervisors": []}


def test_old_hosts_up_to_2_42(cloud: Cloud) -> None:
    setup(cloud, "host1")
    with cloud.database.write() as conn:
        add_server(conn, project_id=OWN, vcpus=2, memory_mib=128, host="host1")
    assert cloud.get("/os-hosts?zone=nova").json() == {
        "hosts": [{"host_name": "host1", "service": "compute", "zone": "nova"}]
    }
    rows = [row["resource"] for row in cloud.get("/os-hosts/host1").json()["host"]]
    assert [(row["project"], row["cpu"], row["memory_mb"]) for row in rows] == [
        ("(total)", 8, 16384),
        ("(used_now)", 2, 1024),
        ("(used_max)", 2, 128),
        (OWN, 2, 128),
    ]
    assert cloud.get("/os-hosts/nobody").status_code == 404
    assert cloud.get("/os-hosts", version="2.43").status_code == 404


def test_zones(cloud: Cloud) -> None:
    setup(cloud, "host1", "host2")
    make_aggregate(cloud, "a", "east", "host2")
    zones = cloud.get("/os-availability-zone", as_="outcast").json()["availabilityZoneInfo"]
    up = {"zoneState": {"available": True}, "hosts": None}
    assert zones == [{"zoneName": "east", **up}, {"zoneName": "nova", **up}]
    assert cloud.get("/os-availability-zone/detail", as_="member").status_code == 403
    detail = cloud.get("/os-availability-zone/detail").json()["availabilityZoneInfo"]
    assert {zone["zoneName"]: sorted(zone["hosts"]) for zone in detail} == {
        "east": ["host2"],
        "internal": ["control1"],
        "nova": ["host1"],
    }
    cloud.put("/os-services/disable", {"host": "host2", "binary": "nova-compute"})
    zones = cloud.get("/os-availability-zone").json()["availabilityZoneInfo"]
    assert {zone["zoneName"]: zone["zoneState"]["available"] for zone in zones} == {"nova": True, "east": False}


def test_aggregates(cloud: Cloud) -> None:
    setup(cloud, "host1")
    made = cloud.post("/os-aggregates", {"aggregate": {"name": "a"}}, version="2.41")
    assert made.status_code == 200
    assert set(made.json()["aggregate"]) == {
        *("id", "uuid", "name", "availability_zone", "created_at", "updated_at", "deleted", "deleted_at"),
    }
    path = f"/os-aggregates/{made.json()['aggregate']['id']}"
    assert "uuid" not in cloud.get(path, version="2.40").json()["aggregate"]
    assert cloud.post("/os-aggregates", {"aggregate": {"name": "a"}}).status_code == 409

    added = cloud.post(f"{path}/action", {"add_host": {"host": "host1"}}).json()["aggregate"]
    assert added["hosts"] == ["host1"]
    again = cloud.post(f"{path}/action", {"add_host": {"host": "host1"}})
    assert again.status_code == 409
    assert cloud.post(f"{path}/action", {"add_host": {"host": "nobody"}}).status_code == 404

    metadata = {"set_metadata": {"metadata": {"ssd": "true", "availability_zone": "east"}}}
    changed = cloud.post(f"{path}/action", metadata).json()["aggregate"]
    assert (changed["metadata"], changed["availability_zone"]) == (
        {"availability_zone": "east", "ssd": "true"},
        "east",
    )
    dropped = cloud.post(f"{path}/action", {"set_metadata": {"metadata": {"ssd": None}}}).json()["aggregate"]
    assert dropped["metadata"] == {"availability_zone": "east"}
    renamed = cloud.put(path, {"aggregate": {"name": "b", "availability_zone": "west"}}).json()["aggregate"]
    assert (renamed["name"], renamed["availability_zone"]) == ("b", "west")

    full = cloud.delete(path)
    assert (full.status_code, message(full).split(". ")[0].endswith("on aggregate 1")) == (400, True)
    assert cloud.post(f"{path}/action", {"remove_host": {"host": "host1"}}).json()["aggregate"]["hosts"] == []
    assert cloud.post(f"{path}/action", {"remove_host": {"host": "host1"}}).status_code == 404
    assert cloud.delete(path).status_code == 200
    assert message(cloud.get(path)) == "Aggregate 1 could not be found."
    assert cloud.get("/os-aggregates").json() == {"aggregates": []}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": " a"},
        {"name": "x" * 256},
        {},
        {"name": "a", "availability_zone": "a:b"},
        {"name": "a", "availability_zone": ""},
        {"name": "a", "hosts": []},
    ],
)
def test_bad_aggregates(cloud: Cloud, wrong: dict[str, Any]) -> None:
    assert cloud.post("/os-aggregates", {"aggregate": wrong}).status_code == 400
    assert cloud.get("/os-aggregates/x").status_code == 400
    assert cloud.get("/os-aggregates/99999999999").status_code == 400
    assert cloud.get("/os-aggregates").json() == {"aggregates": []}


def test_a_host_is_in_one_zone_and_stays_there_with_its_servers(cloud: Cloud) -> None:
    setup(cloud, "host1")
    make_aggregate(cloud, "a", "east", "host1")
    other = make_aggregate(cloud, "b", "west")
    assert cloud.post(f"/os-aggregates/{other}/action", {"add_host": {"host": "host1"}}).status_code == 409
    with cloud.database.write() as conn:
        add_server(conn, project_id=OWN, host="host1")
    assert cloud.put("/os-aggregates/1", {"aggregate": {"availability_zone": "north"}}).status_code == 400
    assert cloud.post("/os-aggregates/1/action", {"remove_host": {"host": "host1"}}).status_code == 409
    assert cloud.put("/os-aggregates/1", {"aggregate": {"name": "c"}}).status_code == 200


def states(cloud: Cloud) -> dict[str, str]:
    return {s["host"]: s["state"] for s in cloud.get("/os-services?binary=nova-compute").json()["services"]}


def make_aggregate(cloud: Cloud, name: str, zone: str, *hosts: str) -> int:
    body = {"aggregate": {"name": name, "availability_zone": zone}}
    number = cloud.post("/os-aggregates", body).json()["aggregate"]["id"]
    for host in hosts:
        assert cloud.post(f"/os-aggregates/{number}/action", {"add_host": {"host": host}}).status_code == 200
    return int(number)
