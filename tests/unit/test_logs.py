"""The log's lines: request id, limits, one line per event, no secrets, JSON, files."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronova.cli import logs
from micronova.model.request_id import set_request_id
from micronova.model.secret import Secret
from micronova.settings import SettingsError, load
from micronova.settings.default import Default

log = logging.getLogger("micronova.test_logs")


@pytest.fixture
def default(tmp_path: Path) -> Default:
    """Settings that log to a file."""
    return dataclasses.replace(load().settings.default, log_file=str(tmp_path / "m.log"))


@pytest.fixture(autouse=True)
def clean_up() -> Iterator[None]:
    """Leave logging as it was."""
    root, ours, hook = logging.getLogger(), logging.getLogger("micronova"), threading.excepthook
    before, levels = list(root.handlers), (root.level, ours.level)
    yield
    for handler in list(root.handlers):
        if handler not in before:
            root.removeHandler(handler)
            handler.close()
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    threading.excepthook = hook
    set_request_id("-")


def written(default: Default) -> str:
    """What stands in the log file."""
    return Path(default.log_file or "").read_text(encoding="utf-8")


def test_a_line_has_level_logger_request_id_and_message(default: Default) -> None:
    logs.configure(default)
    set_request_id("req-1")
    log.info("server %s built", "s1")
    line = written(default)
    assert line.endswith(" INFO micronova.test_logs [req-1] server s1 built\n")
    assert line[4] == line[7] == "-"


def test_json(default: Default, monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest must not keep this line for its report: a lone surrogate cannot travel between pytest-xdist's processes.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.configure(dataclasses.replace(default, use_json=True))
    set_request_id("req-2")
    try:
        raise ValueError("x" * 50_000)
    except ValueError:
        log.exception("failed \N{SNOWMAN} \ud800 %s", "a\nb")
    for handler in logging.getLogger().handlers:
        handler.close()
    [line] = written(default).splitlines()
    document = json.loads(line)
    assert document["message"] == "failed \N{SNOWMAN} \\ud800 a\\nb"
    assert document["context"] == {"request_id": "req-2"}
    assert document["levelname"] == "ERROR"
    assert document["traceback"][0].startswith("Traceback")
    assert len(line) < logs.TRACEBACK_LIMIT + 2 * logs.MESSAGE_LIMIT


@pytest.mark.parametrize("use_json", [False, True])
def test_t_api2_a_megabyte_name_is_cut(default: Default, use_json: bool) -> None:
    """T-API2."""
    logs.configure(dataclasses.replace(default, use_json=use_json))
    log.warning("no such server: %s", "n" * 1_000_000)
    [line] = written(default).splitlines()
    assert len(line) < logs.MESSAGE_LIMIT + 500
    assert "(1000016 characters)" in line


def test_a_traceback_is_cut(default: Default) -> None:
    logs.configure(default)
    try:
        raise ValueError("y" * 1_000_000 + "\n\x1b[31mred")
    except ValueError:
        log.exception("failed")
    assert len(written(default)) < logs.TRACEBACK_LIMIT + 2 * logs.MESSAGE_LIMIT
    assert "\x1b" not in written(default)


def test_no_line_can_be_forged(default: Default) -> None:
    logs.configure(default)
    log.info("name %s", "a\n2026-11-23 00:00:00.000 CRITICAL micronova [-] all is lost\r\x1b[2J\u2028")
    text = written(default)
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text


def test_t_log2_secrets_do_not_show(default: Default) -> None:
    """T-LOG2."""
    logs.configure(default)
    log.info("connecting with %s as %r", Secret("hunter2"), {"password": Secret("hunter2")})
    log.info("cannot reach postgresql+psycopg://nova:hunter2@db:5432/nova?x=1")
    try:
        raise OSError("mysql://root:hunter2@db/nova is down")
    except OSError:
        log.exception("failed")
    text = written(default)
    assert "hunter2" not in text
    assert "postgresql+psycopg://nova:***@db:5432/nova?x=1" in text
    assert "mysql://root:***@db/nova is down" in text


def test_debug_is_ours_only(default: Default) -> None:
    logs.configure(default)
    log.debug("detail 1")
    logs.configure(dataclasses.replace(default, debug=True))
    log.debug("detail 2")
    logging.getLogger("sqlalchemy.engine").info("SELECT ... parameters")
    logging.getLogger("uvicorn.access").info("GET /console?token=t")
    logging.getLogger("sqlalchemy.pool").warning("pool is full")
    lines = written(default).splitlines()
    assert [line.partition("] ")[2] for line in lines] == ["detail 2", "pool is full"]


def test_configuring_again_does_not_write_twice(default: Default) -> None:
    logs.configure(default)
    logs.configure(default)
    log.info("once")
    assert written(default).count("once") == 1


def test_standard_error_is_the_default(default: Default, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(dataclasses.replace(default, log_file=None))
    log.info("hello")
    assert "hello" in capsys.readouterr().err


def test_the_file_is_for_us_only_survives_rotation_and_joins_log_dir(default: Default, tmp_path: Path) -> None:
    """T-IMG6."""
    there = dataclasses.replace(default, log_file="n.log", log_dir=str(tmp_path))
    logs.configure(there)
    log.info("one")
    file = tmp_path / "n.log"
    assert file.stat().st_mode & 0o777 == 0o600
    file.rename(tmp_path / "n.log.1")
    log.info("two")
    assert "two" in file.read_text()
    assert "two" not in (tmp_path / "n.log.1").read_text()


def test_a_file_that_cannot_be_written_is_refused(default: Default, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\[DEFAULT\] log_file: .*absent/m\.log cannot be written"):
        logs.configure(dataclasses.replace(default, log_file=str(tmp_path / "absent" / "m.log")))


def test_a_thread_that_dies_is_logged(default: Default) -> None:
    logs.configure(default)

    def die() -> None:
        raise ValueError("reason")

    thread = threading.Thread(target=die, name="worker-7")
    thread.start()
    thread.join()
    assert "CRITICAL" in written(default)
    assert "thread worker-7 ended" in written(default)
    assert "ValueError: reason" in written(default)


@given(st.text(max_size=200))
def test_whatever_a_message_holds_it_is_one_line_that_can_be_written(text: str) -> None:
    line = logs.clean(text)
    assert len(line.splitlines()) <= 1
    line.encode("utf-8")
