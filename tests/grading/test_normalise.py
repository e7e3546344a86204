"""Spellings that mean the same become one; those that do not stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.grading.normalise import LONGEST, for_algebra, is_percentage, normalise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\dfrac{1}{2}", r"\frac{1}{2}"),
        (r"\frac12", r"\frac{1}{2}"),
        (r"\frac1{2}", r"\tfrac{1}2"),
        (r"\sqrt2", r"\sqrt{2}"),
        (r"$5$", "5"),
        (r"\$1,234.50", "1234.50"),
        (r"10,\!000", "10000"),
        (r"10{,}000", "10000"),
        (r"10\,000", "10000"),
        ("10\u202f000", "10000"),
        (r"50\%", "50"),
        (r"90^\circ", "90"),
        (r"90^{\circ}", "90"),
        ("90°", "90"),
        (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\frac{\pi}{2})"),
        (r"\bigl(2,\infty\bigr)", r"(2,\infty)"),
        (r"5\text{ inches}", "5"),
        (r"15\mbox{ cm}^2", "15"),
        ("18 eggs", "18"),
        ("3 square feet", "3"),
        (r"\text{Evelyn}", "evelyn"),
        (r"\text{(C)}", "C"),
        ("No  solution", "no solution"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("x^{2}", "x^2"),
        (r"x \le 5", r"x\leq5"),
        (r"\displaystyle x", "x"),
        ("{5}", "5"),
        ("−5", "-5"),
        ("٣", "3"),
        (r"(6,\31,\-1)", "(6,31,-1)"),
        (r"\\frac{1}{2}", r"\frac{1}{2}"),
        ("5\x00", "5"),
        (r"\(5\)", "5"),
        ("3\\pi r", "3\\pi  r"),
    ],
)
def test_one_spelling(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 1/2", "11/2"),
        ("1 2", "12"),
        ("(1,234)", "1234"),
        ("100, 200", "100200"),
        (r"\{1,200\}", "1200"),
        ("5 million", "5"),
        ("3:30 PM", "3:30 AM"),
        ("2 thirds", "2"),
        ("5 xy", "5"),
        ("5 m", "5"),
        ("x", "X"),
        ("x=5", "5"),
        ("[1,2]", "(1,2)"),
        ("-5", "5"),
        ("1.5", "15"),
        (r"10\,00", "1000"),
        (r"\begin{matrix}1\\pi\end{matrix}", r"\begin{matrix}1\pi\end{matrix}"),
        ("101 base two", "101"),
    ],
)
def test_what_differs_stays_apart(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text(max_size=80))
def test_it_never_fails_or_empties_an_answer(text: str) -> None:
    assert bool(normalise(text)) == bool(text.strip())


@given(st.from_regex(r"-?[1-9][0-9]{0,12}(\.[0-9]{1,5})?", fullmatch=True))
def test_a_plain_number_keeps_its_spelling(number: str) -> None:
    assert normalise(number) == number
    assert normalise(f"${number}\\%$") == number


def test_long_answers_are_left_alone() -> None:
    text = "$" * (LONGEST + 1)
    assert normalise(f" {text} ") == text


@pytest.mark.parametrize(
    "piece", ["5 a", "1,", "(1,", "\\text{", "\\frac{1}{", "^{a}", "\\left", " ", "1 ", "x=", "\\"]
)
def test_hostile_answers_of_full_length_are_read(piece: str) -> None:
    """Catastrophic backtracking on 2,000 characters would never come back."""
    for end in ("", "!", ")"):
        text = (piece * LONGEST)[: LONGEST - 1] + end
        assert isinstance(normalise(text), str)
        assert isinstance(for_algebra(text), str)


def test_percentages() -> None:
    assert is_percentage(r"50\%") and is_percentage("50 percent") and not is_percentage("50")


def test_the_parser_gets_one_line_without_dollars() -> None:
    assert for_algebra("$\\bigl(1,\\,2\\bigr)\x00\n+ \\$5$") == "(1, 2) + 5"
