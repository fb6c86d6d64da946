"""What belongs to no service: ``/``, ``/healthz``, ``/openapi.json``, ``/docs``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from micronova import __version__
from micronova.web import openapi
from micronova.web.endpoint import Service
from micronova.web.response import JsonResponse


@dataclass(frozen=True, slots=True)
class Check:
    """One part's health: ``problems`` are sentences with their remedies, safe to show; empty when all is well.

    ``vital``: without it nothing can be answered (the database).  ``facts`` are shown beside.
    """

    problems: Sequence[str] = ()
    vital: bool = False
    facts: Mapping[str, object] | None = None


def healthz(checks: Mapping[str, Check]) -> JsonResponse:
    """200 with ``status`` ok or degraded; 503 with failed when a vital part is not well."""
    failed = any(check.vital and check.problems for check in checks.values())
    degraded = any(check.problems for check in checks.values())
    document = {
        "status": "failed" if failed else "degraded" if degraded else "ok",
        "version": __version__,
        "checks": {
            name: {
                "healthy": not check.problems,
                **({"problems": list(check.problems)} if check.problems else {}),
                **(dict(check.facts) if check.facts else {}),
            }
            for name, check in checks.items()
        },
    }
    return JsonResponse(document, 503 if failed else 200, {"Cache-Control": "no-store"})


def front(services: Sequence[Service[Any]], health: Callable[[], Mapping[str, Check]]) -> Starlette:
    """The ASGI application for everything outside of the services' prefixes."""

    async def get_health(_request: Request) -> Response:
        return healthz(await anyio.to_thread.run_sync(health))

    async def get_document(_request: Request) -> Response:
        return JsonResponse(openapi.document(services))

    async def get_page(_request: Request) -> Response:
        return HTMLResponse(openapi.page(services), headers={"X-Content-Type-Options": "nosniff"})

    async def get_root(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/docs", status_code=302)
        return JsonResponse(
            {"micronova": __version__, "services": {service.name: service.prefix for service in services}}
        )

    return Starlette(
        routes=[
            Route("/", get_root),
            Route("/healthz", get_health),
            Route("/openapi.json", get_document),
            Route("/docs", get_page),
        ]
    )
