"""Arithmetic on addresses: canonical forms, pools, overlaps.  Pure."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable, Mapping, Sequence

from micronova.model.errors import Invalid

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# NAT networks become routes of the host: only ranges that are nobody's on the Internet.
PRIVATE_RANGES: Sequence[IpNetwork] = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def address(text: str) -> IpAddress:
    """An address from text; its ``str`` is the canonical form (T-API4).  Raises Invalid."""
    try:
        return ipaddress.ip_address(text)
    except ValueError as err:
        raise Invalid(f"'{text[:64]}' is not a valid IP address") from err


def cidr(text: str) -> IpNetwork:
    """A subnet from text.  Raises Invalid, with the right spelling when host bits are set."""
    try:
        return ipaddress.ip_network(text)
    except ValueError as err:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise Invalid(f"'{text[:64]}' is not a valid IP subnet") from err
        raise Invalid(f"'{text[:64]}' isn't a recognized IP subnet cidr, '{meant}' is recommended") from err


def default_gateway(network: IpNetwork) -> IpAddress:
    """The first address after the network's own."""
    return network.network_address + (1 if network.num_addresses > 1 else 0)


def usable(network: IpNetwork) -> tuple[IpAddress, IpAddress]:
    """The first and the last address that a port may have."""
    if network.num_addresses <= 2:
        return network[0], network[-1]
    last = network[-2] if network.version == 4 else network[-1]
    return network[1], last


def default_pools(network: IpNetwork, gateway: IpAddress | None) -> list[dict[str, str]]:
    """All usable addresses without the gateway, as one or two pools."""
    first, last = usable(network)
    spans = [(int(first), int(last))]
    if gateway is not None and int(first) <= int(gateway) <= int(last):
        spans = [(int(first), int(gateway) - 1), (int(gateway) + 1, int(last))]
    kind = type(first)
    return [{"start": str(kind(low)), "end": str(kind(high))} for low, high in spans if low <= high]


def check_pools(
    network: IpNetwork, gateway: IpAddress | None, pools: Sequence[Mapping[str, str]]
) -> list[dict[str, str]]:
    """Pools in canonical form, in order.  Raises Invalid if they leave the subnet, overlap or hold the gateway."""
    first, last = usable(network)
    spans = []
    for pool in pools:
        start, end = address(pool["start"]), address(pool["end"])
        if start.version != network.version or end.version != network.version or int(start) > int(end):
            raise Invalid(f"The allocation pool {start}-{end} is not valid.")
        if int(start) < int(first) or int(end) > int(last):
            raise Invalid(f"The allocation pool {start}-{end} spans beyond the subnet cidr {network}.")
        if gateway is not None and int(start) <= int(gateway) <= int(end):
            raise Invalid(f"Gateway ip {gateway} conflicts with allocation pool {start}-{end}.")
        spans.append((int(start), int(end)))
    spans.sort()
    for (_, before), (after, _) in itertools.pairwise(spans):
        if after <= before:
            raise Invalid("Found overlapping allocation pools.")
    kind = type(first)
    return [{"start": str(kind(low)), "end": str(kind(high))} for low, high in spans]


def overlapping(network: IpNetwork, others: Iterable[str]) -> str | None:
    """The first of ``others`` (CIDRs) that shares an address with ``network``."""
    for text in others:
        other = ipaddress.ip_network(text, strict=False)
        if other.version == network.version and other.overlaps(network):
            return text
    return None


def is_private(network: IpNetwork) -> bool:
    """Whether the subnet lies in a range that anybody may use behind NAT."""
    return any(
        network.version == private.version and network.subnet_of(private)  # type: ignore[arg-type]
        for private in PRIVATE_RANGES
    )
