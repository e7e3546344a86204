"""Hostile names, made harmless everywhere they are shown."""

from __future__ import annotations

import html
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.checking.printable import (
    annotation,
    annotation_property,
    markdown,
    visible,
)


@given(st.text(max_size=80))
def test_nothing_hidden_is_left_and_plain_text_stays(text: str) -> None:
    shown = visible(text)
    assert all(unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029" for c in shown)
    if text.isprintable():
        assert shown == text


def test_escapes_are_spelled_out() -> None:
    assert visible("a\x1b[31mb\n\x00") == "a\\x1b[31mb\\x0a\\x00"
    assert visible("a\u202eb\u200b") == "a\\u202eb\\u200b"
    assert len(visible("x" * 10_000)) == 200 and visible("x" * 300, longest=None) == "x" * 300


@given(st.text(max_size=80))
def test_markdown_shows_the_text_and_no_markup(text: str) -> None:
    shown = markdown(text)
    assert not set(shown.replace("&#", "")) & set("<>|`*_[]()@~!")
    assert "\n" not in shown and html.unescape(shown) == visible(text)


def test_workflow_commands_cannot_be_left() -> None:
    assert annotation("50%\r\n::error::x") == "50%25%0D%0A::error::x"
    assert annotation_property("a:b,c") == "a%3Ab%2Cc"
