"""The few kinds of failure, divided only where a caller acts differently.

    MicronovaError
    ├── Invalid                 400  the request is wrong: the sender changes it
    ├── Unauthenticated         401  log in again
    ├── Forbidden               403  somebody with more rights must do it
    │   └── QuotaExceeded       403  delete something or ask for more
    ├── NotFound                404  absent, or not yours: never told apart (SECURITY.md T-PEER7)
    ├── NotAcceptable           406  a microversion that we do not speak
    ├── Conflict                409  not in this state, or somebody was faster
    ├── Gone                    410  the API was removed at this microversion
    ├── TooLarge                413  send less
    ├── UnsupportedMediaType    415  send another content type
    ├── RangeNotSatisfiable     416
    ├── Unsupported             501  this micronova, or this host, cannot do that
    ├── Unavailable             503  a part that is needed does not answer: try again
    │   ├── HostUnreachable     503
    │   └── StorageFull         507
    └── NoCapacity              ---  no host fits; ends in a server's fault, never in a status code
    └── OurFault                500  a defect, or a broken installation

``message`` is for the user and must name neither hosts nor internals; ``detail`` is for admins and logs.
``code`` is stable and machine readable.  One middleware (micronova.web.faults) turns kinds into status codes.
Always raise with ``from err``, so that the cause stays.
"""

from __future__ import annotations


class MicronovaError(Exception):
    """A failure with a text for the user (``message``) and one for the admin (``detail``)."""

    status = 500
    code = "internal"

    def __init__(self, message: str, *, detail: str = "", code: str = "") -> None:
        super().__init__(message if not detail else f"{message} [{detail}]")
        self.message = message
        self.detail = detail
        if code:
            self.code = code


class Invalid(MicronovaError):
    """The request is wrong; the message names the field and what is allowed."""

    status = 400
    code = "invalid"


class Unauthenticated(MicronovaError):
    """No valid credentials came with the request."""

    status = 401
    code = "unauthenticated"


class Forbidden(MicronovaError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"


class QuotaExceeded(Forbidden):
    """More than the project's quota; the message names the resource and the numbers."""

    code = "quota_exceeded"


class NotFound(MicronovaError):
    """Absent, or not the caller's: the answer is the same."""

    status = 404
    code = "not_found"


class NotAcceptable(MicronovaError):
    """The asked microversion is outside of what we speak."""

    status = 406
    code = "not_acceptable"


class Conflict(MicronovaError):
    """Not possible in the present state, or a concurrent change won."""

    status = 409
    code = "conflict"


class Gone(MicronovaError):
    """The API does not exist any more at this microversion."""

    status = 410
    code = "gone"


class TooLarge(MicronovaError):
    """The body, or a field, is larger than allowed."""

    status = 413
    code = "too_large"


class UnsupportedMediaType(MicronovaError):
    """The content type is not one that this path reads."""

    status = 415
    code = "unsupported_media_type"


class RangeNotSatisfiable(MicronovaError):
    """The asked byte range does not exist."""

    status = 416
    code = "range_not_satisfiable"


class Unsupported(MicronovaError):
    """This micronova, or the chosen host, cannot do that; the message says what would."""

    status = 501
    code = "unsupported"


class Unavailable(MicronovaError):
    """A part that is needed does not answer now."""

    status = 503
    code = "unavailable"


class HostUnreachable(Unavailable):
    """libvirt, or the agent of a host, does not answer."""

    code = "host_unreachable"


class StorageFull(Unavailable):
    """No space left where the bytes should go."""

    status = 507
    code = "storage_full"


class NoCapacity(MicronovaError):
    """No host can take the request; ``message`` has counts per reason, ``detail`` hosts and numbers."""

    code = "no_valid_host"


class OurFault(MicronovaError):
    """A defect of ours, or an installation that cannot work."""
