"""The fast path is right where it decides, and decides the same both ways."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.grading.equality import fast_equal, slow_equal, string_equal


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("1/2", "0.5"),
        (r"\frac{1}{2}", "0.50"),
        ("1000", r"\$1,000"),
        ("5", "5.0"),
        ("3e8", r"3 \times 10^{8}"),
        (r"2\frac{1}{2}", "2.5"),
        ("east", "East"),
        ("50", r"50\%"),
        (r"\text{(B)}", "B"),
        ("18", "18 eggs"),
    ],
)
def test_equal(gold: str, answer: str) -> None:
    assert fast_equal(gold, answer) is True


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("1/2", "0.51"),
        ("5", "-5"),
        ("3.1415926", "3.1415927"),
        (r"2\sqrt{113}", r"2\sqrt{106}"),
        ("x+1", "x+2"),
        ("x=5", "6"),
        ("x=5", "x=6"),
        ("listen", "silent"),
        ("ellipse", "7"),
        ("5", "(1,2)"),
        ("(1,2)", "x+1"),
        ("(1,2)", "(1,3)"),
        ("(1,2)", "(1,2,3)"),
        (r"(3, \frac{\pi}{2})", r"(3, \frac{\pi}{3})"),
        ("5", ""),
        ("", "5"),
        ("5", "9" * 100_000),
        (r"\frac{" * 500 + "1" + "}{2}" * 500, "5"),
    ],
)
def test_different(gold: str, answer: str) -> None:
    assert fast_equal(gold, answer) is False


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (r"\frac{1}{3}", "0.333333"),
        ("0.5", r"50\%"),
        ("x=5", "5"),
        ("x=5", "y=5"),
        ("(x+1)^2", "x^2+2x+1"),
        ("1,2", "2,1"),
        ("5", r"5\text{ m}"),
        ("7", "9^{9^{9^{9}}}"),
        ("12:30", "12:31"),
        ("(1,2)", "[1,2]"),
        (r"(3, \frac{\pi}{2})", r"(3, \pi/2)"),
        ("(a,b)", r"(\sin x,b)"),
    ],
)
def test_left_to_the_algebra(gold: str, answer: str) -> None:
    assert fast_equal(gold, answer) is None


def test_a_huge_answer_equals_itself_only() -> None:
    huge = "x" * 100_000
    assert fast_equal(huge, f" {huge}\n") is True
    assert fast_equal(huge, huge + "x") is False


PIECES = [
    "1", "2", "0.5", "x", "=", "/", "+", ",", "(", ")", "%", r"\frac{1}{3}", r"\pi", "0.333333",
    r"\sqrt2", "^2", " ", "$", "abcd", "\x00", "\ud800", "}",
]  # fmt: skip
pieces = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)


@given(pieces, pieces)
def test_it_is_symmetric_and_reflexive(one: str, other: str) -> None:
    assert fast_equal(one, other) is fast_equal(other, one)
    assert fast_equal(one, one) is True


@given(st.lists(pieces, min_size=3, max_size=3))
def test_equality_is_transitive(answers: list[str]) -> None:
    a, b, c = answers
    if fast_equal(a, b) and fast_equal(b, c):
        assert fast_equal(a, c) is True


@given(st.fractions(max_denominator=999), st.fractions(max_denominator=999))
def test_numbers_are_compared_exactly(a: Fraction, b: Fraction) -> None:
    spelled = rf"\frac{{{b.numerator}}}{{{b.denominator}}}"
    assert fast_equal(f"{a.numerator}/{a.denominator}", spelled) is (a == b)


def test_string_equality_ignores_nothing_but_the_edges() -> None:
    assert string_equal("0.5", " 0.5\n")
    assert not string_equal("0.5", "1/2")


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("(x+1)^2", "x^2+2x+1", True),
        (r"\frac{1}{3}", "0.333333", True),
        ("x=5", "5", True),
        ("1,2", "2,1", True),
        (r"1\pm\sqrt{19}", r"1-\sqrt{19},1+\sqrt{19}", True),
        (r"\frac{\pi}{2}", r"$\pi/2$", True),
        ("x=5", "y=5", False),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}2\\1\end{pmatrix}", False),
        ("5", "\x00\ud800", False),
        ("5", r"}}{{\frac{", False),
    ],
)
def test_the_algebra(gold: str, answer: str, equal: bool) -> None:
    """In this process: none of these hangs."""
    assert slow_equal(gold, answer) is equal
