"""The OpenAPI document of everything that is served, and a page that shows it: made from the endpoint tables."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from micronova import __version__
from micronova.web.endpoint import Endpoint, Service
from micronova.web.faults import TITLES
from micronova.web.schemas import Versioned


def document(services: Sequence[Service[Any]]) -> dict[str, Any]:
    """An OpenAPI 3.1 document; schemas that differ by microversion are listed under ``oneOf`` with their versions."""
    paths: dict[str, dict[str, Any]] = {}
    for service in services:
        for endpoint in service.endpoints:
            item = paths.setdefault(service.prefix + endpoint.path.rstrip("/"), {})
            known = item.get(endpoint.method.lower())
            if known is None:
                item[endpoint.method.lower()] = _operation(service, endpoint)
            else:
                known["summary"] += f"; {_versions(endpoint)}{endpoint.summary}"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "micronova",
            "version": __version__,
            "description": "OpenStack Compute for KVM, in one program. The contracts are OpenStack's API references.",
        },
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}}},
    }


def _operation(service: Service[Any], endpoint: Endpoint[Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [service.name],
        "summary": _versions(endpoint) + endpoint.summary,
        "operationId": re.sub(r"[^a-z0-9]+", "_", f"{endpoint.method}_{service.name}{endpoint.path}".lower()).strip(
            "_"
        ),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", endpoint.path)
        ],
        "responses": {
            "default": {"description": "As OpenStack's API reference; errors: " + ", ".join(TITLES.values())}
        },
    }
    if endpoint.auth:
        operation["security"] = [{"token": []}]
    if endpoint.query is not None:
        operation["parameters"] += _query_parameters(endpoint.query)
    if endpoint.body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": _schema(endpoint.body)}}}
    elif endpoint.streams:
        operation["requestBody"] = {"content": {"application/octet-stream": {}}}
    return operation


def _versions(endpoint: Endpoint[Any]) -> str:
    if endpoint.min_version is None and endpoint.max_version is None:
        return ""
    return f"({endpoint.min_version or ''}-{endpoint.max_version or ''}) "


def _schema(versioned: Versioned) -> Any:
    if len(versioned.entries) == 1:
        return versioned.entries[0][1]
    return {"oneOf": [{"title": f"from {since}", **schema} for since, schema in versioned.entries]}


def _query_parameters(versioned: Versioned) -> list[dict[str, Any]]:
    names = {name for _, schema in versioned.entries for name in schema.get("properties", {})}
    return [{"name": name, "in": "query", "schema": {"type": "string"}} for name in sorted(names)]


def page(services: Sequence[Service[Any]]) -> str:
    """One HTML page without scripts: every path, by service; the document itself is linked."""
    rows = []
    for service in services:
        rows.append(f"<h2>{html.escape(service.name)}</h2><table>")
        for endpoint in service.endpoints:
            rows.append(
                f"<tr><td><code>{endpoint.method}</code></td>"
                f"<td><code>{html.escape(service.prefix + endpoint.path)}</code></td>"
                f"<td>{html.escape(_versions(endpoint) + endpoint.summary)}</td></tr>"
            )
        rows.append("</table>")
    return _PAGE.replace("@@", "\n".join(rows))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>micronova API</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
td{padding:.1rem .8rem .1rem 0;vertical-align:top}h2{margin-top:2rem}</style></head>
<body><h1>micronova</h1>
<p>OpenStack's APIs on one port. The whole as a document: <a href="openapi.json">openapi.json</a>.
What each call means is in OpenStack's API references.</p>
@@
</body></html>
"""
