"""GET /servers, /servers/detail and /servers/{id}: fields by microversion, filters, sorting, pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from micronova.db.tables.compute import servers
from micronova.model.clock import utcnow
from micronova.model.ids import new_uuid
from tests.api.compute.servers.conftest import Api

# Fields of doc/api_samples/servers/server-get-resp.json, and what each later microversion adds (for a member).
BASE = {
    "accessIPv4", "accessIPv6", "addresses", "created", "flavor", "hostId", "id", "image", "key_name", "links",
    "metadata", "name", "config_drive", "OS-DCF:diskConfig", "OS-EXT-AZ:availability_zone", "OS-EXT-STS:power_state",
    "OS-EXT-STS:task_state", "OS-EXT-STS:vm_state", "os-extended-volumes:volumes_attached", "OS-SRV-USG:launched_at",
    "OS-SRV-USG:terminated_at", "progress", "security_groups", "status", "tenant_id", "updated", "user_id",
}  # fmt: skip
ADDED = {
    9: {"locked"},
    19: {"description"},
    26: {"tags"},
    63: {"trusted_image_certificates"},
    71: {"server_groups"},
    73: {"locked_reason"},
    90: {"OS-EXT-SRV-ATTR:hostname"},
    96: {"pinned_availability_zone"},
    100: {"scheduler_hints"},
}
FOR_ADMINS = {
    1: {"OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:instance_name", "OS-EXT-SRV-ATTR:hypervisor_hostname"},
    3: {
        "OS-EXT-SRV-ATTR:reservation_id", "OS-EXT-SRV-ATTR:launch_index", "OS-EXT-SRV-ATTR:hostname",
        "OS-EXT-SRV-ATTR:kernel_id", "OS-EXT-SRV-ATTR:ramdisk_id", "OS-EXT-SRV-ATTR:root_device_name",
        "OS-EXT-SRV-ATTR:user_data",
    },
    16: {"host_status"},
}  # fmt: skip
# What PUT left out of its answer until 2.74.
NOT_IN_OLD_UPDATES = {
    "OS-EXT-AZ:availability_zone", "config_drive", "key_name", "OS-SRV-USG:launched_at", "OS-SRV-USG:terminated_at",
    "OS-EXT-STS:power_state", "OS-EXT-STS:task_state", "OS-EXT-STS:vm_state", "os-extended-volumes:volumes_attached",
    "security_groups",
}  # fmt: skip


def fields(minor: int, *, admin: bool = False, one: bool = True) -> set[str]:
    expected = set(BASE).union(*(names for since, names in ADDED.items() if since <= minor))
    if not one:
        expected.discard("server_groups")
    if admin:
        expected = expected.union(*(names for since, names in FOR_ADMINS.items() if since <= minor))
    return expected


@pytest.fixture
def names(api: Api) -> dict[str, str]:
    """Three built servers by name, oldest first."""
    return {name: api.build(name=name) for name in ("alpha", "beta", "gamma")}


def test_fields_at_every_version(api: Api) -> None:
    server_id = api.build()
    for minor in (1, 2, 3, 8, 9, 15, 16, 18, 19, 25, 26, 46, 47, 62, 63, 70, 71, 72, 73, 74, 75, 89, 90, 95, 96, 97, 98,
                  99, 100, 104):  # fmt: skip
        at = f"2.{minor}"
        assert set(api.get(f"/servers/{server_id}", at=at)["server"]) == fields(minor), at
        assert set(api.get("/servers/detail", at=at)["servers"][0]) == fields(minor, one=False), at
        assert set(api.get(f"/servers/{server_id}", at=at, who="admin")["server"]) == fields(minor, admin=True), at


def test_values(api: Api) -> None:
    server_id = api.build()
    server = api.get(f"/servers/{server_id}")["server"]
    admin = api.get(f"/servers/{server_id}", who="admin")["server"]
    image = api.world.image_id
    assert server["status"] == "ACTIVE"
    assert (server["OS-EXT-STS:vm_state"], server["OS-EXT-STS:task_state"]) == ("active", None)
    assert server["OS-EXT-STS:power_state"] == 1
    assert server["flavor"] == {
        "vcpus": 1, "ram": 512, "disk": 1, "ephemeral": 0, "swap": 0, "original_name": "m1.tiny", "extra_specs": {},
    }  # fmt: skip
    assert server["image"]["id"] == image
    assert server["image"]["links"] == [{"rel": "bookmark", "href": f"http://cloud.example/compute/images/{image}"}]
    assert server["image"]["properties"]["base_image_ref"] == image
    assert "properties" not in api.get(f"/servers/{server_id}", at="2.97")["server"]["image"]
    old = api.get(f"/servers/{server_id}", at="2.46")["server"]["flavor"]
    assert old == {
        "id": "m1.tiny",
        "links": [{"rel": "bookmark", "href": "http://cloud.example/compute/flavors/m1.tiny"}],
    }
    assert len(server["hostId"]) == 56
    assert admin["hostId"] == server["hostId"]
    assert admin["host_status"] == "UP"
    assert admin["OS-EXT-SRV-ATTR:instance_name"] == "instance-00000001"
    assert admin["OS-EXT-SRV-ATTR:root_device_name"] == "/dev/vda"
    assert server["OS-EXT-AZ:availability_zone"] == "nova"
    assert server["pinned_availability_zone"] is None
    assert server["config_drive"] == ""
    assert server["security_groups"] == [{"name": "default"}]
    assert "." in server["OS-SRV-USG:launched_at"]
    assert server["created"].endswith("Z")
    (addresses,) = server["addresses"].values()
    assert set(addresses[0]) == {"version", "addr", "OS-EXT-IPS:type", "OS-EXT-IPS-MAC:mac_addr"}


def test_t_peer7_foreign_and_absent_servers_are_the_same_404(api: Api) -> None:
    """T-API1, T-PEER7: on every path below a server."""
    server_id, absent = api.build(), new_uuid()
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PUT", "", {"server": {"name": "x"}}),
        ("DELETE", "", None),
        ("POST", "/action", {"os-getConsoleOutput": {}}),
        ("POST", "/action", {"reboot": {"type": "HARD"}}),
        ("GET", "/metadata", None),
        ("POST", "/metadata", {"metadata": {"a": "b"}}),
        ("PUT", "/metadata", {"metadata": {"a": "b"}}),
        ("GET", "/metadata/a", None),
        ("PUT", "/metadata/a", {"meta": {"a": "b"}}),
        ("DELETE", "/metadata/a", None),
        ("GET", "/tags", None),
        ("PUT", "/tags", {"tags": ["a"]}),
        ("DELETE", "/tags", None),
        ("GET", "/tags/a", None),
        ("PUT", "/tags/a", None),
        ("DELETE", "/tags/a", None),
        ("GET", "/ips", None),
        ("GET", "/ips/private", None),
    ]
    for method, below, body in calls:
        foreign = api.refused(method, f"/servers/{server_id}{below}", body, who="stranger")
        missing = api.refused(method, f"/servers/{absent}{below}", body, who="stranger")
        assert foreign == (404, f"Instance {server_id} could not be found."), (method, below)
        assert missing == (404, f"Instance {absent} could not be found."), (method, below)
    assert api.get(f"/servers/{server_id}")["server"]["name"] == "web"


def test_lists_are_of_the_project(api: Api, names: dict[str, str]) -> None:
    assert [server["name"] for server in api.get("/servers")["servers"]] == ["gamma", "beta", "alpha"]
    assert api.get("/servers", who="stranger") == {"servers": []}
    assert api.get("/servers/detail", who="stranger") == {"servers": []}
    assert api.get("/servers", who="admin") == {"servers": []}
    assert len(api.get("/servers?all_tenants=1", who="admin")["servers"]) == 3
    assert api.refused("GET", "/servers?all_tenants=1")[0] == 403
    assert api.refused("GET", "/servers?all_tenants=maybe", who="admin")[0] == 400
    project = api.world.member.project_id
    assert len(api.get(f"/servers?all_tenants=1&project_id={project}", who="admin")["servers"]) == 3
    assert api.get(f"/servers?all_tenants=1&project_id={'0' * 32}", who="admin")["servers"] == []
    # Without all_tenants the filter says nothing.
    assert api.get(f"/servers?project_id={project}", who="admin", at="2.74")["servers"] == []


def find(api: Api, query: str, **more: Any) -> list[str]:
    return sorted(server["name"] for server in api.get(f"/servers?{query}", **more)["servers"])


def test_filters(api: Api, names: dict[str, str]) -> None:
    every = ["alpha", "beta", "gamma"]
    api.call("PUT", f"/servers/{names['beta']}/tags", {"tags": ["red", "blue"]})
    api.call("PUT", f"/servers/{names['gamma']}/tags", {"tags": ["red"]})
    address = api.get(f"/servers/{names['alpha']}/ips")["addresses"]["private"][0]["addr"]
    cases = {
        "name=alp": ["alpha"],
        "name=^(alpha|beta)$": ["alpha", "beta"],
        "name=nope": [],
        "status=ACTIVE": every,
        "status=active&status=ERROR": every,
        "status=SHUTOFF": [],
        f"flavor={api.world.flavor.flavorid}": every,
        "flavor=other": [],
        f"image={api.world.image_id}": every,
        f"image={new_uuid()}": [],
        f"ip={address}": ["alpha"],
        "ip=^10\\.122\\.": every,
        "ip=^192\\.": [],
        "ip6=fe80": [],
        "tags=red": ["beta", "gamma"],
        "tags=red,blue": ["beta"],
        "tags-any=blue,green": ["beta"],
        "not-tags=red,blue": ["alpha", "gamma"],
        "not-tags-any=red": ["alpha"],
        "locked=true": [],
        "locked=false": every,
        "availability_zone=nova": every,
        "config_drive=false": every,
        "config_drive=true": [],
        "vm_state=active": every,
        "power_state=1": every,
        "key_name=k": [],
        f"user_id={api.world.member.user_id}": every,
    }
    for query, expected in cases.items():
        assert find(api, query) == expected, query
    assert find(api, "host=sim0") == every, "ignored for members"
    hosts = {host: find(api, f"host={host}&all_tenants=1", who="admin") for host in ("sim0", "sim1", "sim2")}
    assert sorted(hosts["sim0"] + hosts["sim1"]) == every
    assert hosts["sim2"] == []


def test_filters_by_version(api: Api, names: dict[str, str]) -> None:
    assert find(api, "status=nonsense", at="2.37") == []
    assert api.refused("GET", "/servers?status=nonsense", at="2.38") == (400, "Invalid status value")
    assert len(find(api, "nonsense=1", at="2.74")) == 3
    assert api.refused("GET", "/servers?nonsense=1", at="2.75")[0] == 400
    assert len(find(api, "key_name=nope", at="2.82")) == 3, "ignored for members until 2.82"
    assert find(api, "key_name=nope", at="2.83") == []
    assert len(find(api, "tags=red", at="2.25")) == 3
    assert api.refused("GET", "/servers?metadata=x", who="admin") == (400, "Invalid filter field: metadata.")
    assert api.refused("GET", "/servers?name=*", at="2.1")[0] == 400
    assert api.refused("GET", "/servers?name=(a%2B)%2B$")[0] == 400, "could burn our processor time"
    assert api.refused("GET", "/servers?status=deleted") == (403, "Only administrators may list deleted instances")


def test_changes_since_and_before(api: Api, names: dict[str, str]) -> None:
    api.call("DELETE", f"/servers/{names['alpha']}")
    api.wait(names["alpha"])
    early, late = (when.isoformat() for when in (utcnow() - timedelta(hours=1), utcnow() + timedelta(hours=1)))
    found = api.get(f"/servers/detail?changes-since={early}Z")["servers"]
    assert {server["name"]: server["status"] for server in found} == {
        "alpha": "DELETED", "beta": "ACTIVE", "gamma": "ACTIVE",
    }  # fmt: skip
    assert find(api, f"changes-since={late}") == []
    assert len(find(api, f"changes-before={late}")) == 3
    assert find(api, f"changes-before={early}") == []
    assert api.refused("GET", f"/servers?changes-since={late}&changes-before={early}") == (
        400,
        "The value of changes-since must be less than or equal to changes-before.",
    )
    assert api.refused("GET", "/servers?changes-since=yesterday")[0] == 400
    assert find(api, "deleted=true&all_tenants=1", who="admin") == ["alpha"]
    assert find(api, "status=DELETED&all_tenants=1", who="admin") == ["alpha"]
    assert find(api, "deleted=true", at="2.74") == ["beta", "gamma"], "ignored for members"


def test_pages(api: Api, names: dict[str, str]) -> None:
    for path in ("/servers", "/servers/detail"):
        for query in ("limit=2", "limit=2&sort_key=display_name&sort_dir=desc", "limit=2&name=a"):
            first = api.get(f"{path}?{query}")
            assert [server["name"] for server in first["servers"]] == ["gamma", "beta"]
            (link,) = first["servers_links"]
            assert link["rel"] == "next"
            assert f"marker={names['beta']}" in link["href"]
            second = api.get(link["href"].partition("/compute/v2.1")[2])
            assert [server["name"] for server in second["servers"]] == ["alpha"]
            assert "servers_links" not in second
    assert api.get("/servers?limit=0") == {"servers": []}
    marker = new_uuid()
    assert api.refused("GET", f"/servers?marker={marker}") == (400, f"marker [{marker}] not found")
    assert api.refused("GET", f"/servers?marker={marker}&name=a") == (400, f"marker [{marker}] not found")
    assert api.refused("GET", "/servers?limit=-1")[0] == 400


def test_sorting(api: Api, names: dict[str, str]) -> None:
    def order(query: str, **more: Any) -> list[str]:
        return [server["name"] for server in api.get(f"/servers?{query}", **more)["servers"]]

    assert order("sort_key=display_name&sort_dir=asc") == ["alpha", "beta", "gamma"]
    assert order("sort_key=display_name") == ["gamma", "beta", "alpha"]
    assert order("sort_key=vm_state&sort_key=display_name&sort_dir=asc&sort_dir=desc") == ["gamma", "beta", "alpha"]
    assert order("sort_key=created_at&sort_dir=asc") == ["alpha", "beta", "gamma"]
    assert order("sort_key=vcpus", at="2.74") == ["gamma", "beta", "alpha"], "ignored"
    assert api.refused("GET", "/servers?sort_key=vcpus", at="2.75")[0] == 400
    assert api.refused("GET", "/servers?sort_key=nonsense", at="2.1")[0] == 400
    assert api.refused("GET", "/servers?sort_dir=up")[0] == 400
    assert api.refused("GET", "/servers?sort_key=host")[0] == 403
    assert len(order("sort_key=host&all_tenants=1", who="admin")) == 3


def test_t_api11_unreadable_rows_do_not_break_lists(api: Api, names: dict[str, str]) -> None:
    with api.world.database.write() as c:
        c.execute(
            sa.update(servers)
            .where(servers.c.id == names["beta"])
            .values(
                vm_state="levitating",
                task_state="humming",
                flavor='{"name": 5',
                image_properties="[]",
                scheduler_hints="nonsense",
                trusted_certs="{",
            )
        )
    found = {server["name"]: server for server in api.get("/servers/detail")["servers"]}
    assert found["beta"]["status"] == "ERROR"
    assert found["alpha"]["status"] == "ACTIVE"
    assert api.get(f"/servers/{names['beta']}")["server"]["flavor"]["original_name"] == ""
    assert api.call("DELETE", f"/servers/{names['beta']}").status_code == 204
    api.wait(names["beta"])
    assert api.call("GET", f"/servers/{names['beta']}").status_code == 404


def test_t_api10_faults_have_details_for_admins_only(api: Api) -> None:
    api.world.add_flavor("huge", vcpus=1, memory_mib=10_000_000, root_gib=1)
    server_id = api.build(flavorRef="huge")
    fault = api.get(f"/servers/{server_id}")["server"]["fault"]
    assert set(fault) == {"code", "created", "message"}
    assert fault["message"] == "No valid host was found: 2 hosts: 2 without enough memory"
    admin = api.get(f"/servers/{server_id}", who="admin")["server"]["fault"]
    assert "sim0" in admin["details"]
    server = api.get(f"/servers/{server_id}")["server"]
    assert server["status"] == "ERROR"
    assert "progress" not in server
    assert server["hostId"] == ""
    assert server["addresses"] == {}


def test_building_servers_hide_their_addresses(api: Api) -> None:
    server_id = api.build()
    with api.world.database.write() as c:
        c.execute(sa.update(servers).where(servers.c.id == server_id).values(vm_state="building"))
    server = api.get(f"/servers/{server_id}")["server"]
    assert (server["status"], server["addresses"]) == ("BUILD", {})
