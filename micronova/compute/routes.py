"""The compute service as the web mounts it: all of its URLs under ``/compute``."""

from __future__ import annotations

from micronova.compute import routes_resources, routes_servers
from micronova.compute.api import Compute
from micronova.compute.faults import nova_style
from micronova.compute.versions import MICROVERSIONS
from micronova.compute.views.links import PREFIX
from micronova.web.endpoint import Service


def service(api: Compute) -> Service[Compute]:
    """The service around its parts."""
    return Service(
        name="compute",
        prefix=PREFIX,
        api=api,
        endpoints=(*routes_resources.ENDPOINTS, *routes_servers.ENDPOINTS),
        fault=nova_style,
        microversions=MICROVERSIONS,
        project_in_path=True,
        request_id_header="X-Compute-Request-Id",
    )
