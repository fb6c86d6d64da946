"""The config drive: what a guest's cloud-init reads, in the OpenStack format, a folder per version of it.

Contract: Nova's user guide "Metadata", section "Config drives" and "OpenStack format metadata".
"""

from __future__ import annotations

import base64
import ipaddress
import os
from collections.abc import Mapping, Sequence

import msgspec

from micronova.compute.servers import Server, ServerKey
from micronova.host.interface import Nic

# Folder -> what that version brought.  A folder has all that the ones before it have.
_FOLDERS = (
    "2012-08-10",
    "2013-04-04",  # random_seed
    "2013-10-17",  # vendor_data.json
    "2015-10-15",  # network_data.json, project_id
    "2016-06-30",  # devices
    "2016-10-06",  # vendor_data2.json
    "2017-02-22",
    "2018-08-27",
    "2020-10-14",  # dedicated_cpus
    "latest",
)
_SEED_BYTES = 512


class InjectedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the request's personality: the path it should get in the guest, and its content in base64."""

    path: str
    contents: str


def files(
    server: Server,
    *,
    metadata: Mapping[str, str],
    key: ServerKey | None,
    user_data: str | None,
    nics: Sequence[Nic],
    tags: Mapping[str, str],
    injected: Sequence[InjectedFile],
    dhcp_domain: str,
) -> dict[str, bytes]:
    """All files by their path on the drive.  ``user_data`` is base64; ``tags`` are device tags by port id."""
    meta_data = _meta_data(server, metadata, key, nics, tags, injected, dhcp_domain)
    given = None if user_data is None else base64.b64decode(user_data)
    network = _json(network_data(nics))
    nothing = _json({})
    made: dict[str, bytes] = {}
    for folder in _FOLDERS:
        at = f"openstack/{folder}/"
        made[at + "meta_data.json"] = _json({k: v for k, v in meta_data.items() if folder >= _SINCE.get(k, "")})
        if given is not None:
            made[at + "user_data"] = given
        if folder >= "2013-10-17":
            made[at + "vendor_data.json"] = nothing
        if folder >= "2015-10-15":
            made[at + "network_data.json"] = network
        if folder >= "2016-10-06":
            made[at + "vendor_data2.json"] = nothing
    for n, file in enumerate(injected):
        made[f"openstack/content/{n:04d}"] = base64.b64decode(file.contents)
    return made


# Keys of meta_data.json that older folders do not have ("latest" sorts after all years).
_SINCE: Mapping[str, str] = {
    "random_seed": "2013-04-04",
    "project_id": "2015-10-15",
    "devices": "2016-06-30",
    "dedicated_cpus": "2020-10-14",
}


def _json(document: object) -> bytes:
    return msgspec.json.encode(document)


def _meta_data(
    server: Server,
    metadata: Mapping[str, str],
    key: ServerKey | None,
    nics: Sequence[Nic],
    tags: Mapping[str, str],
    injected: Sequence[InjectedFile],
    dhcp_domain: str,
) -> dict[str, object]:
    full_name = "." in server.hostname or not dhcp_domain
    document: dict[str, object] = {
        "uuid": server.id,
        "hostname": server.hostname if full_name else f"{server.hostname}.{dhcp_domain}",
        "name": server.name,
        "launch_index": server.launch_index,
        "availability_zone": server.availability_zone or "",
        "project_id": server.project_id,
        "random_seed": base64.b64encode(os.urandom(_SEED_BYTES)).decode(),
        "devices": [
            {"type": "nic", "bus": "none", "address": "none", "mac": nic.mac_address, "tags": [tags[nic.port_id]]}
            for nic in nics
            if nic.port_id in tags
        ],
        "dedicated_cpus": [],
    }
    if metadata:
        document["meta"] = dict(metadata)
    if key is not None:
        document["public_keys"] = {key.name: key.public_key}
        document["keys"] = [{"name": key.name, "type": key.type, "data": key.public_key}]
    if injected:
        document["files"] = [
            {"path": file.path, "content_path": f"/content/{n:04d}"} for n, file in enumerate(injected)
        ]
    return document


def network_data(nics: Sequence[Nic]) -> dict[str, object]:
    """``network_data.json``: a link per interface, a network per address family, name servers."""
    links: list[dict[str, object]] = []
    networks: list[dict[str, object]] = []
    services: dict[str, dict[str, str]] = {}
    for nic in nics:
        link = f"tap{nic.port_id[:11]}"
        links.append(
            {
                "id": link,
                "vif_id": nic.port_id,
                "type": "bridge",
                "mtu": nic.network.mtu,
                "ethernet_mac_address": nic.mac_address,
            }
        )
        for address in nic.fixed_ips:
            networks.append({"id": f"network{len(networks)}", "link": link} | _network(nic, address))
        for server in nic.network.dns_servers:
            services[server] = {"type": "dns", "address": server}
    return {"links": links, "networks": networks, "services": list(services.values())}


def _network(nic: Nic, address: str) -> dict[str, object]:
    spec, version = nic.network, ipaddress.ip_address(address).version
    if spec.dhcp:
        return {"type": f"ipv{version}_dhcp", "network_id": spec.id}
    everywhere = {"network": "0.0.0.0", "netmask": "0.0.0.0"} if version == 4 else {"network": "::", "netmask": "::"}  # noqa: S104
    return {
        "type": f"ipv{version}",
        "network_id": spec.id,
        "ip_address": address,
        "netmask": str(ipaddress.ip_network(spec.cidr, strict=False).netmask),
        "routes": [{**everywhere, "gateway": spec.gateway_ip}] if spec.gateway_ip else [],
        "services": [{"type": "dns", "address": server} for server in spec.dns_servers],
    }
