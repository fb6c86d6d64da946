"""A request as handlers see it: parsed, limited, with the caller and the version already known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.datastructures import Headers, QueryParams

from micronova.model.caller import Caller
from micronova.model.errors import Invalid, Unauthenticated
from micronova.web.microversion import Version


@dataclass(slots=True, kw_only=True)
class Request:
    """One HTTP request.

    ``path`` holds the decoded path parameters; ``base_url`` is scheme, host and port without a slash at the end, for
    links; ``body`` is complete and within the size limit, except for endpoints that stream: those read ``stream``.
    """

    method: str
    url_path: str
    headers: Headers
    query: QueryParams
    base_url: str
    version: Version
    request_id: str
    path: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Iterator[bytes] = field(default_factory=lambda: iter(()))
    _caller: Caller | None = None

    @property
    def caller(self) -> Caller:
        """Who asks.  Unauthenticated on endpoints declared with ``auth=False`` that got no token."""
        if self._caller is None:
            raise Unauthenticated("The request you have made requires authentication.")
        return self._caller

    @property
    def has_caller(self) -> bool:
        """Whether a valid token came along."""
        return self._caller is not None

    def json(self) -> Any:
        """The body as JSON values.  Raises Invalid if it is not JSON."""
        try:
            document = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
            raise Invalid("Malformed request body") from err
        if b"\\u0000" in self.body and has_nul(document):
            raise Invalid("NUL characters are not allowed in the request body.")
        return document

    def at_least(self, minor: int) -> bool:
        """Whether the request is at 2.``minor`` or later (for views; operations never know versions)."""
        return self.version.minor >= minor


def has_nul(document: object) -> bool:
    """Whether a text or key anywhere in a JSON document holds NUL, which no name may and PostgreSQL cannot store."""
    if isinstance(document, str):
        return "\0" in document
    if isinstance(document, dict):
        return any(has_nul(key) or has_nul(value) for key, value in document.items())
    return isinstance(document, list) and any(has_nul(item) for item in document)
