"""Accept new servers: every check that can be made at once, then rows and operations in one transaction.

Nothing exists that nobody is working on: the servers' rows and their ``create_server`` operations commit together.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy.engine import Connection

from micronova.compute import availability_zones, flavors, host_registry, quotas, server_checks, server_groups
from micronova.compute.api import Compute
from micronova.compute.flavors import Flavor
from micronova.compute.operations.create_server import CreateServer
from micronova.compute.scheduling import Placement
from micronova.compute.server_disks import disks_of_flavor
from micronova.compute.server_hostnames import numbered, sanitize
from micronova.compute.server_request import NewServers, Rights
from micronova.compute.servers import ServerFlavor, ServerKey
from micronova.compute.states import TaskState, VmState
from micronova.db.tables.compute import server_metadata, server_tags, servers
from micronova.host.interface import ImageRef
from micronova.image.images import BootImage
from micronova.model.caller import Caller
from micronova.model.clock import utcnow
from micronova.model.errors import Invalid
from micronova.model.ids import OperationId, ServerId, new_uuid
from micronova.network import ports
from micronova.scheduler.flavor_request import resources_of_flavor

_RESERVATION_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_INSERT = servers.insert().returning(servers.c.number)
_INSERT_METADATA = server_metadata.insert()
_INSERT_TAGS = server_tags.insert()


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What was accepted: servers in order, and the operations to begin after the commit."""

    server_ids: Sequence[ServerId]
    operations: Sequence[OperationId]
    reservation_id: str


def create(c: Connection, api: Compute, caller: Caller, rights: Rights, new: NewServers, *, request_id: str) -> Created:
    """Check everything, then write servers and operations in this transaction.

    Raises Invalid, Forbidden, QuotaExceeded, Conflict with Nova's texts; then nothing was written.
    """
    project_id = str(caller.project_id)
    server_checks.check_limits(c, api.settings.quota, project_id, new)
    flavor = flavors.get_for_boot(c, project_id, rights.is_admin, new.flavor_ref)
    image = server_checks.image_of(c, project_id, rights, new)
    server_checks.check_flavor_fits(flavor, image, rights)
    key = server_checks.key_of(c, caller, new.key_name)
    placement = _placement(c, api, flavor, image, new)
    server_checks.check_security_groups(new)
    server_checks.check_networks(new)
    group = server_checks.group_of(c, project_id, rights, new)
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
        number = c.execute(_INSERT, {**row, **names, "id": server_id, "launch_index": index}).scalar_one()
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
            _INSERT_METADATA,
            [{"server_id": server_id, "key": key, "value": value} for key, value in new.metadata.items()],
        )
    if new.tags:
        c.execute(_INSERT_TAGS, [{"server_id": server_id, "tag": tag} for tag in dict.fromkeys(new.tags)])
