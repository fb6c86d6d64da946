"""T-LOG2: a secret shows nowhere unless it is revealed."""

from __future__ import annotations

import copy
import logging
import pickle

import pytest

from micronova.model.secret import Secret


def test_no_way_of_printing_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    with caplog.at_level(logging.INFO):
        logging.getLogger(__name__).info("%s %r %s", secret, secret, {"password": secret})
    shown = f"{secret} {secret!r} {secret:>20} {[secret]} {secret.__dict__ if hasattr(secret, '__dict__') else ''}"
    assert "hunter2" not in shown + caplog.text
    assert secret.reveal() == "hunter2"


def test_it_cannot_be_pickled_or_copied() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hunter2"))
    with pytest.raises(TypeError):
        copy.copy(Secret("hunter2"))


def test_equality_is_by_content() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")
