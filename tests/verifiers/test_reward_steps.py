"""The texts of steps: as the session cut them, or by blank lines; nothing of the text is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.engines.fake import END, FakeTokenizer
from scaling_cli.types import Trace
from scaling_cli.verifiers.reward_steps import step_texts

TEXTS = st.text(alphabet="a \né", max_size=30)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("one\n\ntwo\n\nthree", ["one\n\n", "two\n\n", "three"]),
        ("one\nstill one\n \t\n\ntwo\n\n", ["one\nstill one\n \t\n\n", "two\n\n"]),
        ("\n\none\n\n  \n\ntwo", ["\n\none\n\n  \n\n", "two"]),
        ("one", ["one"]),
        ("", [""]),
        (" \n\n ", [" \n\n "]),
    ],
)
def test_without_a_tokenizer_steps_end_with_blank_lines(text: str, steps: list[str]) -> None:
    assert step_texts(Trace(text=text, steps=(1,)), None) == steps
    assert step_texts(Trace(text=text), FakeTokenizer()) == steps


def test_the_ends_the_session_recorded_are_kept() -> None:
    tokens = (*b"one, two,\n\n three", END)
    trace = Trace(tokens=tokens, text="one, two,\n\n three", steps=(4, 9))
    assert step_texts(trace, FakeTokenizer()) == ["one,", " two,", "\n\n three"]
    all_ended = Trace(tokens=tokens, text=trace.text, steps=(4, 9, len(tokens)))
    assert step_texts(all_ended, FakeTokenizer()) == ["one,", " two,", "\n\n three"]


def test_a_text_cut_before_its_stop_keeps_its_last_step() -> None:
    trace = Trace(tokens=tuple(b"one\n\ntwo\n\n"), text="one\n\ntwo", steps=(5, 10))
    assert step_texts(trace, FakeTokenizer()) == ["one\n\n", "two"]


@given(TEXTS, st.lists(st.integers(0, 40), max_size=5))
def test_joined_they_are_the_text_and_none_is_blank(text: str, ends: list[int]) -> None:
    tokens = tuple(text.encode())
    cut = Trace(tokens=tokens, text=text, steps=tuple(sorted(min(e, len(tokens)) for e in ends)))
    for tokenizer in (None, FakeTokenizer()):
        steps = step_texts(cut, tokenizer)
        assert "".join(steps) == text
        assert all(step.strip() for step in steps) or len(steps) == 1
