"""Our element in a domain's ``<metadata>``: whose guest it is, for people and for the audit."""

from __future__ import annotations

from micronova.host.interface import GuestSpec
from micronova.libvirtxml.domain import Domain, Metadata
from micronova.libvirtxml.element import Child, Element, name_prefix, printable, string

NAMESPACE = "https://micronova.dev/xmlns/domain/1.0"
name_prefix("micronova", NAMESPACE)


class ServerElement(Element):
    """``<server>`` in our namespace."""

    TAG = f"{{{NAMESPACE}}}server"
    id = string("@id")
    name = string(f"{{{NAMESPACE}}}name")
    project = string(f"{{{NAMESPACE}}}project")
    user = string(f"{{{NAMESPACE}}}user")
    flavor = string(f"{{{NAMESPACE}}}flavor")
    image = string(f"{{{NAMESPACE}}}image")
    ports = string(f"{{{NAMESPACE}}}ports")


class OwnMetadata(Metadata):
    """``<metadata>`` with our element in it."""

    server = Child(ServerElement)


def metadata(guest: GuestSpec) -> OwnMetadata:
    """The element for a guest.  Users' texts lose what XML cannot carry; the rest is escaped (SECURITY.md T-NET2)."""
    server = ServerElement(
        id=guest.server_id,
        name=printable(guest.name),
        project=printable(guest.project_id),
        user=printable(guest.user_name),
        flavor=printable(guest.flavor_name),
        image=printable(guest.image_properties.get("image_id", "")),
        ports=" ".join(nic.port_id for nic in guest.nics),
    )
    return OwnMetadata(server=server)


def read(domain: Domain) -> ServerElement | None:
    """Our element in a domain that exists; None if it is not there."""
    if domain.metadata is None:
        return None
    return OwnMetadata.around(domain.metadata.node).server
