"""Image properties and extra specs, read as Nova reads them: the flavor's word goes before the image's."""

from __future__ import annotations

from micronova.host.interface import GuestSpec

_TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})


def image_property(guest: GuestSpec, name: str, default: str) -> str:
    """The image's property in lower case, or the default."""
    return guest.image_properties.get(name, default).strip().lower()


def is_true(text: str | None) -> bool:
    """Whether a text means yes, as oslo.utils' ``bool_from_string`` has it."""
    return text is not None and text.strip().lower() in _TRUE
