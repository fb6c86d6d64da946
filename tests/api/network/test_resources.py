"""Networks, subnets and ports as Neutron's clients see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from micronova.db.database import Database
from micronova.db.tables.network import fixed_ips, networks, ports, subnets
from micronova.model.ids import HostName, NetworkId, ServerId, new_uuid
from micronova.network.api import Networking
from micronova.network.policies import RULES
from micronova.network.ports import NicRequest, ensure_ports, nics_of, plan_nics
from micronova.network.routes import service
from micronova.web.application import Application
from micronova.web.policy import Policy
from tests.api.network.conftest import Tokens

Client = Callable[[str | None], TestClient]


def made(client: TestClient, kind: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v2.0/{kind}s", json={kind: body})
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()[kind]
    return document


def refused(answer: Any, status: int, text: str = "", kind: str = "") -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()["NeutronError"]
    assert set(error) == {"type", "message", "detail"}
    assert text in error["message"]
    assert kind in ("", error["type"])


def rows(database: Database, *tables: sa.Table) -> int:
    with database.read() as conn:
        return sum(int(conn.execute(sa.select(sa.func.count()).select_from(t)).scalar_one()) for t in tables)


def test_version_documents_need_no_token(client: Client) -> None:
    for path in ("", "/"):
        versions = client(None).get(path).json()["versions"]
        assert versions[0]["id"] == "v2.0" and versions[0]["status"] == "CURRENT"
        assert versions[0]["links"][0]["href"] == "http://cloud/network/v2.0/"
    for path in ("/v2.0", "/v2.0/"):
        assert {r["collection"] for r in client(None).get(path).json()["resources"]} >= {"networks", "ports"}
    assert client(None).get("/v2.0/networks").status_code == 401
    aliases = {e["alias"] for e in client("reader@p").get("/v2.0/extensions").json()["extensions"]}
    assert "port-security" in aliases
    assert client("reader@p").get("/v2.0/extensions/port-security").status_code == 200
    refused(client("reader@p").get("/v2.0/extensions/router"), 404)


def test_the_life_of_a_network_with_subnet_and_port(client: Client, database: Database) -> None:
    member = client("member@p1")
    network = made(member, "network", name="net", description="d", mtu=1400)
    assert network["status"] == "ACTIVE" and network["subnets"] == [] and network["shared"] is False
    assert network["project_id"] == network["tenant_id"] == "p1" and network["created_at"].endswith("Z")
    subnet = made(member, "subnet", network_id=network["id"], cidr="192.168.199.0/24", ip_version=4, name="sub")
    assert subnet["gateway_ip"] == "192.168.199.1" and subnet["enable_dhcp"] is True
    assert subnet["allocation_pools"] == [{"start": "192.168.199.2", "end": "192.168.199.254"}]
    port = made(
        member,
        "port",
        network_id=network["id"],
        name="p",
        fixed_ips=[{"subnet_id": subnet["id"], "ip_address": "192.168.199.23"}],
    )
    assert port["fixed_ips"] == [{"subnet_id": subnet["id"], "ip_address": "192.168.199.23"}]
    assert port["mac_address"].startswith("fa:16:3e:") and port["status"] == "DOWN"
    assert len(port["security_groups"]) == 1 and "binding:host_id" not in port
    assert member.get(f"/v2.0/networks/{network['id']}").json()["network"]["subnets"] == [subnet["id"]]
    assert member.get(f"/v2.0/ports/{port['id']}").json()["port"] == port
    assert member.get(f"/v2.0/subnets/{subnet['id']}?fields=id&fields=cidr").json() == {
        "subnet": {"id": subnet["id"], "cidr": "192.168.199.0/24"}
    }
    for kind, one in (("network", network), ("subnet", subnet), ("port", port)):
        changed = member.put(f"/v2.0/{kind}s/{one['id']}", json={kind: {"name": "renamed"}}).json()[kind]
        assert changed["name"] == "renamed" and changed["revision_number"] == one["revision_number"] + 1
    refused(member.delete(f"/v2.0/networks/{network['id']}"), 409, "ports still in use", "NetworkInUse")
    refused(member.delete(f"/v2.0/subnets/{subnet['id']}"), 409, "IP allocation from this subnet", "SubnetInUse")
    assert member.delete(f"/v2.0/ports/{port['id']}").status_code == 204
    assert member.delete(f"/v2.0/networks/{network['id']}").status_code == 204
    assert rows(database, networks, subnets, ports, fixed_ips) == 0
    refused(member.get(f"/v2.0/networks/{network['id']}"), 404, network["id"], "NetworkNotFound")
    refused(member.get(f"/v2.0/subnets/{subnet['id']}"), 404, subnet["id"], "SubnetNotFound")
    refused(member.get(f"/v2.0/ports/{port['id']}"), 404, port["id"], "PortNotFound")


def test_hosts_are_told_of_a_network_when_it_is_gone_and_not_before(database: Database) -> None:
    told: list[tuple[NetworkId, int]] = []
    api = Networking(
        database=database,
        policy=Policy(RULES),
        network_deleted=lambda network_id: told.append((network_id, rows(database, networks))),
    )
    application = Application([service(api)], Tokens(), max_body=1 << 20)
    headers = {"X-Auth-Token": "member@p1"}
    member = TestClient(application, base_url="http://cloud/network", headers=headers)
    network = made(member, "network")
    made(member, "subnet", network_id=network["id"], cidr="192.168.199.0/24")
    port = made(member, "port", network_id=network["id"])
    refused(member.delete(f"/v2.0/networks/{network['id']}"), 409)
    refused(member.delete(f"/v2.0/networks/{new_uuid()}"), 404)
    assert told == []
    assert member.delete(f"/v2.0/ports/{port['id']}").status_code == 204
    assert member.delete(f"/v2.0/networks/{network['id']}").status_code == 204
    assert told == [(network["id"], 0)]


def test_the_openstack_client_sends_the_mtu_as_text(client: Client) -> None:
    assert made(client("member@p1"), "network", mtu="1400")["mtu"] == 1400


def test_t_sto2_what_is_anothers_is_not_there(client: Client) -> None:
    """Foreign ids answer exactly as absent ones (T-PEER7)."""
    owner, other, admin = client("member@p1"), client("member@p2"), client("admin@adm")
    network = made(owner, "network", name="mine")
    subnet = made(owner, "subnet", network_id=network["id"], cidr="10.9.0.0/24")
    port = made(owner, "port", network_id=network["id"])
    for kind, one in (("network", network), ("subnet", subnet), ("port", port)):
        path = f"/v2.0/{kind}s/{one['id']}"
        absent = other.get(f"/v2.0/{kind}s/{new_uuid()}")
        refused(absent, 404)
        for answer in (other.get(path), other.put(path, json={kind: {"name": "x"}}), other.delete(path)):
            refused(answer, 404, "could not be found")
            assert answer.json()["NeutronError"]["type"] == absent.json()["NeutronError"]["type"]
        assert other.get(f"/v2.0/{kind}s").json() == {f"{kind}s": []}
        assert [d["id"] for d in admin.get(f"/v2.0/{kind}s").json()[f"{kind}s"]] == [one["id"]]
        assert other.get(f"/v2.0/{kind}s", params={"id": one["id"]}).json() == {f"{kind}s": []}
    refused(other.post("/v2.0/ports", json={"port": {"network_id": network["id"]}}), 404)
    refused(other.post("/v2.0/subnets", json={"subnet": {"network_id": network["id"], "cidr": "10.8.0.0/24"}}), 404)


def test_the_shared_network_may_be_used_and_not_changed(client: Client, private: NetworkId) -> None:
    member = client("member@p1")
    shown = member.get(f"/v2.0/networks/{private}").json()["network"]
    assert shown["name"] == "private" and shown["shared"] is True
    subnet = member.get("/v2.0/subnets").json()["subnets"][0]
    assert (subnet["cidr"], subnet["gateway_ip"]) == ("10.122.0.0/20", "10.122.0.1")
    port = made(member, "port", network_id=private, fixed_ips=[{"ip_address": "10.122.0.50"}])
    refused(member.put(f"/v2.0/networks/{private}", json={"network": {"name": "x"}}), 403, "update_network")
    refused(member.delete(f"/v2.0/networks/{private}"), 403)
    refused(member.put(f"/v2.0/subnets/{subnet['id']}", json={"subnet": {"name": "x"}}), 403)
    refused(member.delete(f"/v2.0/subnets/{subnet['id']}"), 403)
    body = {"subnet": {"network_id": private, "cidr": "10.8.0.0/24"}}
    refused(member.post("/v2.0/subnets", json=body), 403)
    # Anti-spoofing is the network owner's to switch off (T-NET1), and so are MAC addresses.
    for extra in ({"port_security_enabled": False}, {"mac_address": "fa:16:3e:00:00:01"}, {"binding:host_id": "h"}):
        refused(member.post("/v2.0/ports", json={"port": {"network_id": private, **extra}}), 403)
        refused(member.put(f"/v2.0/ports/{port['id']}", json={"port": extra}), 403)
    refused(member.post("/v2.0/ports", json={"port": {"network_id": private, "device_owner": "network:dhcp"}}), 403)
    assert client("member@p2").get("/v2.0/ports").json() == {"ports": []}
    refused(client("member@p2").get(f"/v2.0/ports/{port['id']}"), 404)


def test_readers_read_only(client: Client, private: NetworkId) -> None:
    reader = client("reader@p1")
    assert reader.get("/v2.0/networks").status_code == 200
    refused(reader.post("/v2.0/networks", json={"network": {}}), 403)
    refused(reader.post("/v2.0/ports", json={"port": {"network_id": private}}), 403)


def test_only_admins_share_and_make_things_for_others(client: Client) -> None:
    member, admin = client("member@p1"), client("admin@adm")
    refused(member.post("/v2.0/networks", json={"network": {"shared": True}}), 403, "create_network:shared")
    refused(member.post("/v2.0/networks", json={"network": {"project_id": "p2"}}), 403)
    refused(member.post("/v2.0/networks", json={"network": {"project_id": "p1", "tenant_id": "p2"}}), 400)
    network = made(admin, "network", project_id="p2", shared=True)
    assert network["project_id"] == "p2"
    made(client("member@p2"), "subnet", network_id=network["id"], cidr="10.9.0.0/24")
    made(member, "port", network_id=network["id"])
    answer = admin.put(f"/v2.0/networks/{network['id']}", json={"network": {"shared": False}})
    refused(answer, 409, "Multiple tenants", "InvalidSharedSetting")
    refused(member.put(f"/v2.0/networks/{network['id']}", json={"network": {"shared": False}}), 403)


def test_lists_filter_sort_and_page(client: Client, private: NetworkId) -> None:
    member = client("member@p1")
    for name in ("c", "a", "b", "a"):
        made(member, "network", name=name, admin_state_up=name != "b")

    def names(query: str) -> list[str]:
        answer = member.get(f"/v2.0/networks?{query}")
        assert answer.status_code == 200, answer.text
        return [network["name"] for network in answer.json()["networks"]]

    assert names("name=a") == ["a", "a"]
    assert sorted(names("name=a&name=b")) == ["a", "a", "b"]
    assert names("admin_state_up=False") == ["b"]
    assert names("shared=true") == ["private"]
    assert names("tenant_id=p1&sort_key=name") == ["a", "a", "b", "c"]
    assert names("sort_key=name&sort_dir=desc&shared=0") == ["c", "b", "a", "a"]
    assert names("router:external=True") == [] and len(names("router:external=False&status=ACTIVE")) == 5
    assert member.get("/v2.0/networks?fields=name&name=c").json() == {"networks": [{"name": "c"}]}
    seen: list[str] = []
    url = "/v2.0/networks?limit=2&sort_key=name&sort_dir=asc"
    while url:
        page = member.get(url.removeprefix("http://cloud/network")).json()
        seen += [network["name"] for network in page["networks"]]
        assert len(page["networks"]) <= 2
        url = next((link["href"] for link in page.get("networks_links", []) if link["rel"] == "next"), "")
    assert seen == ["a", "a", "b", "c", "private"]
    last = member.get("/v2.0/networks?sort_key=name&name=c").json()["networks"][0]["id"]
    assert names(f"sort_key=name&limit=2&marker={last}&page_reverse=True") == ["a", "b"]
    for query in (
        "limit=x",
        "limit=-1",
        "marker=nobody",
        "sort_key=nothing",
        "sort_key=name&sort_dir=up",
        "nothing=1",
        "sort_key=name&sort_key=id&sort_dir=asc",
        "admin_state_up=maybe",
        "revision_number=x",
    ):
        refused(member.get(f"/v2.0/networks?{query}"), 400)


def test_t_api6_ports_by_address_and_device(client: Client, private: NetworkId) -> None:
    member = client("member@p1")
    port = made(member, "port", network_id=private, fixed_ips=[{"ip_address": "10.122.1.7"}], device_id="dev")
    made(member, "port", network_id=private, fixed_ips=[{"ip_address": "10.122.2.8"}])
    subnet = port["fixed_ips"][0]["subnet_id"]
    for query in (
        "fixed_ips=ip_address=10.122.1.7",
        f"fixed_ips=ip_address=10.122.1.7&fixed_ips=subnet_id={subnet}",
        "fixed_ips=ip_address_substr=22.1.",
        "device_id=dev",
        f"mac_address={port['mac_address'].upper()}",
    ):
        assert [p["id"] for p in member.get(f"/v2.0/ports?{query}").json()["ports"]] == [port["id"]], query
    assert len(member.get(f"/v2.0/ports?network_id={private}&sort_key=name").json()["ports"]) == 2
    refused(member.get("/v2.0/ports?fixed_ips=x=1"), 400)
    refused(member.get("/v2.0/ports?binding:host_id=h"), 400)
    assert client("admin@adm").get("/v2.0/ports?binding:host_id=h").json() == {"ports": []}


def test_t_api4_addresses_have_one_form(client: Client) -> None:
    member = client("member@p1")
    network = made(member, "network")
    made(member, "subnet", network_id=network["id"], cidr="FD00:0:0:1::/64", ip_version=6)
    body: dict[str, Any] = {
        "network_id": network["id"],
        "mac_address": "FA-16-3E-AA-BB-CC",
        "fixed_ips": [{"ip_address": "FD00::1:0:0:0:5"}],
    }
    port = made(member, "port", **body)
    assert port["mac_address"] == "fa:16:3e:aa:bb:cc"
    assert port["fixed_ips"][0]["ip_address"] == "fd00:0:0:1::5"
    refused(member.post("/v2.0/ports", json={"port": body}), 409, "mac address fa:16:3e:aa:bb:cc", "MacAddressInUse")
    del body["mac_address"]
    refused(member.post("/v2.0/ports", json={"port": body}), 409, "already allocated", "IpAddressAlreadyAllocated")


@pytest.mark.parametrize(
    "text",
    ["a\nb", "x]]>y", "${HOME}", '"; rm -rf /', "dhcp-option=6,1.2.3.4\n", "<interface/>", "\x00\x1b[0m", "é日本"],
)
def test_t_net2_names_are_data(client: Client, text: str, database: Database, private: NetworkId) -> None:
    """Any text survives as it is where it is only shown, and never reaches what a host writes into files."""
    member = client("member@p1")
    if "\x00" in text:
        refused(member.post("/v2.0/networks", json={"network": {"name": text}}), 400)
        refused(member.get("/v2.0/networks", params={"name": text}), 400)
        return
    network = made(member, "network", name=text, description=text)
    assert member.get(f"/v2.0/networks/{network['id']}").json()["network"]["description"] == text
    assert member.get("/v2.0/networks", params={"name": text}).json()["networks"][0]["id"] == network["id"]
    subnet = {"network_id": network["id"], "cidr": "10.9.0.0/24"}
    for kind, body in (
        ("port", {"network_id": private, "dns_name": text}),
        ("port", {"network_id": private, "mac_address": text}),
        ("port", {"network_id": private, "fixed_ips": [{"ip_address": text}]}),
        ("network", {"dns_domain": text}),
        ("subnet", {"network_id": network["id"], "cidr": text}),
        ("subnet", {**subnet, "gateway_ip": text}),
        ("subnet", {**subnet, "dns_nameservers": [text]}),
        ("subnet", {**subnet, "allocation_pools": [{"start": text, "end": text}]}),
        ("subnet", {**subnet, "host_routes": [{"destination": text, "nexthop": "1.1.1.1"}]}),
    ):
        before = rows(database, networks, subnets, ports, fixed_ips)
        assert member.post(f"/v2.0/{kind}s", json={kind: body}).status_code in (400, 403), body
        assert rows(database, networks, subnets, ports, fixed_ips) == before


def test_subnets_stay_in_private_ranges_and_apart(client: Client) -> None:
    member = client("member@p1")
    network = made(member, "network")["id"]
    made(member, "subnet", network_id=network, cidr="10.20.0.0/16")
    for body, text in (
        ({"cidr": "8.8.8.0/24"}, "not a private range"),
        ({"cidr": "0.0.0.0/0"}, "not a private range"),
        ({"cidr": "10.20.30.0/24"}, "overlaps"),
        ({"cidr": "10.0.0.0/8"}, "overlaps"),
        ({"cidr": "192.168.1.128/25"}, "overlaps"),  # the host's own network
        ({"cidr": "10.30.0.1/24"}, "'10.30.0.0/24' is recommended"),
        ({"cidr": "10.30.0.0/31"}, "too small"),
        ({"cidr": "10.30.0.0/24", "ip_version": 6}, "does not match"),
        ({"cidr": "10.30.0.0/24", "gateway_ip": "10.31.0.1"}, "not valid on subnet"),
        ({"cidr": "10.30.0.0/24", "allocation_pools": [{"start": "10.30.0.9", "end": "10.30.0.2"}]}, "not valid"),
        ({"cidr": "10.30.0.0/24", "allocation_pools": [{"start": "10.30.0.9", "end": "10.31.0.2"}]}, "beyond"),
        ({"cidr": "10.30.0.0/24", "allocation_pools": [{"start": "10.30.0.1", "end": "10.30.0.9"}]}, "conflicts"),
        (
            {
                "cidr": "10.30.0.0/24",
                "allocation_pools": [
                    {"start": "10.30.0.5", "end": "10.30.0.9"},
                    {"start": "10.30.0.2", "end": "10.30.0.5"},
                ],
            },
            "overlapping",
        ),
    ):
        refused(member.post("/v2.0/subnets", json={"subnet": {"network_id": network, **body}}), 400, text)


def test_a_subnet_without_gateway_and_with_own_pools(client: Client) -> None:
    member = client("member@p1")
    network = made(member, "network")["id"]
    subnet = made(
        member,
        "subnet",
        network_id=network,
        cidr="10.20.0.0/24",
        gateway_ip=None,
        allocation_pools=[{"start": "10.20.0.10", "end": "10.20.0.11"}],
        dns_nameservers=["9.9.9.9"],
        host_routes=[{"destination": "10.99.0.0/16", "nexthop": "10.20.0.254"}],
    )
    assert subnet["gateway_ip"] is None
    given = {made(member, "port", network_id=network)["fixed_ips"][0]["ip_address"] for _ in range(2)}
    assert given == {"10.20.0.10", "10.20.0.11"}
    refused(member.post("/v2.0/ports", json={"port": {"network_id": network}}), 409, "No more IP addresses")
    path = f"/v2.0/subnets/{subnet['id']}"
    refused(member.put(path, json={"subnet": {"gateway_ip": "10.20.0.10"}}), 409, "in use by a port")
    changed = member.put(
        path, json={"subnet": {"gateway_ip": "10.20.0.1", "dns_nameservers": [], "enable_dhcp": False}}
    ).json()["subnet"]
    assert (changed["gateway_ip"], changed["dns_nameservers"], changed["enable_dhcp"]) == ("10.20.0.1", [], False)
    refused(member.put(path, json={"subnet": {"cidr": "10.21.0.0/24"}}), 400, "cidr")


@pytest.mark.parametrize(
    "kind, body",
    [
        ("network", {"nothing": 1}),
        ("network", {"name": 1}),
        ("network", {"name": "x" * 256}),
        ("network", {"mtu": 10}),
        ("network", {"mtu": "10"}),
        ("network", {"mtu": "many"}),
        ("network", {"admin_state_up": "yes"}),
        ("network", {"router:external": True}),
        ("subnet", {"cidr": "10.1.0.0/24"}),
        ("port", {}),
        ("port", {"network_id": "x"}),
        ("port", {"network_id": new_uuid(), "fixed_ips": [{}]}),
        ("port", {"network_id": new_uuid(), "allowed_address_pairs": [{"ip_address": "0.0.0.0/0"}]}),
    ],
)
def test_wrong_bodies_are_refused_and_leave_nothing(
    client: Client, database: Database, kind: str, body: dict[str, Any]
) -> None:
    refused(client("member@p1").post(f"/v2.0/{kind}s", json={kind: body}), 400)
    assert rows(database, networks, subnets, ports) == 0


def test_ports_change_addresses_security_and_groups(client: Client) -> None:
    member = client("member@p1")
    network = made(member, "network")["id"]
    made(member, "subnet", network_id=network, cidr="10.20.0.0/24")
    port = made(member, "port", network_id=network, fixed_ips=[{"ip_address": "10.20.0.5"}])
    path = f"/v2.0/ports/{port['id']}"

    def change(**body: Any) -> Any:
        return member.put(path, json={"port": body})

    after = change(fixed_ips=[{"ip_address": "10.20.0.6"}, {"ip_address": "10.20.0.5"}]).json()["port"]
    assert [ip["ip_address"] for ip in after["fixed_ips"]] == ["10.20.0.5", "10.20.0.6"]
    assert change(fixed_ips=[]).json()["port"]["fixed_ips"] == []
    refused(change(port_security_enabled=False, security_groups=port["security_groups"]), 409)
    assert change(port_security_enabled=False, security_groups=[]).json()["port"]["security_groups"] == []
    refused(change(security_groups=[new_uuid()]), 404, "does not exist")
    refused(change(mac_address="fa:16:3e:00:00:05"), 403)
    assert made(member, "port", network_id=network, fixed_ips=[])["fixed_ips"] == []


def test_a_servers_interface_is_not_pulled_out_through_the_port(
    client: Client, database: Database, private: NetworkId
) -> None:
    server = ServerId(new_uuid())
    with database.write() as conn:
        (nic,) = plan_nics(conn, project_id="p1", is_admin=False, requested=[NicRequest(network_id=private)])
        ensure_ports(conn, server_id=server, project_id="p1", hostname="h", planned=[nic], host=HostName("h1"))
    member, admin = client("member@p1"), client("admin@adm")
    shown = member.get(f"/v2.0/ports?device_id={server}").json()["ports"][0]
    assert (shown["status"], shown["device_owner"]) == ("ACTIVE", "compute:nova") and "binding:host_id" not in shown
    assert admin.get(f"/v2.0/ports/{nic.port_id}").json()["port"]["binding:host_id"] == "h1"
    path = f"/v2.0/ports/{nic.port_id}"
    refused(member.delete(path), 409, "detach it")
    changes: list[dict[str, Any]] = [{"device_id": ""}, {"fixed_ips": []}, {"device_owner": "x"}]
    for body in changes:
        refused(member.put(path, json={"port": body}), 409, "detach it")
    assert member.put(path, json={"port": {"name": "web"}}).json()["port"]["name"] == "web"


def test_a_device_id_plugs_nothing_into_anybodys_server(client: Client, database: Database, private: NetworkId) -> None:
    """OSSA-2014-008: device_id is data; what a server has is decided by the compute service only."""
    victim = ServerId(new_uuid())
    made(client("member@mallory"), "port", network_id=private, device_id=victim, device_owner="compute:nova")
    with database.read() as conn:
        assert nics_of(conn, victim) == []


def test_the_default_security_group(client: Client) -> None:
    member = client("member@p1")
    (group,) = member.get("/v2.0/security-groups?name=default").json()["security_groups"]
    assert group["project_id"] == "p1"
    assert member.get(f"/v2.0/security-groups/{group['id']}").json()["security_group"]["name"] == "default"
    assert member.get("/v2.0/security-groups?name=web").json() == {"security_groups": []}
    refused(client("member@p2").get(f"/v2.0/security-groups/{group['id']}"), 404)
    network = made(member, "network")["id"]
    assert made(member, "port", network_id=network)["security_groups"] == [group["id"]]
