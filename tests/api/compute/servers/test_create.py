"""POST /servers: what is accepted, what is answered, and what is refused with which text."""

from __future__ import annotations

import base64
import logging
from typing import Any

import pytest
import sqlalchemy as sa

from micronova.compute.api import ComputeSettings, QuotaLimits
from micronova.db.tables.compute import servers
from micronova.db.tables.operations import operations
from micronova.model.ids import new_uuid
from tests.api.compute.servers.conftest import Api


def rows(api: Api) -> int:
    with api.world.database.read() as c:
        return c.execute(sa.select(sa.func.count()).select_from(servers)).scalar_one()


def test_answer(api: Api) -> None:
    answer = api.call("POST", "/servers", api.body())
    assert answer.status_code == 202
    server = answer.json()["server"]
    assert set(server) == {"id", "links", "adminPass", "OS-DCF:diskConfig", "security_groups"}
    assert server["links"] == [
        {"rel": "self", "href": f"http://cloud.example/compute/v2.1/servers/{server['id']}"},
        {"rel": "bookmark", "href": f"http://cloud.example/compute/servers/{server['id']}"},
    ]
    assert answer.headers["Location"] == server["links"][0]["href"]
    assert server["security_groups"] == [{"name": "default"}]
    assert server["OS-DCF:diskConfig"] == "AUTO"
    assert len(server["adminPass"]) == 12


def test_everything_at_once(api: Api) -> None:
    server_id = api.build(
        metadata={"role": "web"},
        user_data=base64.b64encode(b"#!/bin/sh\n").decode(),
        config_drive=True,
        accessIPv4="192.0.2.1",
        accessIPv6="2001:db8::1",
        description="a web server",
        tags=["blue", "green"],
        hostname="web.example.org",
        networks=[{"uuid": api.world.network_id, "tag": "nic1"}],
        availability_zone="nova",
        **{"OS-DCF:diskConfig": "MANUAL"},
    )
    server = api.get(f"/servers/{server_id}")["server"]
    assert server["status"] == "ACTIVE"
    assert server["metadata"] == {"role": "web"}
    assert server["config_drive"] == "True"
    assert (server["accessIPv4"], server["accessIPv6"]) == ("192.0.2.1", "2001:db8::1")
    assert server["description"] == "a web server"
    assert server["tags"] == ["blue", "green"]
    assert server["OS-EXT-SRV-ATTR:hostname"] == "web.example.org"
    assert server["OS-DCF:diskConfig"] == "MANUAL"
    assert server["pinned_availability_zone"] == "nova"
    (network,) = server["addresses"]
    assert server["addresses"][network][0]["version"] == 4


@pytest.mark.parametrize(
    ("at", "changes"),
    [
        ("2.1", {"networks": ..., "personality": [{"path": "/etc/motd", "contents": "aGk="}]}),
        ("2.1", {"networks": [], "flavorRef": "http://cloud/flavors/m1.tiny"}),
        ("2.32", {"networks": [{"uuid": "NET", "tag": "nic1"}]}),
        ("2.37", {"networks": "none"}),
        ("2.42", {"block_device_mapping_v2": [{"source_type": "image", "destination_type": "local", "boot_index": 0,
                                               "uuid": "IMAGE", "delete_on_termination": True}]}),
        ("2.52", {"tags": ["a"]}),
        ("2.63", {"trusted_image_certificates": ["cert"]}),
        ("2.74", {"min_count": "1", "max_count": 1}),
        ("2.90", {"hostname": "web-1"}),
        ("2.94", {"hostname": "web-1.example.org"}),
        ("2.104", {"security_groups": [{"name": "default"}], "config_drive": "true"}),
    ],
)  # fmt: skip
def test_accepted_at_version(api: Api, at: str, changes: dict[str, Any]) -> None:
    if isinstance(changes.get("networks"), list):
        changes["networks"] = [{**nic, "uuid": api.world.network_id} for nic in changes["networks"]]
    for device in changes.get("block_device_mapping_v2", []):
        device["uuid"] = api.world.image_id
    api.create(at=at, **changes)


