"""Microversions: how a request names one, and what is inside of our range.

Contract: https://docs.openstack.org/api-guide/compute/microversions.html and the API SIG's microversion guideline.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from micronova.model.errors import Invalid, NotAcceptable

_FORM = re.compile(r"([1-9]\d{0,3})\.(0|[1-9]\d{0,3})")


class Version(NamedTuple):
    """``Version(2, 53)``; compares as versions should."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MicroversionRange:
    """What one service speaks.

    ``service_type`` is the word in ``OpenStack-API-Version``; ``legacy_header`` an older header for the same, or "".
    A request that names no version is answered at ``minimum``.
    """

    service_type: str
    minimum: Version
    maximum: Version
    legacy_header: str = ""

    def negotiate(self, headers: Mapping[str, str]) -> Version:
        """The version a request is answered at.  Raises Invalid (malformed) or NotAcceptable (beyond)."""
        text = self._asked(headers)
        if text is None:
            return self.minimum
        if text == "latest":
            return self.maximum
        match = _FORM.fullmatch(text)
        if match is None:
            raise Invalid(
                f"API Version String '{text[:64]}' is of invalid format. Must be of format MajorNum.MinorNum."
            )
        version = Version(int(match[1]), int(match[2]))
        if not self.minimum <= version <= self.maximum:
            raise NotAcceptable(
                f"Version {version} is not supported by the API. "
                f"Minimum is {self.minimum} and maximum is {self.maximum}."
            )
        return version

    def _asked(self, headers: Mapping[str, str]) -> str | None:
        for part in headers.get("openstack-api-version", "").split(","):
            words = part.split()
            if len(words) == 2 and words[0].lower() == self.service_type:
                return words[1].lower()
        if self.legacy_header:
            legacy = headers.get(self.legacy_header.lower())
            if legacy is not None:
                return legacy.strip().lower()
        return None

    def response_headers(self, version: Version) -> dict[str, str]:
        """Headers that say at which version the answer is given."""
        headers = {"OpenStack-API-Version": f"{self.service_type} {version}", "Vary": "OpenStack-API-Version"}
        if self.legacy_header:
            headers[self.legacy_header] = str(version)
            headers["Vary"] += f", {self.legacy_header}"
        return headers
