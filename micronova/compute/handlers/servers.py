"""``/servers``: create, show, update, delete."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from micronova.compute import policies_servers as rules
from micronova.compute import server_create, server_delete, server_details, servers
from micronova.compute.api import Compute
from micronova.compute.config_drive import InjectedFile
from micronova.compute.handlers.server_access import authorize, is_admin, server, sight, views
from micronova.compute.schemas.types import as_bool, as_int
from micronova.compute.server_block_devices import local_disks
from micronova.compute.server_request import NewServers, Rights
from micronova.compute.server_updates import changes_of
from micronova.model.errors import Invalid
from micronova.model.ids import NetworkId, PortId, is_uuid
from micronova.model.secret import Secret
from micronova.network.values import NicRequest
from micronova.scheduler.hints import parse_hints
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content

# No characters that are mistaken for each other.
_PASSWORD_CHARACTERS = "".join(set(string.ascii_letters + string.digits) - set("0O1lI"))


def create(api: Compute, req: Request) -> Response:
    """``POST /servers``: 202 with the first server's id, or the reservation id."""
    caller, body = req.caller, req.json()
    asked: Mapping[str, Any] = body["server"]
    target = {"project_id": caller.project_id, "user_id": caller.user_id}
    api.policy.authorize(caller, rules.CREATE, target)
    new = _new_servers(body)
    if not req.at_least(19):  # then the name stood in for it
        new = replace(new, description=new.name)
    _authorize_parts(api, req, asked)
    password = Secret(asked.get("adminPass") or _password(api.settings.password_length))
    rights = Rights(is_admin=is_admin(api, req), zero_disk_flavor=api.policy.allows(caller, rules.ZERO_DISK_FLAVOR))
    created = api.database.transact(
        lambda c: server_create.create(c, api, caller, rights, new, request_id=req.request_id)
    )
    api.engine.kick(*created.operations)
    if as_bool(asked.get("return_reservation_id", False)):
        return JsonResponse({"reservation_id": created.reservation_id}, 202)
    shown, first = views(api, req, sight(api, req)), created.server_ids[0]
    automatic = new.auto_disk_config is not False
    document: dict[str, object] = {
        "id": first,
        "links": shown.links(first),
        "OS-DCF:diskConfig": "AUTO" if automatic else "MANUAL",
        "security_groups": asked.get("security_groups") or [{"name": "default"}],
    }
    if api.settings.enable_instance_password:
        document["adminPass"] = password.reveal()
    return JsonResponse({"server": document}, 202, {"Location": shown.location(first)})


def show(api: Compute, req: Request) -> Response:
    """``GET /servers/{server_id}``."""
    return _shown(api, req, rules.SHOW)


def update(api: Compute, req: Request) -> Response:
    """``PUT /servers/{server_id}``: 200 with the changed server."""
    asked = req.json()["server"]

    def work(c: Any) -> None:
        found = server(c, api, req, rules.UPDATE)
        changes = changes_of(found, asked)
        if changes:
            servers.update(c, found.id, changes)

    api.database.transact(work)
    return _shown(api, req, rules.UPDATE, updated=True)


def delete(api: Compute, req: Request) -> Response:
    """``DELETE /servers/{server_id}``: 204 at once, the rest in the background."""

    def work(c: Any) -> Any:
        found = server(c, api, req, rules.DELETE)
        servers.ensure_unlocked(found, is_admin=is_admin(api, req))
        return server_delete.delete(c, api, req.caller, found, request_id=req.request_id)

    operation = api.database.transact(work)
    if operation is not None:
        api.engine.kick(operation)
    return no_content()


def _shown(api: Compute, req: Request, rule: str, *, updated: bool = False) -> Response:
    seen = sight(api, req)
    with api.database.read() as c:
        found = servers.get(
            c, req.path["server_id"], project_id=None if seen.fault_details else str(req.caller.project_id)
        )
        authorize(api, req, rule, found)
        details = server_details.of(
            c,
            [found],
            api.settings,
            user_data=seen.extended_attributes and req.at_least(3),
            host_status=seen.host_status or seen.unknown_host_status,
            groups=req.at_least(71),
        )
    return JsonResponse({"server": views(api, req, seen).detailed(found, details, one=True, updated=updated)})


