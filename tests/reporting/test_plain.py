"""Texts of models on a page: nothing in them acts, nothing makes the page endless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.reporting.plain import LONGEST, shown, visible


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x1b[31mred\x1b[0m", "⟨U+001B⟩[31mred⟨U+001B⟩[0m"),
        ("a\x00b\x7f", "a⟨U+0000⟩b⟨U+007F⟩"),
        ("one\u2028two\u202ethree\ufeff", "one⟨U+2028⟩two⟨U+202E⟩three⟨U+FEFF⟩"),
        ("half \ud83d", "half ⟨U+D83D⟩"),
        ("lines\r\nand\ttabs\n", "lines\nand\ttabs\n"),
        ("<script>&amp;</script>", "<script>&amp;</script>"),
        ("√2 ≤ 3, 日本, 😀", "√2 ≤ 3, 日本, 😀"),
    ],
)
def test_what_acts_is_shown_as_its_code(text: str, said: str) -> None:
    assert visible(text) == said


@given(st.text(max_size=60))
def test_no_control_character_is_left(text: str) -> None:
    left = {unicodedata.category(c) for c in visible(text) if c not in "\n\t"}
    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    assert visible(visible(text)) == visible(text)


@given(st.integers(0, 3 * LONGEST))
def test_a_long_text_keeps_its_head_and_end(length: int) -> None:
    text = "".join(str(place % 10) for place in range(length))
    said = shown(text)
    assert len(said) <= LONGEST + 60
    assert said[:100] == text[:100] and said[-100:] == text[-100:]
    assert (said == text) == (length <= LONGEST)
