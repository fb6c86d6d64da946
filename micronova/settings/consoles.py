"""``[vnc]``, ``[spice]``, ``[serial_console]``, ``[console]``, ``[consoleauth]``: remote consoles.

The addresses and ports of Nova's separate proxies are not here: micronova's consoles are on its one port.
"""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import integer, switch, text, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Vnc:
    """``[vnc]``."""

    enabled: bool = switch(True, older=("DEFAULT.vnc_enabled",), help="Give guests a VNC display.")
    server_listen: str = text("127.0.0.1", help="Address QEMU's VNC listens on; keep it off the open network.")
    novncproxy_base_url: str | None = text(
        None,
        older=("DEFAULT.novncproxy_base_url",),
        shown_default="under [micronova] public_url",
        help="Start of the address of noVNC consoles that users get.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spice:
    """``[spice]``."""

    enabled: bool = switch(False, help="Give guests a SPICE display.")
    agent_enabled: bool = switch(True, help="Give guests the SPICE agent's channel.")
    server_listen: str = text("127.0.0.1", help="Address QEMU's SPICE listens on.")
    html5proxy_base_url: str | None = text(
        None, shown_default="under [micronova] public_url", help="Start of the address of SPICE consoles."
    )
    require_secure: bool = switch(False, help="Refuse SPICE without TLS.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialConsole:
    """``[serial_console]``."""

    enabled: bool = switch(False, help="Give guests serial consoles by websocket.")
    base_url: str | None = text(
        None, shown_default="under [micronova] public_url", help="Start of the address of serial consoles."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """``[console]``."""

    allowed_origins: tuple[str, ...] = words(
        (), older=("DEFAULT.console_allowed_origins",), help="Further Origins from which consoles may be opened."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consoleauth:
    """``[consoleauth]``."""

    token_ttl: int = integer(
        600, minimum=0, older=("DEFAULT.console_token_ttl",), help="Seconds that a console's address may be opened."
    )
