"""The ASGI application: request id, token, microversion, route, body, handler, fault; for all services alike.

    scope -> service by prefix -> version -> endpoint -> caller -> body -> handler (in a thread) -> answer

Identity comes from the verified token only; headers such as X-User-Id or X-Roles are never read (T-ID1).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from typing import Any, Protocol

import anyio
import anyio.to_thread
from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from micronova.model import request_id as current
from micronova.model.caller import Caller
from micronova.model.errors import (
    Invalid,
    MicronovaError,
    NotFound,
    OurFault,
    Unauthenticated,
    UnsupportedMediaType,
)
from micronova.model.ids import RequestId, new_request_id
from micronova.web import body
from micronova.web.access_rules import permitted
from micronova.web.endpoint import Endpoint, Service
from micronova.web.faults import answer, keystone_style
from micronova.web.microversion import Version
from micronova.web.request import Request
from micronova.web.response import Response
from micronova.web.router import MethodNotAllowed, Router

log = logging.getLogger(__name__)

_NO_VERSION = Version(0, 0)
_GLOBAL_ID = re.compile(r"req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
# Writing methods read JSON unless the endpoint streams.
_JSON_TYPES = re.compile(r"application/([\w.+-]+\+)?json", re.IGNORECASE)


class TokenVerifier(Protocol):
    """The identity service, as the web sees it."""

    def verify(self, token: str) -> Caller:
        """The caller behind a token.  Raises Unauthenticated."""


class Application:
    """All services on one port.  ``fallback`` answers what belongs to none of them (dashboard, health, metrics)."""

    def __init__(
        self,
        services: Sequence[Service[Any]],
        tokens: TokenVerifier,
        *,
        max_body: int,
        threads: int = 32,
        stream_threads: int = 64,
        public_url: str | None = None,
        fallback: ASGIApp | None = None,
    ) -> None:
        self._mounted = [(service, Router(service.endpoints)) for service in services]
        self._tokens = tokens
        self._max_body = max_body
        self._threads = threads
        self._public_url = public_url.rstrip("/") if public_url else None
        self._fallback = fallback
        self._stream_threads = stream_threads
        self._limiters: tuple[anyio.CapacityLimiter, anyio.CapacityLimiter] | None = None

    @property
    def services(self) -> Sequence[Service[Any]]:
        """What is mounted, for the OpenAPI page and the coverage tests."""
        return [service for service, _ in self._mounted]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif self._fallback is not None:
            await self._fallback(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw_path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").split("?", 1)[0]
        mounted = self._mounted_at(raw_path)
        if mounted is None and self._fallback is not None:
            await self._fallback(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = new_request_id()
        headers = Headers(scope=scope)
        asked_id = headers.get("x-openstack-request-id", "")
        global_id = asked_id if _GLOBAL_ID.fullmatch(asked_id) else ""
        current.set_request_id(request_id)
        base_url = self._public_url or _base_url(scope, headers)
        if mounted is None:
            error = NotFound("The resource could not be found.")
            response = answer(error, keystone_style, request_id, base_url)
        else:
            service, router = mounted
            path = raw_path[len(service.prefix) :]
            response = await self._serve(
                service, router, scope["method"], path, scope, receive, headers, request_id, base_url
            )
        out = response.headers
        out["X-Openstack-Request-Id"] = request_id
        if mounted is not None and mounted[0].request_id_header:
            out[mounted[0].request_id_header] = request_id
        log.info(
            '"%s %s" %d %.1fms%s',
            scope["method"],
            raw_path[:512],
            response.status_code,
            (time.perf_counter() - started) * 1000,
            f" global {global_id}" if global_id else "",
        )
        await response(scope, receive, _without_body(send) if scope["method"] == "HEAD" else send)

    def _mounted_at(self, raw_path: str) -> tuple[Service[Any], Router] | None:
        for service, router in self._mounted:
            if raw_path == service.prefix or raw_path.startswith(service.prefix + "/"):
                return service, router
        return None

    async def _serve(
        self,
        service: Service[Any],
        router: Router,
        method: str,
        path: str,
        scope: Scope,
        receive: Receive,
        headers: Headers,
        request_id: RequestId,
        base_url: str,
    ) -> Response:
        version = _NO_VERSION
        extra: dict[str, str] = {}
        try:
            token = headers.get("x-auth-token")
            caller: Caller | None = None
            refused: Unauthenticated | None = None
            if token:
                try:
                    caller = self._tokens.verify(token)
                except Unauthenticated as err:
                    refused = err
            if service.microversions is not None:
                version = service.microversions.negotiate(headers)
                extra = service.microversions.response_headers(version)
            if service.project_in_path:
                path = _strip_project(path, caller)
            rules = None if caller is None else caller.access_rules
            if rules is not None and not permitted(rules, service.name, method, path):
                raise Unauthenticated("The application credential's access rules do not allow this request.")
            endpoint, parameters = router.find(method, path, version)
            if endpoint.auth and caller is None:
                raise refused or Unauthenticated("The request you have made requires authentication.")
            request = Request(
                method=method,
                url_path=service.prefix + path,
                headers=headers,
                query=QueryParams(scope.get("query_string", b"")),
                base_url=base_url,
                version=version,
                request_id=request_id,
                path=parameters,
                _caller=caller,
            )
            if endpoint.streams:
                request.stream = body.stream(receive)
            else:
                request.body = await body.read_all(receive, headers.get("content-length"), self._max_body)
                _check_content_type(request, endpoint)
            response = await anyio.to_thread.run_sync(
                _call, service, endpoint, request, limiter=self._thread_limiter(endpoint.streams)
            )
        except MethodNotAllowed as err:
            response = answer(err, service.fault, request_id, base_url)
            response.headers["Allow"] = ", ".join(err.allowed)
        except MicronovaError as err:
            if err.status >= 500:
                log.error("%s %s failed", method, path[:512], exc_info=err)
            elif err.detail:
                log.info("%s", err.detail)
            response = answer(err, service.fault, request_id, base_url)
        except ClientDisconnect:
            response = Response(b"", status_code=499)
        except Exception as err:  # the top of every request: nothing may end the server
            log.exception("%s %s failed", method, path[:512])
            fault = OurFault("An unexpected error occurred; its request id is in the log.")
            fault.__cause__ = err
            response = answer(fault, service.fault, request_id, base_url)
        for name, value in extra.items():
            response.headers[name] = value
        return response

    def _thread_limiter(self, streams: bool) -> anyio.CapacityLimiter:
        """Threads for handlers; uploads have their own, so that slow clients never hold up the rest."""
        if self._limiters is None:
            self._limiters = anyio.CapacityLimiter(self._threads), anyio.CapacityLimiter(self._stream_threads)
        return self._limiters[1] if streams else self._limiters[0]


def _call(service: Service[Any], endpoint: Endpoint[Any], request: Request) -> Response:
    current.set_request_id(request.request_id)
    if any("\0" in text for item in request.query.multi_items() for text in item):
        raise Invalid("NUL characters are not allowed in query parameters.")
    if endpoint.query is not None:
        endpoint.query.check(_query_document(request.query), request.version, in_query=True)
    if endpoint.body is not None:
        endpoint.body.check(request.json(), request.version)
    return endpoint.handler(service.api, request)


def _query_document(query: QueryParams) -> dict[str, list[str]]:
    document: dict[str, list[str]] = {}
    for name, value in query.multi_items():
        document.setdefault(name, []).append(value)
    return document


def _check_content_type(request: Request, endpoint: Endpoint[Any]) -> None:
    if endpoint.body is None or not request.body:
        return
    kind = request.headers.get("content-type", "application/json").split(";")[0].strip()
    if not _JSON_TYPES.fullmatch(kind):
        raise UnsupportedMediaType(f"Unsupported Content-Type {kind[:100]}; send application/json.")


def _strip_project(path: str, caller: Caller | None) -> str:
    """Nova's old URLs carry the project after the version; it must be the token's (T-API1)."""
    parts = path.split("/", 3)
    if len(parts) < 3 or not re.fullmatch(r"[0-9a-f]{32}|[0-9a-f-]{36}", parts[2]):
        return path
    if caller is not None and parts[2] != caller.project_id:
        raise Invalid(
            f"Malformed request URL: URL's project_id '{parts[2]}' doesn't match "
            f"Context's project_id '{caller.project_id}'"
        )
    return "/".join([*parts[:2], *parts[3:]])


def _base_url(scope: Scope, headers: Headers) -> str:
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        server = scope.get("server") or ("127.0.0.1", 0)
        host = f"{server[0]}:{server[1]}"
    return f"{scope.get('scheme', 'http')}://{host}"


def _without_body(send: Send) -> Send:
    async def head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return head
