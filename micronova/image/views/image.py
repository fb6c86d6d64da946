"""An image's document: everything at the top level, properties beside attributes, links without scheme and host."""

from __future__ import annotations

from typing import Any

from micronova.image.records import Image
from micronova.image.states import STORED
from micronova.model.clock import zulu

STORE_ID = "file"


def show(image: Image) -> dict[str, Any]:
    """The document of one image."""
    path = f"/v2/images/{image.id}"
    stored = image.status in STORED  # what is staged is not the image's yet
    document: dict[str, Any] = dict(image.properties)
    document.update(
        name=image.name,
        disk_format=image.disk_format,
        container_format=image.container_format,
        visibility=image.visibility,
        size=image.size if stored else None,
        virtual_size=image.virtual_size if stored else None,
        status=image.status,
        checksum=image.checksum if stored else None,
        protected=image.protected,
        min_ram=image.min_ram,
        min_disk=image.min_disk,
        owner=image.owner,
        os_hidden=image.os_hidden,
        os_hash_algo=image.os_hash_algo if stored else None,
        os_hash_value=image.os_hash_value if stored else None,
        id=image.id,
        created_at=zulu(image.created_at),
        updated_at=zulu(image.updated_at),
        tags=list(image.tags),
        self=path,
        file=f"{path}/file",
        schema="/v2/schemas/image",
    )
    if stored:
        document["stores"] = STORE_ID
    return document
