"""The network service's URLs.  Contract: https://docs.openstack.org/api-ref/network/v2/"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from micronova.network.api import Networking
from micronova.network.faults import neutron_style
from micronova.network.handlers import networks, ports, security_groups, subnets, versions
from micronova.network.schemas import networks as network_schemas
from micronova.network.schemas import ports as port_schemas
from micronova.network.schemas import subnets as subnet_schemas
from micronova.web.endpoint import Endpoint, Service
from micronova.web.request import Request
from micronova.web.response import Response
from micronova.web.schemas import Versioned


def _endpoint(
    method: str,
    path: str,
    handler: Callable[[Networking, Request], Response],
    summary: str,
    *,
    body: Versioned | None = None,
    auth: bool = True,
) -> Endpoint[Networking]:
    return Endpoint(method=method, path=path, handler=handler, summary=summary, body=body, auth=auth)


ENDPOINTS: Sequence[Endpoint[Networking]] = (
    _endpoint("GET", "/", versions.index, "List API versions", auth=False),
    _endpoint("GET", "/v2.0", versions.show, "Show what v2.0 has", auth=False),
    _endpoint("GET", "/v2.0/extensions", versions.extensions, "List extensions"),
    _endpoint("GET", "/v2.0/extensions/{alias}", versions.extension, "Show an extension"),
    _endpoint("GET", "/v2.0/networks", networks.index, "List networks"),
    _endpoint("POST", "/v2.0/networks", networks.create, "Create a network", body=network_schemas.CREATE),
    _endpoint("GET", "/v2.0/networks/{network_id}", networks.show, "Show a network"),
    _endpoint("PUT", "/v2.0/networks/{network_id}", networks.update, "Update a network", body=network_schemas.UPDATE),
    _endpoint("DELETE", "/v2.0/networks/{network_id}", networks.delete, "Delete a network"),
    _endpoint("GET", "/v2.0/subnets", subnets.index, "List subnets"),
    _endpoint("POST", "/v2.0/subnets", subnets.create, "Create a subnet", body=subnet_schemas.CREATE),
    _endpoint("GET", "/v2.0/subnets/{subnet_id}", subnets.show, "Show a subnet"),
    _endpoint("PUT", "/v2.0/subnets/{subnet_id}", subnets.update, "Update a subnet", body=subnet_schemas.UPDATE),
    _endpoint("DELETE", "/v2.0/subnets/{subnet_id}", subnets.delete, "Delete a subnet"),
    _endpoint("GET", "/v2.0/ports", ports.index, "List ports"),
    _endpoint("POST", "/v2.0/ports", ports.create, "Create a port", body=port_schemas.CREATE),
    _endpoint("GET", "/v2.0/ports/{port_id}", ports.show, "Show a port"),
    _endpoint("PUT", "/v2.0/ports/{port_id}", ports.update, "Update a port", body=port_schemas.UPDATE),
    _endpoint("DELETE", "/v2.0/ports/{port_id}", ports.delete, "Delete a port"),
    _endpoint("GET", "/v2.0/security-groups", security_groups.index, "List security groups"),
    _endpoint("GET", "/v2.0/security-groups/{group_id}", security_groups.show, "Show a security group"),
)


def service(api: Networking) -> Service[Networking]:
    """The network service under /network."""
    return Service(name="network", prefix="/network", api=api, endpoints=ENDPOINTS, fault=neutron_style)
