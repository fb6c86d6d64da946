"""libvirt's errors as our kinds."""

from __future__ import annotations

import libvirt

from micronova.model.errors import HostUnreachable, MicronovaError, NotFound, OurFault, StorageFull

_GONE = frozenset(
    {
        libvirt.VIR_ERR_NO_CONNECT,
        libvirt.VIR_ERR_INVALID_CONN,
        libvirt.VIR_ERR_RPC,
        libvirt.VIR_ERR_AUTH_FAILED,
        libvirt.VIR_ERR_AUTH_UNAVAILABLE,
        libvirt.VIR_ERR_AUTH_CANCELLED,
    }
)
_ABSENT = frozenset({libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_NO_NETWORK})


def code(err: libvirt.libvirtError) -> int:
    """The error's ``VIR_ERR_`` number."""
    return int(err.get_error_code() or 0)


def is_absent(err: libvirt.libvirtError) -> bool:
    """Whether the domain or network is not there."""
    return code(err) in _ABSENT


def is_lost(err: libvirt.libvirtError) -> bool:
    """Whether the connection broke rather than the call failed."""
    if code(err) in _GONE:
        return True
    # "Cannot write data: Broken pipe", "End of file while reading data", "client socket is closed"
    return code(err) in (libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_INTERNAL_ERROR) and (
        err.get_error_domain() in (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE)
    )


def translate(err: libvirt.libvirtError, what: str) -> MicronovaError:
    """Our error for a call that was to do ``what``; libvirt's words are for admins."""
    detail = f"cannot {what}: {err}"
    if is_lost(err):
        return HostUnreachable("The server's host does not answer.", detail=detail)
    if is_absent(err):
        return NotFound("The server does not exist on its host.", detail=detail)
    if "No space left on device" in str(err):
        return StorageFull("There is no space left for the server's disks.", detail=detail)
    return OurFault("The hypervisor refused the server.", detail=detail)
