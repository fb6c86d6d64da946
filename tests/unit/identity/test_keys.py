"""Key material in a file and in the database."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from micronova.db.database import Database
from micronova.identity.keys import Keys, keys_in_database, keys_in_file
from micronova.model.errors import OurFault


def test_a_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = keys_in_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys_in_file(path) == made
    assert [one.name for one in tmp_path.iterdir()] == ["keys"]
    assert made.tokens != made.credentials


def test_two_first_starts_agree(tmp_path: Path) -> None:
    found: list[Keys] = []
    threads = [threading.Thread(target=lambda: found.append(keys_in_file(tmp_path / "keys"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.encode() for one in found}) == 1


@pytest.mark.parametrize("text", ["", "nonsense", "AAAA"])
def test_a_broken_file_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(OurFault, match="does not hold"):
        keys_in_file(path)
    assert path.read_text() == text


def test_replicas_share_one(database: Database) -> None:
    with database.write() as conn:
        made = keys_in_database(conn)
    with database.write() as conn:
        assert keys_in_database(conn) == made


def test_keys_do_not_show() -> None:
    keys = Keys.generate()
    assert repr(keys) == "Keys()"
