"""``[api]``: lists, links and metadata of the Compute API."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micronova.settings.option import integer, path, switch, text, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """How the Compute API answers."""

    max_limit: int = integer(
        1000, minimum=1, older=("DEFAULT.osapi_max_limit",), help="Most entries that one page of a list holds."
    )
    compute_link_prefix: str | None = text(
        None,
        older=("DEFAULT.osapi_compute_link_prefix",),
        help="Start of the links to servers and flavors; unset: as the client wrote the address.",
    )
    glance_link_prefix: str | None = text(
        None,
        older=("DEFAULT.osapi_glance_link_prefix",),
        help="Start of the links to images; unset: as the client wrote the address.",
    )
    dhcp_domain: str = text(
        "novalocal",
        older=("DEFAULT.dhcp_domain",),
        help="Domain appended to a server's name in its metadata; empty: none.",
    )
    enable_instance_password: bool = switch(
        True, older=("DEFAULT.enable_instance_password",), help="Show adminPass in the answer to a create."
    )
    vendordata_providers: tuple[str, ...] = words(
        ("StaticJSON",), older=("DEFAULT.vendordata_providers",), help="Where vendor data for guests comes from."
    )
    vendordata_jsonfile_path: Path | None = path(
        None,
        older=("DEFAULT.vendordata_jsonfile_path",),
        help="JSON file whose content every guest gets as vendor data.",
    )
    config_drive_skip_versions: str = text(
        "1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01",
        older=("DEFAULT.config_drive_skip_versions",),
        help="EC2 metadata versions that a config drive leaves out.",
    )
    metadata_cache_expiration: int = integer(
        15,
        minimum=0,
        older=("DEFAULT.metadata_cache_expiration",),
        help="Seconds that a guest's metadata is remembered.",
    )
    use_neutron_default_nets: bool = switch(
        False,
        older=("DEFAULT.use_neutron_default_nets",),
        help="Networks of neutron_default_project_id when none is asked.",
    )
    neutron_default_project_id: str = text(
        "default",
        older=("api.neutron_default_tenant_id", "DEFAULT.neutron_default_tenant_id"),
        help="Project of those default networks.",
    )
