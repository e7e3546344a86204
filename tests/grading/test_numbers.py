"""Plain numbers have exact values; nothing huge is ever computed."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.grading.numbers import Exact, exact, is_rounding


@pytest.mark.parametrize(
    ("spelled", "value"),
    [
        ("5", Fraction(5)),
        ("+5", Fraction(5)),
        ("-0.50", Fraction(-1, 2)),
        ("5.", Fraction(5)),
        (".5", Fraction(1, 2)),
        ("1/2", Fraction(1, 2)),
        ("-1/2", Fraction(-1, 2)),
        (r"\frac{1}{2}", Fraction(1, 2)),
        (r"-\frac{1}{2}", Fraction(-1, 2)),
        (r"\frac{-1}{2}", Fraction(-1, 2)),
        (r"\frac{1.5}{2}", Fraction(3, 4)),
        (r"2\frac{1}{2}", Fraction(5, 2)),
        (r"-2\frac{1}{2}", Fraction(-5, 2)),
        ("1 1/2", Fraction(3, 2)),
        (r"3\times10^8", Fraction(3 * 10**8)),
        (r"1.5\times10^{-3}", Fraction(15, 10**4)),
        ("1e5", Fraction(10**5)),
        ("1/0", None),
        (r"\frac{1}{0}", None),
        (r"2\frac{3}{2}", None),
        ("1e9999", None),
        ("9" * 201, None),
        ("", None),
        ("x", None),
        ("٣", None),
        ("1 2", None),
        ("1,234", None),
    ],
)
def test_values(spelled: str, value: Fraction | None) -> None:
    number = exact(spelled)
    assert (number.value if number else None) == value


@given(st.fractions(max_denominator=10**6))
def test_a_fraction_is_read_back(value: Fraction) -> None:
    top, bottom = value.numerator, value.denominator
    for spelled in (f"{top}/{bottom}", rf"\frac{{{top}}}{{{bottom}}}"):
        number = exact(spelled)
        assert number is not None and number.value == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1e9, max_value=1e9))
def test_a_decimal_is_read_back(value: object) -> None:
    number = exact(str(value))
    assert number is not None and number.value == Fraction(str(value))


def test_only_a_decimal_of_what_has_none_rounds_it() -> None:
    third = Exact(Fraction(1, 3), decimal=False)
    assert is_rounding(third, Exact(Fraction("0.333333"), decimal=True))
    assert is_rounding(Exact(Fraction("0.333333"), decimal=True), third)
    assert not is_rounding(third, Exact(Fraction("0.33"), decimal=True))
    half = Exact(Fraction(1, 2), decimal=False)
    assert not is_rounding(half, Exact(Fraction("0.500001"), decimal=True))