@pytest.mark.parametrize(
    ("at", "changes", "field"),
    [
        ("2.1", {"networks": "auto"}, "networks"),
        ("2.18", {"networks": ..., "description": "x"}, "description"),
        ("2.36", {"networks": "none"}, "networks"),
        ("2.37", {"networks": ...}, "networks"),
        ("2.41", {"networks": [{"uuid": new_uuid(), "tag": "t"}]}, "tag"),
        ("2.51", {"tags": ["a"]}, "tags"),
        ("2.57", {"personality": []}, "personality"),
        ("2.62", {"trusted_image_certificates": ["c"]}, "trusted_image_certificates"),
        ("2.73", {"host": "sim0"}, "host"),
        ("2.89", {"hostname": "web"}, "hostname"),
        ("2.90", {"hostname": "web.example.org"}, "hostname"),
        ("2.104", {"unknown": 1}, "unknown"),
        ("2.104", {"name": ...}, "name"),
        ("2.104", {"name": ""}, "name"),
        ("2.104", {"name": "x" * 256}, "name"),
        ("2.104", {"name": "a\x07b"}, "name"),
        ("2.104", {"name": 5}, "name"),
        ("2.104", {"flavorRef": ...}, "flavorRef"),
        ("2.104", {"imageRef": "not an id"}, "imageRef"),
        ("2.104", {"user_data": "not base64!"}, "user_data"),
        ("2.104", {"user_data": "A" * 65536}, "user_data"),
        ("2.104", {"min_count": 0}, "min_count"),
        ("2.104", {"max_count": -1}, "max_count"),
        ("2.104", {"metadata": {"k": "v" * 256}}, "k"),
        ("2.104", {"metadata": {"k" * 256: "v"}}, "metadata"),
        ("2.104", {"accessIPv4": "::1"}, "accessIPv4"),
        ("2.104", {"OS-DCF:diskConfig": "maybe"}, "diskConfig"),
        ("2.104", {"config_drive": "perhaps"}, "config_drive"),
        ("2.104", {"tags": ["a,b"]}, "0"),
        ("2.104", {"description": "x" * 256}, "description"),
        ("2.104", {"key_name": "x" * 256}, "key_name"),
        ("2.104", {"security_groups": [{"id": "x"}]}, "id"),
    ],
)  # fmt: skip
def test_t_api2_schema_names_the_field(api: Api, at: str, changes: dict[str, Any], field: str) -> None:
    status, message = api.refused("POST", "/servers", api.body(**changes), at=at)
    assert status == 400
    assert field in message
    assert len(message) < 2000
    assert rows(api) == 0


def test_refusals_in_novas_words(api: Api) -> None:
    world = api.world
    world.add_flavor("no-disk", vcpus=1, memory_mib=512, root_gib=0)
    big = world.add_image(virtual_size=2 * 1024**3)
    hungry = world.add_image(min_ram=1024)
    wide = world.add_image(min_disk=5)
    queued = world.add_image(status="queued")
    port = new_uuid()
    cases: list[tuple[int, str, dict[str, Any]]] = [
        (400, "Missing imageRef attribute", {"imageRef": ...}),
        (400, "Can not find requested image", {"imageRef": new_uuid()}),
        (400, f"Image {queued} is not active.", {"imageRef": queued}),
        (400, "Flavor nope could not be found.", {"flavorRef": "nope"}),
        (400, "Invalid key_name provided.", {"key_name": "nope"}),
        (400, "Flavor's memory is too small for requested image.", {"imageRef": hungry}),
        (400, "Flavor's disk is too small for requested image. Flavor disk is 1073741824 bytes, "
              "image is 2147483648 bytes.", {"imageRef": big}),
        (400, "Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is "
              "1073741824 bytes, minimum size is 5368709120 bytes.", {"imageRef": wide}),
        (403, "Only volume-backed servers are allowed for flavors with zero disk.", {"flavorRef": "no-disk"}),
        (400, "The requested availability zone is not available", {"availability_zone": "mars"}),
        (400, "min_count must be <= max_count", {"min_count": 2, "max_count": 1}),
        (400, "Security group other not found.", {"security_groups": [{"name": "other"}]}),
        (400, "Unable to launch multiple instances with a single configured port ID. Please launch your instance "
              "one by one with different ports.", {"networks": [{"port": port}], "max_count": 2}),
        (400, "Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified.",
         {"networks": [{"uuid": world.network_id, "fixed_ip": "10.122.0.9"}], "max_count": 2}),
        (400, f"Specified Fixed IP '10.0.0.1' cannot be used with port '{port}': the two cannot be specified together.",
         {"networks": [{"port": port, "fixed_ip": "10.0.0.1"}]}),
    ]  # fmt: skip
    for status, text, changes in cases:
        assert api.refused("POST", "/servers", api.body(**changes)) == (status, text)
    assert rows(api) == 0
    with world.database.read() as c:
        assert c.execute(sa.select(operations.c.id)).first() is None


def test_t_api9_zero_disk_flavor_is_for_admins(api: Api) -> None:
    api.world.add_flavor("no-disk", vcpus=1, memory_mib=512, root_gib=0)
    assert api.refused("POST", "/servers", api.body(flavorRef="no-disk"))[0] == 403
    api.create(flavorRef="no-disk", who="admin")


@pytest.mark.parametrize(
    "device",
    [
        {"block_device_mapping": [{"device_name": "vda", "volume_id": new_uuid()}]},
        {"block_device_mapping_v2": [{"source_type": "volume", "destination_type": "volume", "uuid": new_uuid(),
                                      "boot_index": 0}]},
        {"block_device_mapping_v2": [{"source_type": "image", "destination_type": "volume", "uuid": new_uuid(),
                                      "boot_index": 0, "volume_size": 1}]},
        {"block_device_mapping_v2": [{"source_type": "snapshot", "uuid": new_uuid()}]},
    ],
)  # fmt: skip
def test_volumes_are_refused_clearly(api: Api, device: dict[str, Any]) -> None:
    status, message = api.refused("POST", "/servers", api.body(**device))
    assert status == 400
    assert "block storage is not available" in message


