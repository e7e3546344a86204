"""Thinking aloud is hidden, and no position moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.grading.thoughts import blank_thoughts


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no tags", "no tags"),
        ("a<think>b</think>c", "ac"),
        ("<think>b", ""),
        ("a<think>b</think>c<think>d", "ac"),
        ("opened in the prompt</think>c", "c"),
        ("<think>a<think>b</think>c</think>d", "d"),
        ("x</think><think>y</think>z", "z"),
        ("", ""),
    ],
)
def test_what_is_left(text: str, left: str) -> None:
    assert blank_thoughts(text).replace(" ", "") == left.replace(" ", "")


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", "\n", "\\boxed{5}"]), max_size=12))
def test_every_character_keeps_its_place(pieces: list[str]) -> None:
    text = "".join(pieces)
    shown = blank_thoughts(text)
    assert len(shown) == len(text)
    assert all(a in (" ", b) for a, b in zip(shown, text, strict=True))
    assert "think>" not in shown
