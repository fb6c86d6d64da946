"""The clients, pointed at a started micronova, and what servers are made of."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import openstack
import openstack.config
import pytest
from openstack.connection import Connection

from tests.compat.client import OpenStack
from workshop.serving import Serving


@pytest.fixture
def cli(simulated_serving: Serving) -> OpenStack:
    """The command line as the project's user."""
    return OpenStack(simulated_serving.clouds_yaml, "micronova")


@pytest.fixture
def admin(simulated_serving: Serving) -> OpenStack:
    """The command line as the admin."""
    return OpenStack(simulated_serving.clouds_yaml, "micronova-admin")


def connect(clouds_yaml: Path, cloud: str, microversion: str | None = None) -> Connection:
    """An openstacksdk connection to a cloud of a clouds.yaml, at a default compute microversion."""
    config = openstack.config.OpenStackConfig(
        config_files=[str(clouds_yaml)], secure_files=[], vendor_files=[], load_envvars=False
    )
    region = config.get_one(cloud=cloud)
    if microversion is not None:
        region.config["compute_default_microversion"] = microversion
    return Connection(config=region)


@pytest.fixture
def sdk(simulated_serving: Serving) -> Iterator[Connection]:
    """openstacksdk as the project's user."""
    connection = connect(simulated_serving.clouds_yaml, "micronova")
    yield connection
    connection.close()


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"test-{uuid.uuid4().hex[:10]}"


@pytest.fixture(scope="session")
def image_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest, empty qcow2 image."""
    path = tmp_path_factory.mktemp("image") / "empty.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "16M"], check=True)
    return path


@pytest.fixture(scope="session")
def image(simulated_serving: Serving, image_file: Path) -> str:
    """The name of an active image."""
    cli = OpenStack(simulated_serving.clouds_yaml, "micronova")
    cli("image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", str(image_file), "shared")
    return "shared"


@pytest.fixture(scope="session")
def flavor(simulated_serving: Serving) -> str:
    """The name of a small flavor."""
    admin = OpenStack(simulated_serving.clouds_yaml, "micronova-admin")
    admin("flavor", "create", "--vcpus", "1", "--ram", "64", "--disk", "1", "compat.small")
    return "compat.small"


@pytest.fixture(scope="session")
def network(simulated_serving: Serving) -> str:
    """The name of the built-in network."""
    cli = OpenStack(simulated_serving.clouds_yaml, "micronova")
    return str(cli.read("network", "list")[0]["Name"])


def create(cli: OpenStack, name: str, image: str, flavor: str, network: str) -> None:
    """Create a server and wait till it is ACTIVE."""
    cli("server", "create", "--image", image, "--flavor", flavor, "--network", network, "--wait", name)


@pytest.fixture(scope="session")
def server(simulated_serving: Serving, image: str, flavor: str, network: str) -> str:
    """The name of an ACTIVE server that tests look at and leave as it is."""
    create(OpenStack(simulated_serving.clouds_yaml, "micronova"), "standing", image, flavor, network)
    return "standing"
