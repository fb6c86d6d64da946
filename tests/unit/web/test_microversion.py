"""Negotiation of microversions by both headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronova.model.errors import Invalid, NotAcceptable
from micronova.web.microversion import MicroversionRange, Version

COMPUTE = MicroversionRange(
    service_type="compute",
    minimum=Version(2, 1),
    maximum=Version(2, 104),
    legacy_header="X-OpenStack-Nova-API-Version",
)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Version(2, 1)),
        ({"openstack-api-version": "compute 2.53"}, Version(2, 53)),
        ({"openstack-api-version": "Compute LATEST"}, Version(2, 104)),
        ({"openstack-api-version": "placement 1.10, compute 2.9"}, Version(2, 9)),
        ({"openstack-api-version": "placement 1.10"}, Version(2, 1)),
        ({"x-openstack-nova-api-version": "2.10"}, Version(2, 10)),
        ({"x-openstack-nova-api-version": "2.10", "openstack-api-version": "compute 2.11"}, Version(2, 11)),
    ],
)
def test_versions(headers: dict[str, str], expected: Version) -> None:
    assert COMPUTE.negotiate(headers) == expected


@pytest.mark.parametrize("text", ["2", "2.01", "two", "2.1.1", "02.1", "-2.1", "2.12345"])
def test_malformed_is_400(text: str) -> None:
    with pytest.raises(Invalid, match="invalid format"):
        COMPUTE.negotiate({"openstack-api-version": f"compute {text}"})


@pytest.mark.parametrize("text", ["2.105", "3.0", "1.9", "2.0"])
def test_beyond_is_406_and_names_the_range(text: str) -> None:
    with pytest.raises(NotAcceptable, match=r"Minimum is 2\.1 and maximum is 2\.104"):
        COMPUTE.negotiate({"openstack-api-version": f"compute {text}"})


@given(st.text())
def test_any_header_gives_a_version_or_one_of_the_two_errors(text: str) -> None:
    for name in ("openstack-api-version", "x-openstack-nova-api-version"):
        try:
            version = COMPUTE.negotiate({name: text})
        except (Invalid, NotAcceptable):
            continue
        assert Version(2, 1) <= version <= Version(2, 104)
