"""Accept new servers: every check that can be made at once, then rows and operations in one transaction.

Nothing exists that nobody is working on: the servers' rows and their ``create_server`` operations commit together.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from sqlalchemy.engine import Connection

from micronova.compute import availability_zones, flavors, host_registry, keypairs, quotas, server_groups
from micronova.compute.api import Compute, QuotaLimits
from micronova.compute.config_drive import InjectedFile
from micronova.compute.flavors import Flavor
from micronova.compute.operations.create_server import CreateServer
from micronova.compute.scheduling import Placement
from micronova.compute.server_block_devices import LocalDisks
from micronova.compute.server_disks import disks_of_flavor
from micronova.compute.server_groups import ServerGroup
from micronova.compute.server_hostnames import numbered, sanitize
from micronova.compute.servers import ServerFlavor, ServerKey
from micronova.compute.states import TaskState, VmState
from micronova.db.tables.compute import server_metadata, server_tags, servers
from micronova.host.interface import ImageRef
from micronova.image import images
from micronova.image.images import BootImage
from micronova.model.caller import Caller
from micronova.model.clock import utcnow
from micronova.model.errors import Forbidden, Invalid, NotFound, QuotaExceeded
from micronova.model.ids import OperationId, ServerId, new_uuid
from micronova.network import ports
from micronova.network.values import NicRequest
from micronova.scheduler.flavor_request import resources_of_flavor
from micronova.scheduler.hints import Hints

_GIB = 1024**3
_RESERVATION_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewServers:
    """A create request, decoded.  ``networks`` empty: nothing was said; ``hostname`` None: made from the name."""

    name: str
    flavor_ref: str
    image_id: str | None
    networks: Sequence[NicRequest] | Literal["auto", "none"] = ()
    key_name: str | None = None
    user_data: str | None = None
    config_drive: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[InjectedFile] = ()
    auto_disk_config: bool | None = None
    access_ip_v4: str | None = None
    access_ip_v6: str | None = None
    min_count: int = 1
    max_count: int = 1
    availability_zone: str | None = None
    host: str | None = None  # the only host that will do, for admins
    disks: LocalDisks = field(default_factory=LocalDisks)
    security_groups: Sequence[str] = ()
    description: str | None = None
    tags: Sequence[str] = ()
    trusted_certs: Sequence[str] | None = None
    hostname: str | None = None
    hints: Hints = field(default_factory=Hints)
    raw_hints: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What was accepted: servers in order, and the operations to begin after the commit."""

    server_ids: Sequence[ServerId]
    operations: Sequence[OperationId]
    reservation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What policy allows the caller beyond creating servers."""

    is_admin: bool
    zero_disk_flavor: bool


def create(c: Connection, api: Compute, caller: Caller, rights: Rights, new: NewServers, *, request_id: str) -> Created:
    """Check everything, then write servers and operations in this transaction.

    Raises Invalid, Forbidden, QuotaExceeded, Conflict with Nova's texts; then nothing was written.
    """
    project_id = str(caller.project_id)
    _check_limits(c, api.settings.quota, project_id, new)
    flavor = flavors.get_for_boot(c, project_id, rights.is_admin, new.flavor_ref)
    image = _image(c, project_id, rights, new)
    _check_flavor_fits(flavor, image, rights)
    key = _key(c, caller, new.key_name)
    placement = _placement(c, api, flavor, image, new)
    _check_security_groups(new)
    _check_networks(new)
    group = _group(c, project_id, rights, new)
    count = quotas.servers_allowed(
        c,
        api.settings.quota,
        project_id=project_id,
        user_id=caller.user_id,
        cores_each=flavor.vcpus,
        ram_mib_each=flavor.memory_mib,
        minimum=new.min_count,
        maximum=new.max_count,
    )
    reservation_id = "r-" + "".join(secrets.choice(_RESERVATION_CHARACTERS) for _ in range(8))
    kept = _server_flavor(flavor)
    specs = disks_of_flavor(kept, _image_ref(image), new.disks.ephemeral_gib, new.disks.swap_mib)
    row = _row(api, caller, new, flavor, kept, image, key, reservation_id)
    server_ids: list[ServerId] = []
    operations: list[OperationId] = []
    for index in range(count):
        server_id = ServerId(new_uuid())
        planned = ports.plan_nics(c, project_id=project_id, is_admin=rights.is_admin, requested=new.networks)
        names = _names(new, server_id, index, several=new.max_count > 1)
        number = c.execute(
            servers.insert().values(**row, **names, id=server_id, launch_index=index).returning(servers.c.number)
        ).scalar_one()
        _write_belongings(c, server_id, new)
        if group is not None:
            server_groups.add_member(c, api.settings.quota, group, server_id)
        state = CreateServer(
            server_id=server_id,
            hostname=names["hostname"],
            guest_name=api.settings.instance_name_template % number,
            flavor=kept,
            image_properties=dict(image.properties),
            placement=placement,
            disk_specs=specs,
            image=_image_ref(image),
            planned_nics=list(planned),
            config_drive=bool(row["config_drive"]),
            files=list(new.files),
        )
        operations.append(
            api.engine.accept(
                c,
                api.operations.create,
                state,
                subject=server_id,
                project_id=project_id,
                user_id=caller.user_id,
                request_id=request_id,
            )
        )
        server_ids.append(server_id)
    return Created(server_ids=server_ids, operations=operations, reservation_id=reservation_id)


def _check_limits(c: Connection, defaults: QuotaLimits, project_id: str, new: NewServers) -> None:
    if not (new.metadata or new.files):
        return
    limits = quotas.of_project(c, defaults, project_id)

    def over(value: int, limit: int) -> bool:
        return limit != quotas.UNLIMITED and value > limit

    if over(len(new.metadata), limits["metadata_items"]):
        raise QuotaExceeded(f"Maximum number of metadata items exceeds {limits['metadata_items']}")
    if over(len(new.files), limits["injected_files"]):
        raise QuotaExceeded(f"Personality file limit exceeded: at most {limits['injected_files']} files.")
    for file in new.files:
        if over(len(file.path.encode()), limits["injected_file_path_bytes"]):
            raise QuotaExceeded(f"Personality file path exceeds maximum {limits['injected_file_path_bytes']}")
        if over(len(file.contents) * 3 // 4, limits["injected_file_content_bytes"]):
            raise QuotaExceeded(f"Personality file content exceeds maximum {limits['injected_file_content_bytes']}")


def _image(c: Connection, project_id: str, rights: Rights, new: NewServers) -> BootImage:
    if not new.image_id:
        raise Invalid("Missing imageRef attribute")
    return images.get_for_boot(c, project_id, rights.is_admin, new.image_id)


def _check_flavor_fits(flavor: Flavor, image: BootImage, rights: Rights) -> None:
    if image.min_ram > flavor.memory_mib:
        raise Invalid("Flavor's memory is too small for requested image.")
    if flavor.root_gib == 0:
        if not rights.zero_disk_flavor:
            raise Forbidden("Only volume-backed servers are allowed for flavors with zero disk.")
        return
    size = max(image.size, image.virtual_size)
    if size > flavor.root_gib * _GIB:
        raise Invalid(
            f"Flavor's disk is too small for requested image. Flavor disk is {flavor.root_gib * _GIB} bytes, "
            f"image is {size} bytes."
        )
    if image.min_disk > flavor.root_gib:
        raise Invalid(
            "Flavor's disk is smaller than the minimum size specified in image metadata. "
            f"Flavor disk is {flavor.root_gib * _GIB} bytes, minimum size is {image.min_disk * _GIB} bytes."
        )


def _key(c: Connection, caller: Caller, name: str | None) -> ServerKey | None:
    if name is None:
        return None
    try:
        pair = keypairs.get(c, caller.user_id, name)
    except NotFound as err:
        raise Invalid("Invalid key_name provided.") from err
    return ServerKey(name=pair.name, type=pair.type, public_key=pair.public_key)


def _placement(c: Connection, api: Compute, flavor: Flavor, image: BootImage, new: NewServers) -> Placement:
    wanted = resources_of_flavor(
        vcpus=flavor.vcpus,
        memory_mib=flavor.memory_mib,
        root_gib=flavor.root_gib,
        ephemeral_gib=flavor.ephemeral_gib,
        swap_mib=flavor.swap_mib,
        extra_specs=flavor.extra_specs,
        image_properties=image.properties,
    )
    if new.disks.ephemeral_gib and sum(new.disks.ephemeral_gib) > flavor.ephemeral_gib:
        raise Invalid("Ephemeral disks requested are larger than the instance type allows.")
    if new.disks.swap_mib and new.disks.swap_mib > flavor.swap_mib:
        raise Invalid("Swap drive requested is larger than instance type allows.")
    zone = new.availability_zone or api.settings.default_schedule_zone
    if zone is not None and not availability_zones.exists(c, api.settings, zone):
        raise Invalid("The requested availability zone is not available")
    if new.host is not None and not host_registry.services(c, host=new.host, binary=host_registry.COMPUTE):
        raise Invalid(f"Compute host {new.host[:255]} could not be found.")
    return Placement(
        resources=dict(wanted.resources),
        required_traits=sorted(wanted.required_traits),
        forbidden_traits=sorted(wanted.forbidden_traits),
        availability_zone=zone,
        only_host=new.host,
        same_host=[str(server_id) for server_id in new.hints.same_host],
        different_host=[str(server_id) for server_id in new.hints.different_host],
        group=new.hints.group,
        extra_specs=dict(flavor.extra_specs),
        architecture=image.properties.get("hw_architecture") or image.properties.get("architecture"),
        hypervisor_type=image.properties.get("img_hv_type") or image.properties.get("hypervisor_type"),
        vm_mode=image.properties.get("hw_vm_mode") or image.properties.get("vm_mode"),
        hypervisor_version=image.properties.get("img_hv_requested_version"),
    )


def _group(c: Connection, project_id: str, rights: Rights, new: NewServers) -> ServerGroup | None:
    if new.hints.group is None:
        return None
    try:
        return server_groups.get(c, new.hints.group, project_id=None if rights.is_admin else project_id)
    except NotFound as err:
        raise Invalid(f"Server group {new.hints.group} could not be found.") from err


def _check_security_groups(new: NewServers) -> None:
    for name in new.security_groups:
        if name != "default":
            raise Invalid(f"Security group {name[:255]} not found.")


def _check_networks(new: NewServers) -> None:
    if isinstance(new.networks, str):
        return
    for nic in new.networks:
        if nic.port_id is not None and nic.fixed_ip is not None:
            raise Invalid(
                f"Specified Fixed IP '{nic.fixed_ip}' cannot be used with port '{nic.port_id}': "
                "the two cannot be specified together."
            )
    if new.max_count > 1:
        if any(nic.fixed_ip is not None for nic in new.networks):
            raise Invalid("Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified.")
        if any(nic.port_id is not None for nic in new.networks):
            raise Invalid(
                "Unable to launch multiple instances with a single configured port ID. "
                "Please launch your instance one by one with different ports."
            )


def _image_ref(image: BootImage) -> ImageRef:
    return ImageRef(
        id=image.id,
        disk_format=image.disk_format,
        size=image.size,
        virtual_size=image.virtual_size,
        hash_algo=image.hash_algo,
        hash_value=image.hash_value,
    )


def _server_flavor(flavor: Flavor) -> ServerFlavor:
    return ServerFlavor(
        name=flavor.name,
        vcpus=flavor.vcpus,
        memory_mib=flavor.memory_mib,
        root_gib=flavor.root_gib,
        ephemeral_gib=flavor.ephemeral_gib,
        swap_mib=flavor.swap_mib,
        extra_specs=dict(flavor.extra_specs),
    )


def _row(
    api: Compute,
    caller: Caller,
    new: NewServers,
    flavor: Flavor,
    kept: ServerFlavor,
    image: BootImage,
    key: ServerKey | None,
    reservation_id: str,
) -> dict[str, object]:
    now = utcnow()
    properties = dict(image.properties)
    forced_drive = api.settings.force_config_drive or properties.get("img_config_drive") == "mandatory"
    automatic = properties.get("auto_disk_config", "true").lower() not in ("false", "disabled", "0", "no")
    return {
        "project_id": caller.project_id,
        "user_id": caller.user_id,
        "description": new.description,
        "vm_state": VmState.BUILDING,
        "task_state": TaskState.SCHEDULING,
        "pinned_availability_zone": new.availability_zone or api.settings.default_schedule_zone,
        "image_id": image.id,
        "image_properties": _json(
            {
                **properties,
                "base_image_ref": image.id,
                "container_format": image.container_format,
                "disk_format": image.disk_format,
                "min_disk": str(max(image.min_disk, flavor.root_gib)),
                "min_ram": str(image.min_ram),
            }
        ),
        "flavor_id": flavor.flavorid,
        "flavor": _json(kept),
        "vcpus": flavor.vcpus,
        "memory_mib": flavor.memory_mib,
        "root_gib": flavor.root_gib,
        "ephemeral_gib": flavor.ephemeral_gib,
        "key_name": new.key_name,
        "key_data": None if key is None else _json(key),
        "user_data": new.user_data,
        "config_drive": new.config_drive or forced_drive,
        "auto_disk_config": automatic if new.auto_disk_config is None else new.auto_disk_config,
        "access_ip_v4": new.access_ip_v4,
        "access_ip_v6": new.access_ip_v6,
        "reservation_id": reservation_id,
        "root_device_name": properties.get("root_device_name", "/dev/vda"),
        "scheduler_hints": _json(new.raw_hints),
        "trusted_certs": None if new.trusted_certs is None else _json(new.trusted_certs),
        "created_at": now,
        "updated_at": now,
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _names(new: NewServers, server_id: str, index: int, *, several: bool) -> dict[str, str]:
    if not several:
        return {"name": new.name, "hostname": new.hostname or sanitize(new.name, f"server-{server_id}")}
    name = f"{new.name[:240]}-{index + 1}"
    if new.hostname is not None:
        return {"name": name, "hostname": numbered(new.hostname, index + 1)}
    return {"name": name, "hostname": sanitize(name, f"server-{server_id}")}


def _write_belongings(c: Connection, server_id: str, new: NewServers) -> None:
    if new.metadata:
        c.execute(
            server_metadata.insert(),
            [{"server_id": server_id, "key": key, "value": value} for key, value in new.metadata.items()],
        )
    if new.tags:
        c.execute(server_tags.insert(), [{"server_id": server_id, "tag": tag} for tag in dict.fromkeys(new.tags)])