def test_t_sto2_foreign_things_are_refused(api: Api) -> None:
    """A private image, flavor and keypair of another project: as if they were not there (T-API5)."""
    theirs = api.world.add_image(owner=str(api.world.member.project_id), visibility="private")
    api.world.add_flavor("secret", is_public=False, vcpus=1, memory_mib=512, root_gib=1)
    assert api.refused("POST", "/servers", api.body(imageRef=theirs), who="stranger") == (
        400,
        "Can not find requested image",
    )
    assert api.refused("POST", "/servers", api.body(flavorRef="secret"), who="stranger") == (
        400,
        "Flavor secret could not be found.",
    )
    assert api.refused("POST", "/servers", api.body(networks=[{"port": new_uuid()}]))[0] in (400, 404)
    assert rows(api) == 0


def test_t_sch1_unknown_and_internal_hints_are_refused(api: Api) -> None:
    for hints in ({"_nova_check_type": ["rebuild"]}, {"nonsense": "1"}, {"query": "[]"}):
        body = api.body() | {"os:scheduler_hints": hints}
        assert api.refused("POST", "/servers", body)[0] == 400
    assert rows(api) == 0


def test_t_sch0_hint_lists_are_bounded(api: Api) -> None:
    body = api.body() | {"os:scheduler_hints": {"different_host": [new_uuid() for _ in range(101)]}}
    assert api.refused("POST", "/servers", body)[0] == 400


def test_hints_choose_the_host(api: Api) -> None:
    first = api.build()
    apart = api.body() | {"os:scheduler_hints": {"different_host": [first]}}
    second = api.call("POST", "/servers", apart).json()["server"]["id"]
    api.wait(second)
    hosts = [
        api.get(f"/servers/{server_id}", who="admin")["server"]["OS-EXT-SRV-ATTR:host"] for server_id in (first, second)
    ]
    assert len(set(hosts)) == 2
    assert api.get(f"/servers/{second}")["server"]["scheduler_hints"] == {"different_host": [first]}


def test_several(api: Api) -> None:
    answer = api.call("POST", "/servers", api.body(name="Web 1", min_count=2, max_count=3, return_reservation_id=True))
    assert answer.status_code == 202
    reservation = answer.json()["reservation_id"]
    assert set(answer.json()) == {"reservation_id"}
    found = api.get(f"/servers/detail?reservation_id={reservation}&sort_key=display_name&sort_dir=asc")["servers"]
    assert [server["name"] for server in found] == ["Web 1-1", "Web 1-2", "Web 1-3"]
    assert [server["OS-EXT-SRV-ATTR:hostname"] for server in found] == ["web-1-1", "web-1-2", "web-1-3"]


def test_quota(api: Api) -> None:
    settings = ComputeSettings(quota=QuotaLimits(instances=2, cores=20, ram=51200, metadata_items=2))
    api.world.settings = settings
    object.__setattr__(api.mounted, "settings", settings)
    api.create()
    # max_count is cut down to what fits, min_count is not.
    assert api.refused("POST", "/servers", api.body(min_count=2, max_count=2)) == (
        403,
        "Quota exceeded for instances: Requested 2, but already used 1 of 2 instances",
    )
    api.create(min_count=1, max_count=5)
    assert rows(api) == 2
    assert api.refused("POST", "/servers", api.body())[0] == 403
    assert api.refused("POST", "/servers", api.body(metadata={"a": "", "b": "", "c": ""})) == (
        403,
        "Maximum number of metadata items exceeds 2",
    )


def test_forced_hosts_are_for_admins(api: Api) -> None:
    assert api.refused("POST", "/servers", api.body(availability_zone="nova:sim1"))[0] == 403
    assert api.refused("POST", "/servers", api.body(host="sim1"))[0] == 403
    for changes in ({"availability_zone": "nova:sim1"}, {"host": "sim1"}, {"hypervisor_hostname": "sim1"}):
        server_id = api.build(who="admin", **changes)
        server = api.get(f"/servers/{server_id}", who="admin")["server"]
        assert server["OS-EXT-SRV-ATTR:host"] == "sim1"
    assert api.refused("POST", "/servers", api.body(host="mars"), who="admin") == (
        400,
        "Compute host mars could not be found.",
    )


def test_t_log2_the_password_is_in_no_log_and_no_row(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "correct horse battery"
    server_id = api.build(adminPass=secret, config_drive=True)
    assert secret not in caplog.text
    with api.world.database.read() as c:
        row = c.execute(sa.select(servers).where(servers.c.id == server_id)).one()
        data = c.execute(sa.select(operations.c.data).where(operations.c.subject == server_id)).scalar_one()
    assert secret not in str(row)
    assert secret not in data
    assert secret not in api.call("GET", f"/servers/{server_id}", who="admin").text


def test_reader_may_not_create(api: Api) -> None:
    assert api.refused("POST", "/servers", api.body(), who="reader")[0] == 403
