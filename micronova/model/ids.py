"""Identifiers with their kinds, so that a server's id is never taken for an image's."""

from __future__ import annotations

import re
import uuid
from typing import NewType

UserId = NewType("UserId", str)
ProjectId = NewType("ProjectId", str)
DomainId = NewType("DomainId", str)
RoleId = NewType("RoleId", str)
ImageId = NewType("ImageId", str)
ServerId = NewType("ServerId", str)
FlavorId = NewType("FlavorId", str)
NetworkId = NewType("NetworkId", str)
SubnetId = NewType("SubnetId", str)
PortId = NewType("PortId", str)
ProviderUuid = NewType("ProviderUuid", str)
OperationId = NewType("OperationId", str)
RequestId = NewType("RequestId", str)
HostName = NewType("HostName", str)

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


def new_uuid() -> str:
    """A random UUID with hyphens, as Nova, Glance, Neutron and Placement write ids."""
    return str(uuid.uuid4())


def new_hex() -> str:
    """A random UUID without hyphens, as Keystone writes ids."""
    return uuid.uuid4().hex


def new_request_id() -> RequestId:
    """``req-`` and a UUID, the form that oslo.middleware gives."""
    return RequestId(f"req-{uuid.uuid4()}")


def is_uuid(text: str) -> bool:
    """Whether ``text`` is a UUID, with or without hyphens."""
    return _UUID.fullmatch(text) is not None
