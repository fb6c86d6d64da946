"""How a service declares its URLs: a table of endpoints, read by the router, the OpenAPI page and coverage tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from micronova.web.faults import FaultStyle
from micronova.web.microversion import MicroversionRange, Version
from micronova.web.request import Request
from micronova.web.response import Response
from micronova.web.schemas import Versioned

A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[A]):
    """One method on one path, for a range of versions.

    The handler checks policy, makes one typed request, calls one function and renders one view:
    ``def show(api: Compute, req: Request) -> Response``.  The body has been validated against ``body`` before.
    ``path`` is below the service's prefix: ``/v2.1/servers/{server_id}``.
    ``auth=False``: a token is not needed (version documents, login); ``streams``: the handler reads ``req.stream``.
    """

    method: str
    path: str
    handler: Callable[[A, Request], Response]
    summary: str
    body: Versioned | None = None
    query: Versioned | None = None
    min_version: Version | None = None
    max_version: Version | None = None
    auth: bool = True
    streams: bool = False

    def serves(self, version: Version) -> bool:
        """Whether this endpoint exists at ``version``."""
        return (self.min_version is None or version >= self.min_version) and (
            self.max_version is None or version <= self.max_version
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[A]):
    """One OpenStack service under one prefix.  ``api`` is handed to every handler.

    ``project_in_path``: the version segment may be followed by a project id (Nova's old URLs), the token's own.
    ``request_id_header``: the header that carries our request id beside ``X-Openstack-Request-Id``.
    """

    name: str
    prefix: str
    api: A
    endpoints: Sequence[Endpoint[A]]
    fault: FaultStyle
    microversions: MicroversionRange | None = None
    project_in_path: bool = False
    request_id_header: str = ""
