"""From method, path and version to an endpoint: a tree of path segments per service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from micronova.model.errors import MicronovaError, NotFound
from micronova.web.endpoint import Endpoint
from micronova.web.microversion import Version


class MethodNotAllowed(MicronovaError):
    """The path exists, with other methods."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"The method is not allowed for this resource; allowed: {', '.join(allowed)}.")
        self.allowed = allowed


class _Node:
    __slots__ = ("endpoints", "literals", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        # method -> [(names of the parameters, endpoint), ...]
        self.endpoints: dict[str, list[tuple[tuple[str, ...], Endpoint[Any]]]] = {}


class Router:
    """The endpoints of one service, by path.  Literal segments win over parameters."""

    def __init__(self, endpoints: Sequence[Endpoint[Any]]) -> None:
        self._root = _Node()
        for endpoint in endpoints:
            node, names = self._root, []
            for segment in _segments(endpoint.path):
                if segment.startswith("{"):
                    names.append(segment[1:-1])
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.literals.setdefault(segment, _Node())
            node.endpoints.setdefault(endpoint.method, []).append((tuple(names), endpoint))

    def find(self, method: str, raw_path: str, version: Version) -> tuple[Endpoint[Any], dict[str, str]]:
        """The endpoint and the decoded path parameters.  Raises NotFound or MethodNotAllowed."""
        found = _descend(self._root, _segments(raw_path), 0, ())
        if found is None or "%00" in raw_path:  # no name or id has a NUL, and PostgreSQL refuses to compare one
            raise NotFound("The resource could not be found.")
        node, values = found
        candidates = node.endpoints.get(method)
        if candidates is None and method == "HEAD":
            candidates = node.endpoints.get("GET")
        if candidates is None:
            raise MethodNotAllowed(sorted(node.endpoints))
        for names, endpoint in candidates:
            if endpoint.serves(version):
                return endpoint, dict(zip(names, (unquote(value) for value in values), strict=True))
        raise NotFound("The resource could not be found.")


def _segments(path: str) -> list[str]:
    trimmed = path.strip("/")
    return trimmed.split("/") if trimmed else []


def _descend(
    node: _Node, segments: list[str], at: int, values: tuple[str, ...]
) -> tuple[_Node, tuple[str, ...]] | None:
    if at == len(segments):
        return (node, values) if node.endpoints else None
    literal = node.literals.get(segments[at])
    if literal is not None:
        found = _descend(literal, segments, at + 1, values)
        if found is not None:
            return found
    if node.parameter is not None and segments[at]:
        return _descend(node.parameter, segments, at + 1, (*values, segments[at]))
    return None
