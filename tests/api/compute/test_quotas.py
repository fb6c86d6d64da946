"""Quota sets, quota classes and limits through HTTP; the checks before servers take more."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from micronova.compute import quotas, usage
from micronova.compute.api import QuotaLimits
from micronova.db.database import Database
from micronova.model.errors import QuotaExceeded
from tests.api.compute.conftest import FOREIGN, OWN, Cloud, message
from tests.api.compute.rows import add_server

ALWAYS = {
    *("instances", "cores", "ram", "metadata_items", "key_pairs", "server_groups", "server_group_members"),
}
INJECTED = {"injected_files", "injected_file_content_bytes", "injected_file_path_bytes"}
NETWORK = {"fixed_ips", "floating_ips", "security_groups", "security_group_rules"}


@pytest.mark.parametrize(
    ("version", "fields"),
    [("2.35", ALWAYS | INJECTED | NETWORK), ("2.36", ALWAYS | INJECTED), ("2.57", ALWAYS), ("2.104", ALWAYS)],
)
def test_fields_of_a_quota_set(cloud: Cloud, version: str, fields: set[str]) -> None:
    for path in (f"/os-quota-sets/{OWN}", f"/os-quota-sets/{OWN}/defaults", f"/os-quota-sets/{OWN}/detail"):
        quota_set = cloud.get(path, version=version, as_="reader").json()["quota_set"]
        assert quota_set.pop("id") == OWN
        assert set(quota_set) == fields
    assert quota_set["cores"] == {"limit": 20, "in_use": 0, "reserved": 0}


def test_update_and_reset(cloud: Cloud) -> None:
    path = f"/os-quota-sets/{FOREIGN}"
    changed = cloud.put(path, {"quota_set": {"cores": 8, "ram": "-1", "force": "True"}}, version="2.57")
    assert changed.status_code == 200
    assert "id" not in changed.json()["quota_set"]
    shown = cloud.get(path, version="2.57").json()["quota_set"]
    assert (shown["cores"], shown["ram"], shown["instances"]) == (8, -1, 10)
    assert cloud.get(f"{path}/defaults").json()["quota_set"]["cores"] == 20
    assert cloud.delete(path).status_code == 202
    assert cloud.get(path).json()["quota_set"]["cores"] == 20


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ({"cores": -2}, "2.1"),
        ({"cores": "-2"}, "2.1"),
        ({"cores": "many"}, "2.1"),
        ({"cores": 2**31}, "2.1"),
        ({"cores": None}, "2.1"),
        ({"gpus": 1}, "2.1"),
        ({"fixed_ips": 1}, "2.36"),
        ({"injected_files": 1}, "2.57"),
    ],
)
def test_bad_updates(cloud: Cloud, asked: dict[str, Any], version: str) -> None:
    answer = cloud.put(f"/os-quota-sets/{OWN}", {"quota_set": asked}, version=version)
    assert answer.status_code == 400
    assert next(iter(asked)) in message(answer)
    assert cloud.get(f"/os-quota-sets/{OWN}").json()["quota_set"]["cores"] == 20


def test_less_than_in_use_needs_force(cloud: Cloud) -> None:
    with cloud.database.write() as conn:
        add_server(conn, project_id=OWN, user_id="user-member", vcpus=4)
    path = f"/os-quota-sets/{OWN}"
    refused = cloud.put(path, {"quota_set": {"cores": 3}})
    assert message(refused) == ("Quota limit 3 for cores must be greater than or equal to already used and reserved 4.")
    assert cloud.put(path, {"quota_set": {"cores": 3, "force": True}}).status_code == 200


def test_a_users_quota_lies_within_the_projects(cloud: Cloud) -> None:
    path = f"/os-quota-sets/{OWN}"
    assert cloud.put(f"{path}?user_id=u", {"quota_set": {"cores": 5}}).status_code == 200
    assert cloud.get(f"{path}?user_id=u").json()["quota_set"]["cores"] == 5
    assert cloud.get(path).json()["quota_set"]["cores"] == 20
    above = cloud.put(f"{path}?user_id=u", {"quota_set": {"cores": 21}})
    assert message(above) == "Quota limit 21 for cores must be less than or equal to 20."
    assert cloud.delete(f"{path}?user_id=u").status_code == 202
    assert cloud.get(f"{path}?user_id=u").json()["quota_set"]["cores"] == 20


def test_who_may(cloud: Cloud) -> None:
    assert cloud.get(f"/os-quota-sets/{OWN}", as_="foreigner").status_code == 403
    assert cloud.get(f"/os-quota-sets/{OWN}/detail", as_="foreigner").status_code == 403
    assert cloud.put(f"/os-quota-sets/{OWN}", {"quota_set": {"cores": 1}}, as_="member").status_code == 403
    assert cloud.delete(f"/os-quota-sets/{OWN}", as_="member").status_code == 403
    assert cloud.get("/os-quota-class-sets/default", as_="member").status_code == 403


def test_classes(cloud: Cloud) -> None:
    path = "/os-quota-class-sets/default"
    old = cloud.get(path, version="2.49").json()["quota_class_set"]
    assert old.pop("id") == "default"
    assert set(old) == {name for name in ALWAYS if not name.startswith("server_group")} | INJECTED | NETWORK
    assert set(cloud.get(path, version="2.50").json()["quota_class_set"]) == {"id"} | ALWAYS | INJECTED
    changed = cloud.put(path, {"quota_class_set": {"cores": 33}}, version="2.57")
    assert changed.json()["quota_class_set"].keys() == ALWAYS
    assert cloud.get(f"/os-quota-sets/{FOREIGN}").json()["quota_set"]["cores"] == 33
    assert cloud.put(path, {"quota_class_set": {"gpus": 1}}).status_code == 400


@pytest.mark.parametrize(
    ("version", "absent"),
    [
        ("2.35", set()),
        ("2.36", {"maxSecurityGroups", "maxTotalFloatingIps", "totalFloatingIpsUsed"}),
        ("2.39", {"maxSecurityGroups", "maxImageMeta"}),
        ("2.57", {"maxImageMeta", "maxPersonality", "maxPersonalitySize"}),
    ],
)
def test_limits(cloud: Cloud, version: str, absent: set[str]) -> None:
    with cloud.database.write() as conn:
        add_server(conn, project_id=OWN, user_id="u", vcpus=3, memory_mib=700)
        add_server(conn, project_id=FOREIGN, user_id="u", vcpus=5)
    document = cloud.get("/limits?reserved=1", version=version, as_="reader").json()["limits"]
    assert document["rate"] == []
    absolute = document["absolute"]
    assert absolute["maxTotalCores"] == 20
    assert absolute["totalCoresUsed"] == 3
    assert absolute["totalRAMUsed"] == 700
    assert absolute["totalInstancesUsed"] == 1
    assert not absent & set(absolute)
    assert {"maxServerMeta", "maxTotalKeypairs", "maxServerGroups", "maxServerGroupMembers"} <= set(absolute)


def test_limits_of_another_project_are_for_admins(cloud: Cloud) -> None:
    assert cloud.get(f"/limits?tenant_id={FOREIGN}").status_code == 200
    assert cloud.get(f"/limits?tenant_id={FOREIGN}", as_="member").status_code == 403
    assert cloud.get(f"/limits?tenant_id={OWN}", as_="member").status_code == 200


DEFAULTS = QuotaLimits(instances=3, cores=8, ram=1000)


def check(database: Database, **wanted: int) -> None:
    with database.write() as conn:
        quotas.check_server_quota(
            conn,
            DEFAULTS,
            project_id=OWN,
            user_id="u",
            instances=wanted.get("instances", 0),
            cores=wanted.get("cores", 0),
            ram_mib=wanted.get("ram_mib", 0),
        )


def test_refusals_name_resources_and_numbers(database: Database) -> None:
    with database.write() as conn:
        for _ in range(3):
            add_server(conn, project_id=OWN, user_id="u", vcpus=2, memory_mib=100)
        add_server(conn, project_id=OWN, user_id="u", vcpus=2, deleted=True)
    with pytest.raises(QuotaExceeded) as refused:
        check(database, instances=1)
    assert refused.value.message == ("Quota exceeded for instances: Requested 1, but already used 3 of 3 instances")
    with pytest.raises(QuotaExceeded) as refused:
        check(database, instances=1, cores=3, ram_mib=1)
    assert refused.value.message == (
        "Quota exceeded for cores, instances: Requested 3, 1, but already used 6, 3 of 8, 3 cores, instances"
    )
    check(database, cores=2)


def test_a_users_own_limit_counts_his_servers(database: Database) -> None:
    with database.write() as conn:
        quotas.update(conn, DEFAULTS, OWN, {"instances": 1}, user_id="u")
        add_server(conn, project_id=OWN, user_id="other", vcpus=1)
    check(database, instances=1)
    with database.write() as conn:
        add_server(conn, project_id=OWN, user_id="u", vcpus=1)
    with pytest.raises(QuotaExceeded, match="already used 1 of 1 instances"):
        check(database, instances=1)


def test_as_many_servers_as_fit(database: Database) -> None:
    def allowed(minimum: int, maximum: int, cores: int) -> int:
        with database.write() as conn:
            return quotas.servers_allowed(
                conn,
                DEFAULTS,
                project_id=OWN,
                user_id="u",
                cores_each=cores,
                ram_mib_each=10,
                minimum=minimum,
                maximum=maximum,
            )

    assert allowed(1, 10, 1) == 3
    assert allowed(1, 10, 4) == 2
    assert allowed(2, 2, 1) == 2
    with pytest.raises(QuotaExceeded, match="Quota exceeded for cores: Requested 12, but already used 0 of 8 cores"):
        allowed(3, 10, 4)


def test_eight_at_once_never_take_more_than_there_is(database: Database) -> None:
    """Nova: eight racing clients got up to 10 of 8."""
    start = threading.Barrier(8)
    refused: list[QuotaExceeded] = []

    def client() -> None:
        start.wait()
        try:
            with database.write() as conn:
                quotas.check_server_quota(conn, DEFAULTS, project_id=OWN, user_id="u", instances=1, cores=1, ram_mib=1)
                add_server(conn, project_id=OWN, user_id="u", vcpus=1)
        except QuotaExceeded as err:
            refused.append(err)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as conn:
        assert usage.of_servers(conn, OWN).instances == 3
        assert conn.execute(sa.text("SELECT count(*) FROM servers")).scalar() == 3
    assert len(refused) == 5
