"""openstacksdk against ours on simulated hosts: the path of Ansible's and many scripts' calls."""

from __future__ import annotations

import pytest
from openstack import exceptions
from openstack.connection import Connection

from tests.compat.conftest import connect
from workshop.serving import Serving

pytestmark = pytest.mark.filterwarnings("ignore")  # the SDK's own, and not ours to mend


def test_create_wait_list_and_delete(sdk: Connection, name: str, image: str, flavor: str, network: str) -> None:
    server = sdk.compute.create_server(
        name=name,
        image_id=sdk.image.find_image(image, ignore_missing=False).id,
        flavor_id=sdk.compute.find_flavor(flavor, ignore_missing=False).id,
        networks=[{"uuid": sdk.network.find_network(network, ignore_missing=False).id}],
        metadata={"colour": "blue"},
    )
    server = sdk.compute.wait_for_server(server, wait=60, interval=0.1)
    assert (server.status, server.metadata, list(server.addresses)) == ("ACTIVE", {"colour": "blue"}, [network])
    assert [action.action for action in sdk.compute.server_actions(server)] == ["create"]
    assert sdk.compute.get_server_console_output(server)["output"] is not None
    sdk.compute.delete_server(server)
    sdk.compute.wait_for_delete(server, wait=60, interval=0.1)
    with pytest.raises(exceptions.NotFoundException):
        sdk.compute.get_server(server.id)


def test_cloud_layer_creates_and_deletes(sdk: Connection, name: str, image: str, flavor: str, network: str) -> None:
    server = sdk.create_server(name, image=image, flavor=flavor, network=network, wait=True, timeout=60)
    assert server.status == "ACTIVE"
    assert server.private_v4 or server.access_ipv4 or server.addresses
    assert sdk.delete_server(name, wait=True, timeout=60)
    assert sdk.get_server(name) is None


def test_listing_follows_pages(sdk: Connection, name: str, image: str, flavor: str) -> None:
    sdk.compute.default_microversion = "2.74"
    sdk.compute.create_server(
        name=name,
        image_id=sdk.image.find_image(image, ignore_missing=False).id,
        flavor_id=sdk.compute.find_flavor(flavor, ignore_missing=False).id,
        networks="none",
        min_count=7,
        max_count=7,
    )
    paged = [server.name for server in sdk.compute.servers(limit=2, name=name)]
    assert sorted(paged) == [f"{name}-{n}" for n in range(1, 8)]
    short = list(sdk.compute.servers(details=False, limit=3, name=name))
    assert len(short) == 7
    for server in short:
        sdk.compute.delete_server(server)
    for server in short:
        sdk.compute.wait_for_delete(server, wait=60, interval=0.1)


@pytest.mark.parametrize("microversion", ["2.1", "2.53", "2.79", "2.96", "2.104"])
def test_detail_parses_at_each_microversion(
    simulated_serving: Serving, server: str, flavor: str, microversion: str
) -> None:
    connection = connect(simulated_serving.clouds_yaml, "micronova", microversion)
    try:
        (found,) = connection.compute.servers(name=server)
        assert (found.status, found.power_state) == ("ACTIVE", 1)
        # Before 2.47 the flavor is a link, from then on the embedded flavor.
        embedded = microversion not in ("2.1",)
        assert found.flavor["original_name" if embedded else "id"] == (
            flavor if embedded else connection.compute.find_flavor(flavor, ignore_missing=False).id
        )
        assert connection.compute.get_server(found.id).to_dict()["addresses"] == found.to_dict()["addresses"]
    finally:
        connection.close()


def test_a_microversion_beyond_ours_is_refused(sdk: Connection) -> None:
    answer = sdk.compute.get("/servers", headers={"OpenStack-API-Version": "compute 2.999"}, raise_exc=False)
    assert answer.status_code == 406


def test_discovery_finds_every_service(sdk: Connection) -> None:
    compute, identity, image = (service.get_endpoint_data() for service in (sdk.compute, sdk.identity, sdk.image))
    assert compute is not None and compute.max_microversion == (2, 104)
    assert identity is not None and identity.api_version == (3, 14)
    assert image is not None and image.api_version and image.api_version[0] == 2
    assert list(sdk.network.networks())
    assert list(sdk.compute.availability_zones())
