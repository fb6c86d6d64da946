"""``openstack server`` and what operators look at, against ours on simulated hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.client import CommandFailed, OpenStack
from tests.compat.conftest import create

# First, and at each change of what a server's document holds that clients notice; the last one we answer.
MICROVERSIONS = ["2.1", "2.3", "2.9", "2.16", "2.19", "2.26", "2.47", "2.53", "2.63", "2.71", "2.73", "2.79", "2.90"]
MICROVERSIONS += ["2.96", "2.98", "2.100", "2.104"]


def test_server_life(cli: OpenStack, name: str, image: str, flavor: str, network: str, tmp_path: Path) -> None:
    user_data = tmp_path / "user-data"
    user_data.write_text("#!/bin/sh\necho hello\n")
    made = cli.at("2.96").read(
        *(
            "server",
            "create",
            "--image",
            image,
            "--flavor",
            flavor,
            "--network",
            network,
            "--user-data",
            str(user_data),
        ),
        *("--use-config-drive", "--property", "colour=blue", "--description", "a test", "--tag", "one", "--wait", name),
    )
    assert (made["status"], made["OS-EXT-STS:power_state"], made["config_drive"]) == ("ACTIVE", 1, "True")
    assert list(made["addresses"]) == [network]
    assert made["properties"] == {"colour": "blue"}
    assert (made["description"], made["tags"]) == ("a test", ["one"])

    (row,) = [row for row in cli.read("server", "list") if row["Name"] == name]
    assert (row["ID"], row["Status"], row["Image"], row["Flavor"]) == (made["id"], "ACTIVE", image, flavor)
    assert row["Networks"] == made["addresses"]

    cli("server", "set", "--name", f"{name}-new", "--property", "size=big", name)
    cli("server", "unset", "--property", "colour", f"{name}-new")
    cli.at("2.26")("server", "set", "--tag", "two", f"{name}-new")
    cli.at("2.26")("server", "unset", "--tag", "one", f"{name}-new")
    shown = cli.at("2.96").read("server", "show", f"{name}-new")
    assert (shown["properties"], shown["tags"]) == ({"size": "big"}, ["two"])

    cli("server", "delete", "--wait", f"{name}-new")
    with pytest.raises(CommandFailed):
        cli("server", "show", made["id"])


def test_server_actions_and_events(cli: OpenStack, admin: OpenStack, server: str) -> None:
    (row,) = cli.read("server", "event", "list", server)
    assert row["Action"] == "create"
    shown = cli.read("server", "event", "show", server, row["Request ID"])
    assert (shown["action"], shown["request_id"]) == ("create", row["Request ID"])
    server_id = cli.read("server", "show", server)["id"]
    detail = admin.at("2.51").read("server", "event", "show", server_id, row["Request ID"])
    events = detail["events"]
    assert events and all(event["result"] == "Success" for event in events)


def test_actions_of_a_deleted_server_stay_readable(
    cli: OpenStack, name: str, image: str, flavor: str, network: str
) -> None:
    create(cli, name, image, flavor, network)
    server_id = cli.read("server", "show", name)["id"]
    cli("server", "delete", "--wait", name)
    actions = [row["Action"] for row in cli.at("2.21").read("server", "event", "list", server_id)]
    assert actions == ["delete", "create"]


def test_console_log_is_text(cli: OpenStack, server: str) -> None:
    assert isinstance(cli("console", "log", "show", server), str)


def test_without_network_and_with_an_automatic_one(cli: OpenStack, name: str, image: str, flavor: str) -> None:
    cli = cli.at("2.37")
    for choice, networks in (("--no-network", 0), ("--auto-network", 1)):
        cli("server", "create", "--image", image, "--flavor", flavor, choice, "--wait", f"{name}{choice}")
        assert len(cli.read("server", "show", f"{name}{choice}")["addresses"]) == networks
        cli("server", "delete", "--wait", f"{name}{choice}")


def test_several_at_once(cli: OpenStack, name: str, image: str, flavor: str, network: str) -> None:
    cli(
        *("server", "create", "--image", image, "--flavor", flavor, "--network", network),
        *("--min", "3", "--max", "3", "--wait", name),
    )
    names = sorted(row["Name"] for row in cli.read("server", "list", "--name", name))
    assert names == [f"{name}-{n}" for n in (1, 2, 3)]
    cli("server", "delete", "--wait", *names)


def test_server_that_fits_nowhere_ends_in_error_and_says_why(
    cli: OpenStack, admin: OpenStack, name: str, image: str, network: str
) -> None:
    nowhere = ("--property", "trait:CUSTOM_NOWHERE=required")
    admin("flavor", "create", "--vcpus", "1", "--ram", "64", "--disk", "1", *nowhere, name)
    with pytest.raises(CommandFailed):
        cli("server", "create", "--image", image, "--flavor", name, "--network", network, "--wait", name)
    shown = cli.read("server", "show", name)
    assert shown["status"] == "ERROR"
    assert "No valid host" in shown["fault"]["message"]
    cli("server", "delete", "--wait", name)
    admin("flavor", "delete", name)


def test_unknown_names_are_refused(cli: OpenStack, name: str, image: str, flavor: str) -> None:
    with pytest.raises(CommandFailed, match=r"(?i)no flavor|not be found|no .* found"):
        cli("server", "create", "--image", image, "--flavor", "no-such-flavor", "--no-network", name)
    with pytest.raises(CommandFailed, match=r"(?i)invalid key_name|not found|400"):
        cli.at("2.37")(
            *(
                "server",
                "create",
                "--image",
                image,
                "--flavor",
                flavor,
                "--no-network",
                "--key-name",
                "no-such-key",
                name,
            )
        )
    assert name not in [row["Name"] for row in cli.read("server", "list")]


@pytest.mark.parametrize("microversion", MICROVERSIONS)
def test_list_and_show_at_each_microversion(cli: OpenStack, server: str, microversion: str) -> None:
    cli = cli.at(microversion)
    listed = cli.read("server", "list", "--long", "--name", f"^{server}$")
    assert [(row["Name"], row["Status"]) for row in listed] == [(server, "ACTIVE")]
    shown = cli.read("server", "show", server)
    assert (shown["name"], shown["status"]) == (server, "ACTIVE")
    assert shown["addresses"]


def test_what_an_operator_looks_at(cli: OpenStack, admin: OpenStack, server: str) -> None:
    hypervisors = admin.read("hypervisor", "list")
    assert len(hypervisors) == 3
    assert {row["State"] for row in hypervisors} == {"up"}
    for microversion in ("2.1", "2.53", "2.88"):
        shown = admin.at(microversion).read("hypervisor", "show", hypervisors[0]["Hypervisor Hostname"])
        assert shown["hypervisor_hostname"] == hypervisors[0]["Hypervisor Hostname"]
    services = admin.read("compute", "service", "list")
    assert "nova-compute" in {row["Binary"] for row in services}
    assert {row["State"] for row in services} == {"up"}
    assert server in [row["Name"] for row in admin.read("server", "list", "--all-projects")]
    # A name is looked up in the admin's own project, an id everywhere.
    server_id = cli.read("server", "show", server)["id"]
    host = admin.read("server", "show", server_id)["OS-EXT-SRV-ATTR:host"]
    assert host in {row["Hypervisor Hostname"] for row in hypervisors}


def test_limits_zones_and_networks(cli: OpenStack, server: str, network: str) -> None:
    limits = {row["Name"]: row["Value"] for row in cli.read("limits", "show", "--absolute")}
    assert limits["total_instances_used"] >= 1
    assert limits["total_cores_used"] >= 1
    assert {"Zone Name": "nova", "Zone Status": "available"} in cli.read("availability", "zone", "list", "--compute")
    assert network in [row["Name"] for row in cli.read("network", "list")]
    assert cli.read("network", "show", network)["status"] == "ACTIVE"
    assert cli.read("subnet", "list")
    server_id = cli.read("server", "show", server)["id"]
    assert len(cli.read("port", "list", "--device-id", server_id)) == 1
