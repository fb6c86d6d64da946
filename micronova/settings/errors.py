"""What stops a start: a setting that cannot be honoured as written."""

from __future__ import annotations

from micronova.model.errors import MicronovaError


class SettingsError(MicronovaError):
    """A setting is wrong; the message names the file, the option, the value and what is allowed."""

    code = "settings"