def _authorize_parts(api: Compute, req: Request, asked: Mapping[str, Any]) -> None:
    caller = req.caller
    if asked.get("trusted_image_certificates"):
        api.policy.authorize(caller, rules.CREATE_TRUSTED_CERTS)
    if ":" in asked.get("availability_zone", ""):
        api.policy.authorize(caller, rules.CREATE_FORCED_HOST)
    if asked.get("host") or asked.get("hypervisor_hostname"):
        api.policy.authorize(caller, rules.REQUESTED_DESTINATION)
    if asked.get("block_device_mapping") or asked.get("block_device_mapping_v2"):
        api.policy.authorize(caller, rules.CREATE_ATTACH_VOLUME)
    if asked.get("networks") not in (None, [], "none"):
        api.policy.authorize(caller, rules.CREATE_ATTACH_NETWORK)


def _new_servers(body: Mapping[str, Any]) -> NewServers:
    asked: Mapping[str, Any] = body["server"]
    minimum = as_int(asked.get("min_count", 1))
    maximum = as_int(asked.get("max_count", minimum))
    if minimum > maximum:
        raise Invalid("min_count must be <= max_count")
    image_ref = asked.get("imageRef") or None
    raw_hints = body.get("os:scheduler_hints", body.get("OS-SCH-HNT:scheduler_hints", {}))
    zone, forced = _zone(asked.get("availability_zone"))
    name = asked["name"].strip()
    config = asked.get("OS-DCF:diskConfig")
    return NewServers(
        name=name,
        flavor_ref=str(asked["flavorRef"]).rstrip("/").rsplit("/", 1)[-1],
        image_id=image_ref,
        networks=_networks(asked.get("networks")),
        key_name=asked.get("key_name"),
        user_data=asked.get("user_data"),
        config_drive=as_bool(asked.get("config_drive", False)),
        metadata=asked.get("metadata", {}),
        files=[
            InjectedFile(path=file.get("path", ""), contents=file.get("contents", ""))
            for file in asked.get("personality", ())
        ],
        auto_disk_config=None if config is None else config == "AUTO",
        access_ip_v4=asked.get("accessIPv4") or None,
        access_ip_v6=asked.get("accessIPv6") or None,
        min_count=minimum,
        max_count=maximum,
        availability_zone=zone,
        host=_host(asked, forced),
        disks=local_disks(asked.get("block_device_mapping", ()), asked.get("block_device_mapping_v2", ()), image_ref),
        security_groups=[group["name"] for group in asked.get("security_groups", ()) if "name" in group],
        description=asked.get("description"),
        tags=asked.get("tags", ()),
        trusted_certs=asked.get("trusted_image_certificates"),
        hostname=asked.get("hostname"),
        hints=parse_hints(raw_hints),
        raw_hints=raw_hints,
    )


def _zone(text: str | None) -> tuple[str | None, str | None]:
    """``zone``, ``zone:host``, ``zone:host:node``, ``:host``: the zone and the forced host."""
    if text is None:
        return None, None
    parts = text.split(":")
    if len(parts) > 3 or (len(parts) == 3 and parts[1] and parts[2] != parts[1]):
        raise Invalid("Unable to parse availability_zone")
    host = next((part for part in parts[1:] if part), None)
    return parts[0] or None, host


def _host(asked: Mapping[str, Any], forced: str | None) -> str | None:
    host, node = asked.get("host"), asked.get("hypervisor_hostname")
    if (host or node) and forced:
        raise Invalid(
            "One mechanism with host and/or hypervisor_hostname and another mechanism with zone:host:node "
            "are mutually exclusive."
        )
    if host and node and host != node:
        raise Invalid(f"No hypervisor {node[:255]} on host {host[:255]}.")
    found: str | None = host or node or forced
    return found


def _networks(asked: Any) -> list[NicRequest] | Literal["auto", "none"]:
    if asked is None:
        return []
    if isinstance(asked, str):
        return "none" if asked == "none" else "auto"
    return [_nic(network) for network in asked]


def _nic(network: Mapping[str, Any]) -> NicRequest:
    port, uuid = network.get("port"), network.get("uuid")
    if port is None and uuid is None:
        raise Invalid("Bad network format: missing 'uuid'")
    if port is None and not is_uuid(uuid or ""):
        raise Invalid(f"Bad networks format: network uuid is not in proper format ({str(uuid)[:255]})")
    return NicRequest(
        port_id=None if port is None else PortId(port),
        network_id=None if port is not None else NetworkId(str(uuid)),
        fixed_ip=network.get("fixed_ip"),
        tag=network.get("tag"),
    )


def _password(length: int) -> str:
    return "".join(secrets.choice(_PASSWORD_CHARACTERS) for _ in range(length))
