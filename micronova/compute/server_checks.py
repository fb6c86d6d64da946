"""What must hold of a request for new servers before any row is written, each refusal in Nova's words."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.compute import keypairs, quotas, server_groups
from micronova.compute.api import QuotaLimits
from micronova.compute.flavors import Flavor
from micronova.compute.server_groups import ServerGroup
from micronova.compute.server_request import NewServers, Rights
from micronova.compute.servers import ServerKey
from micronova.image import images
from micronova.image.images import BootImage
from micronova.model.caller import Caller
from micronova.model.errors import Forbidden, Invalid, NotFound, QuotaExceeded

_GIB = 1024**3


def check_limits(c: Connection, defaults: QuotaLimits, project_id: str, new: NewServers) -> None:
    """Raise QuotaExceeded for more metadata or injected files than allowed."""
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


def image_of(c: Connection, project_id: str, rights: Rights, new: NewServers) -> BootImage:
    """The image to boot.  Raises Invalid, in Nova's words, for none and for one that cannot be booted."""
    if not new.image_id:
        raise Invalid("Missing imageRef attribute")
    return images.get_for_boot(c, project_id, rights.is_admin, new.image_id)


def check_flavor_fits(flavor: Flavor, image: BootImage, rights: Rights) -> None:
    """Raise Invalid or Forbidden if the image needs more than the flavor has."""
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


def key_of(c: Connection, caller: Caller, name: str | None) -> ServerKey | None:
    """The caller's keypair of that name, as the guest gets it.  Raises Invalid."""
    if name is None:
        return None
    try:
        pair = keypairs.get(c, caller.user_id, name)
    except NotFound as err:
        raise Invalid("Invalid key_name provided.") from err
    return ServerKey(name=pair.name, type=pair.type, public_key=pair.public_key)


def group_of(c: Connection, project_id: str, rights: Rights, new: NewServers) -> ServerGroup | None:
    """The server group that a hint names, if it is the project's.  Raises Invalid."""
    if new.hints.group is None:
        return None
    try:
        return server_groups.get(c, new.hints.group, project_id=None if rights.is_admin else project_id)
    except NotFound as err:
        raise Invalid(f"Server group {new.hints.group} could not be found.") from err


def check_security_groups(new: NewServers) -> None:
    """Raise Invalid for a security group that is not there; the built-in network has "default" only."""
    for name in new.security_groups:
        if name != "default":
            raise Invalid(f"Security group {name[:255]} not found.")


def check_networks(new: NewServers) -> None:
    """Raise Invalid for interfaces that contradict each other or the number of servers."""
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
