"""openstacksdk, unchanged, against the compute service on a real socket (its token and address given, no catalog)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import openstack
import pytest
import uvicorn

from micronova.compute import bootstrap
from micronova.compute.routes import service
from micronova.web.application import Application
from tests.api.compute.conftest import OWN, Cloud, Personas
from tests.api.compute.rows import add_host, add_server

# What the SDK warns about is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def sdk(cloud: Cloud) -> Iterator[Any]:
    """``openstack.connect()`` as the admin."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        application = Application([service(cloud.api)], Personas(), max_body=114688)
        server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        connection = openstack.connection.Connection(
            auth_type="admin_token",
            endpoint=f"http://127.0.0.1:{port}/compute",
            token="admin",
            compute_endpoint_override=f"http://127.0.0.1:{port}/compute/v2.1",
        )
        try:
            yield connection
        finally:
            connection.close()
            server.should_exit = True
            thread.join(20)


def test_discovery_and_flavors(sdk: Any, cloud: Cloud) -> None:
    with cloud.database.write() as conn:
        bootstrap.ensure_flavors(conn)
        bootstrap.ensure_flavors(conn)
    assert sdk.compute.get_endpoint_data().max_microversion == (2, 104)
    assert sorted(flavor.name for flavor in sdk.compute.flavors()) == [
        *("m1.large", "m1.medium", "m1.nano", "m1.small", "m1.tiny"),
    ]
    made = sdk.compute.create_flavor(name="f", ram=128, vcpus=1, disk=1, is_public=False)
    sdk.compute.create_flavor_extra_specs(made, {"hw:cpu_policy": "shared"})
    assert sdk.compute.fetch_flavor_extra_specs(made).extra_specs == {"hw:cpu_policy": "shared"}
    sdk.compute.flavor_add_tenant_access(made, OWN)
    assert [one["tenant_id"] for one in sdk.compute.get_flavor_access(made)] == [OWN]
    assert sdk.compute.find_flavor("f").id == made.id
    assert sdk.compute.update_flavor(made.id, description="d").description == "d"
    sdk.compute.delete_flavor(made)
    assert sdk.compute.find_flavor("f") is None


def test_keypairs_limits_quotas_and_groups(sdk: Any) -> None:
    pair = sdk.compute.create_keypair(name="k", type="ssh")
    assert pair.private_key.startswith("-----BEGIN")
    assert [one.name for one in sdk.compute.keypairs()] == ["k"]
    sdk.compute.delete_keypair("k")
    assert sdk.compute.get_limits().absolute.total_cores == 20
    assert sdk.compute.get_quota_set(OWN).instances == 10
    group = sdk.compute.create_server_group(name="g", policy="affinity")
    assert sdk.compute.find_server_group("g").id == group.id


def test_hosts(sdk: Any, cloud: Cloud) -> None:
    with cloud.database.write() as conn:
        add_host(conn, "host1")
        add_server(conn, project_id=OWN, host="host1")
    [hypervisor] = sdk.compute.hypervisors(details=True, with_servers=True)
    assert (hypervisor.name, hypervisor.state, len(hypervisor.servers)) == ("host1", "up", 1)
    [compute] = sdk.compute.services()
    assert sdk.compute.disable_service(compute, disabled_reason="r").status == "disabled"
    assert [zone.name for zone in sdk.compute.availability_zones(details=True)] == ["nova"]
    aggregate = sdk.compute.create_aggregate(name="a")
    sdk.compute.add_host_to_aggregate(aggregate, "host1")
    sdk.compute.set_aggregate_metadata(aggregate, {"ssd": "true"})
    assert sdk.compute.get_aggregate(aggregate.id).hosts == ["host1"]
