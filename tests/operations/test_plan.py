"""The pure plan: what to do next, for any log that can exist."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from micronova.operations.plan import Entry, effects, next_forward, to_undo

STEPS = ["a", "b", "c"]


def test_empty_log_begins_at_the_first_step() -> None:
    assert next_forward(STEPS, []) == "a"
    assert to_undo(STEPS, []) == []


def test_a_started_step_is_repeated_and_would_be_undone() -> None:
    log = [Entry("a", "do", "succeeded"), Entry("b", "do", None)]
    assert next_forward(STEPS, log) == "b"
    assert to_undo(STEPS, log) == ["b", "a"]


def test_rewinding_undoes_down_to_the_named_step() -> None:
    log = [Entry(s, "do", "succeeded") for s in STEPS]
    assert to_undo(STEPS, log, "b") == ["c", "b"]


def test_an_undo_that_failed_is_still_to_do() -> None:
    log = [Entry("a", "do", "succeeded"), Entry("a", "undo", "failed")]
    assert to_undo(STEPS, log) == ["a"]


outcomes = st.sampled_from(["succeeded", "failed", None])
entries = st.builds(Entry, st.sampled_from(STEPS), st.sampled_from(["do", "undo"]), outcomes)


@given(st.lists(entries))
def test_following_the_plan_ends_forward_and_backward(log: list[Entry]) -> None:
    forward = list(log)
    for _ in range(len(STEPS) + 1):
        step = next_forward(STEPS, forward)
        if step is None:
            break
        forward.append(Entry(step, "do", "succeeded"))
    assert next_forward(STEPS, forward) is None
    backward = log + [Entry(step, "undo", "succeeded") for step in to_undo(STEPS, log)]
    assert effects(STEPS, backward) == []
