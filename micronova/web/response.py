"""Answers: JSON encoded directly, or nothing, or bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

__all__ = ["JsonResponse", "Response", "no_content"]

_encoder = msgspec.json.Encoder()


class JsonResponse(Response):
    """A JSON document; values are what msgspec encodes (dicts, lists, text, numbers, Structs)."""

    def __init__(self, document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(_encoder.encode(document), status_code=status, headers=headers, media_type="application/json")


def no_content(status: int = 204, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body."""
    return Response(b"", status_code=status, headers=headers)
