"""Which attributes of an image a request may set, and how many properties and tags it may have: one place for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from micronova.image.schemas.image import IMAGE_PROPERTIES, WRITABLE
from micronova.image.settings import ImageSettings
from micronova.model.errors import Forbidden, TooLarge
from micronova.web.microversion import Version
from micronova.web.schemas import Versioned

_READ_ONLY = frozenset(name for name, schema in IMAGE_PROPERTIES.items() if schema.get("readOnly"))
_RESERVED = frozenset({"location", "locations", "deleted", "deleted_at", "is_public"})
_RESERVED_PREFIX = "os_glance"
BASE = frozenset(IMAGE_PROPERTIES)
_writable = Versioned.always(WRITABLE)


def check_settable(names: Iterable[str]) -> None:
    """Raise Forbidden for the first attribute that a request must not set (T-IMG10, T-IMG18)."""
    for name in names:
        if name in _READ_ONLY:
            raise Forbidden(f"Attribute '{name}' is read-only.")
        if name in _RESERVED or name.startswith(_RESERVED_PREFIX):
            raise Forbidden(f"Attribute '{name[:255]}' is reserved.")


def check_values(document: Mapping[str, object]) -> None:
    """Raise Invalid for a value of a wrong type or length."""
    _writable.check(document, Version(0, 0))


def check_counts(settings: ImageSettings, properties: Mapping[str, str], tags: Iterable[str]) -> None:
    """Raise TooLarge for more properties or tags than allowed."""
    if 0 <= settings.image_property_quota < len(properties):
        raise TooLarge(
            f"The limit has been exceeded on the number of allowed image properties. "
            f"Attempted: {len(properties)}, Maximum: {settings.image_property_quota}"
        )
    check_tag_count(settings, len(set(tags)))


def check_tag_count(settings: ImageSettings, attempted: int) -> None:
    """Raise TooLarge for more tags than allowed."""
    if 0 <= settings.image_tag_quota < attempted:
        raise TooLarge(
            f"The limit has been exceeded on the number of allowed image tags. "
            f"Attempted: {attempted}, Maximum: {settings.image_tag_quota}"
        )
