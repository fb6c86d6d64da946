"""The log: one line per event with the request's id, for people or as JSON, never too long, without secrets.

Secrets are kept out where they are made (``micronova.model.secret.Secret``); here, the password of a URL is masked too,
since such URLs stand in the messages of libraries.  Other libraries' loggers stay at WARNING even with ``debug``: at
DEBUG they write statement parameters and headers.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

import msgspec

from micronova.model.request_id import get_request_id
from micronova.model.secret import HIDDEN
from micronova.settings.default import Default
from micronova.settings.errors import SettingsError

# SECURITY.md T-API2: what users send may be long, what is logged of it may not.
MESSAGE_LIMIT = 2_000
TRACEBACK_LIMIT = 20_000

_URL_PASSWORD = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@")
# What could end a line, move the cursor of a terminal, or break the encoding of the file.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

log = logging.getLogger(__name__)


def configure(default: Default) -> None:
    """Log as ``[DEFAULT] debug, use_json, log_file, log_dir`` say, from now on and instead of what was before.

    Raises SettingsError if the file cannot be written.
    """
    handler = _handler(default)
    handler.setFormatter(JsonFormatter() if default.use_json else LineFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old, _File | _Stderr):
            root.removeHandler(old)
            old.close()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("micronova").setLevel(logging.DEBUG if default.debug else logging.INFO)
    threading.excepthook = _log_dead_thread


class _Stderr(logging.StreamHandler[TextIO]):
    """Standard error."""


class _File(logging.handlers.WatchedFileHandler):
    """A file for us only; opened again when logrotate has moved it."""

    def _open(self) -> TextIO:  # type: ignore[override]
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")


def _handler(default: Default) -> logging.Handler:
    if not default.log_file:
        return _Stderr(sys.stderr)
    path = Path(default.log_dir or ".") / default.log_file
    try:
        return _File(path)
    except OSError as err:
        raise SettingsError(f"[DEFAULT] log_file: {path} cannot be written: {err.strerror}; allowed: a file") from err


def _log_dead_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "?"
    if args.exc_value is not None:
        info = (args.exc_type, args.exc_value, args.exc_traceback)
        log.critical("thread %s ended by an error that nothing caught", name, exc_info=info)


class LineFormatter(logging.Formatter):
    """``2026-11-23 01:02:03.456 INFO micronova.web [req-...] message``; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines."""
        line = f"{_when(record)} {record.levelname} {record.name} [{get_request_id()}] {clean(record.getMessage())}"
        traceback = _traceback(record)
        return f"{line}\n{traceback}" if traceback else line


class JsonFormatter(logging.Formatter):
    """One JSON object per line, with oslo.log's names for what it has in common with it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        document: dict[str, object] = {
            "asctime": _when(record),
            "levelname": record.levelname,
            "name": record.name,
            "message": clean(record.getMessage()),
            "process": record.process,
            "thread_name": record.threadName,
            "context": {"request_id": get_request_id()},
        }
        traceback = _traceback(record)
        if traceback:
            document["traceback"] = traceback.splitlines()
        return msgspec.json.encode(document).decode()


def clean(message: str) -> str:
    """A message as one line: limited, control characters escaped (no forged lines), passwords of URLs masked."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), limited(message, MESSAGE_LIMIT))


def limited(text: str, limit: int) -> str:
    """At most ``limit`` characters, and how many there were; passwords of URLs masked."""
    masked = _URL_PASSWORD.sub(rf"\g<1>{HIDDEN}@", text[: 2 * limit])
    if len(text) <= limit:
        return masked
    return f"{masked[:limit]}... ({len(text)} characters)"


def _when(record: logging.LogRecord) -> str:
    """UTC, with milliseconds."""
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}"


def _traceback(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    text = limited(logging.Formatter().formatException(record.exc_info), TRACEBACK_LIMIT)
    return "\n".join(_CONTROL.sub("?", line)[:MESSAGE_LIMIT] for line in text.split("\n"))
