"""A compute service with simulated hosts, a network, an image and a flavor: real parts, nothing of libvirt."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from micronova.compute import flavors, host_registry
from micronova.compute.api import Compute, ComputeSettings, QuotaLimits, ServerOperations
from micronova.compute.flavors import Flavor, NewFlavor
from micronova.compute.operations.create_server import create_server
from micronova.compute.operations.delete_server import delete_server
from micronova.compute.policies import RULES
from micronova.db.database import Database
from micronova.db.tables.image import images
from micronova.host.interface import Host
from micronova.host.simulated import SimulatedHost
from micronova.host.simulated_faults import SimulatedSettings
from micronova.model.caller import Caller
from micronova.model.clock import utcnow
from micronova.model.errors import HostUnreachable, NotFound
from micronova.model.ids import DomainId, HostName, ImageId, NetworkId, ProjectId, UserId, new_hex, new_uuid
from micronova.network.bootstrap import bootstrap
from micronova.operations import Engine, Observer
from micronova.placement import providers
from micronova.placement.host_inventory import Ratios, inventories_of
from micronova.web.policy import Policy

MIB = 1024**2
NO_QUOTA = QuotaLimits(instances=-1, cores=-1, ram=-1)
IMAGE_BYTES = b"not really a disk " * 1000


class MemoryImages:
    """An ImageSource of what a test put into it."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def local_path(self, image_id: ImageId) -> Path | None:
        """There are no files."""
        return None

    def open(self, image_id: ImageId) -> BinaryIO:
        """The bytes."""
        if image_id not in self.content:
            raise NotFound(f"No image found with ID {image_id}")
        return io.BytesIO(self.content[image_id])


class HostsByName:
    """The Hosts of a test; hosts can be forgotten."""

    def __init__(self, hosts: Sequence[SimulatedHost]) -> None:
        self.hosts = {host.name: host for host in hosts}

    def get(self, name: HostName) -> Host:
        """The host."""
        if name not in self.hosts:
            raise HostUnreachable(f"Host {name} is not known.")
        return self.hosts[name]

    def names(self) -> Sequence[HostName]:
        """All that are known."""
        return list(self.hosts)


def caller(project: str, *roles: str) -> Caller:
    """Somebody in a project."""
    return Caller(
        user_id=UserId(f"{project}-user"),
        user_name=f"{project}-user",
        user_domain_id=DomainId("default"),
        project_id=ProjectId(project),
        project_name=project,
        roles=frozenset(roles or ("member", "reader")),
    )


class ServersWorld:
    """Everything that servers need.  ``member`` and ``stranger`` are members of two projects."""

    def __init__(
        self,
        database: Database,
        directory: Path,
        *,
        hosts: int = 2,
        simulated: SimulatedSettings | None = None,
        settings: ComputeSettings | None = None,
    ) -> None:
        self.database = database
        self.directory = directory
        self.simulated = simulated or SimulatedSettings()
        self.settings = settings or ComputeSettings(quota=NO_QUOTA)
        self.images = MemoryImages()
        self.member = caller(new_hex())
        self.stranger = caller(new_hex())
        self.admin = caller(new_hex(), "admin", "member", "reader")
        self.policy = Policy(RULES)
        self.hosts = HostsByName([])
        for n in range(hosts):
            self.add_host(f"sim{n}", self.simulated)
        self.network_id: NetworkId = database.transact(lambda c: bootstrap(c, project_id=str(self.admin.project_id)))
        self.flavor = self.add_flavor("m1.tiny", vcpus=1, memory_mib=512, root_gib=1)
        self.image_id = self.add_image()

    def add_host(self, name: str, simulated: SimulatedSettings) -> SimulatedHost:
        """A started and registered host."""
        host = SimulatedHost(HostName(name), self.directory, self.images, simulated)
        host.start()
        self.hosts.hosts[host.name] = host
        facts, usage = host.facts(), host.usage()
        with self.database.write() as c:
            node = host_registry.register(c, facts, usage)
            provider = providers.ensure_provider(c, name=name, uuid=node.uuid)
            providers.set_inventories(c, provider, inventories_of(facts, Ratios()))
            providers.set_traits(c, provider, facts.traits)
        return host

    def add_flavor(
        self,
        name: str,
        *,
        vcpus: int,
        memory_mib: int,
        root_gib: int,
        ephemeral_gib: int = 0,
        swap_mib: int = 0,
        is_public: bool = True,
    ) -> Flavor:
        """A flavor whose id is its name."""
        new = NewFlavor(
            name=name,
            flavorid=name,
            is_public=is_public,
            vcpus=vcpus,
            memory_mib=memory_mib,
            root_gib=root_gib,
            ephemeral_gib=ephemeral_gib,
            swap_mib=swap_mib,
        )
        return self.database.transact(lambda c: flavors.create(c, new))

    def add_image(self, *, owner: str | None = None, visibility: str = "public", **changes: object) -> ImageId:
        """An active image with bytes."""
        image_id = ImageId(new_uuid())
        self.images.content[image_id] = IMAGE_BYTES
        now = utcnow()
        row: dict[str, object] = {
            "id": image_id,
            "name": "cirros",
            "status": "active",
            "visibility": visibility,
            "owner": owner or str(self.admin.project_id),
            "disk_format": "qcow2",
            "container_format": "bare",
            "size": len(IMAGE_BYTES),
            "virtual_size": 100 * MIB,
            "os_hash_algo": "sha512",
            "os_hash_value": hashlib.sha512(IMAGE_BYTES).hexdigest(),
            "created_at": now,
            "updated_at": now,
            **changes,
        }
        with self.database.write() as c:
            c.execute(images.insert().values(**row))
        return image_id

    def operations(self) -> ServerOperations:
        """The operations over this world's hosts."""
        return ServerOperations(
            create=create_server(self.database, self.hosts, self.settings),
            delete=delete_server(self.database, self.hosts),
        )

    def engine(self, observer: Observer | None = None) -> Engine:
        """An engine that knows the operations; a second one is a new start of the same process."""
        operations = self.operations()
        return Engine(
            self.database, [operations.create, operations.delete], owner="test-process", workers=8, observer=observer
        )

    def compute(self, engine: Engine) -> Compute:
        """The parts that handlers get."""
        return Compute(
            database=self.database,
            policy=self.policy,
            engine=engine,
            hosts=self.hosts,
            operations=self.operations(),
            settings=self.settings,
        )

    def close(self) -> None:
        """Close the hosts' journals."""
        for host in self.hosts.hosts.values():
            host.close()
