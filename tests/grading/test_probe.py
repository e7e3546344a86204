"""Values at a point: right where they are given, not given where a reading is open."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.grading.probe import differ, probe


@pytest.mark.parametrize(
    ("spelled", "value"),
    [
        (r"2\sqrt{113}", 2 * math.sqrt(113)),
        (r"\frac{\pi}{2}", math.pi / 2),
        (r"\pi/2", math.pi / 2),
        (r"-3-2\sqrt{2}", -3 - 2 * math.sqrt(2)),
        (r"6+9i", 6 + 9j),
        (r"\sqrt[3]{8}", 2),
        (r"2^{10}", 1024),
        (r"3\cdot(4+5)", 27),
        (r"10\cdot2^{3/4}", 10 * 2**0.75),
        (r"\sqrt{-4}", 2j),
    ],
)
def test_closed_forms(spelled: str, value: complex) -> None:
    read = probe(spelled)
    assert read is not None and read.kind == "number"
    assert abs(read.value - value) < 1e-9


@pytest.mark.parametrize(
    "spelled",
    [
        "", "1/2x", "2^10", "2 3", r"2\frac{1}{2}", r"\sin10", "x=5", "1,2", "|x|", "5!", "(1",
        "1)", r"\frac{1}{0}", "9^{9^{9^9}}", "(" * 900 + "1" + ")" * 900, "-" * 900 + "1", "x^y^z",
        "1+", r"\frac{1}2", "+", "^2",
    ],
)  # fmt: skip
def test_what_is_open_is_not_read(spelled: str) -> None:
    assert probe(spelled) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"(x+1)^2", "x^2+2x+1"),
        (r"\frac{x}{2}", r"0.5\cdot x"),
        (r"\sqrt{8}", r"2\sqrt{2}"),
        ("ab", "ba"),
        (r"e^{2x}", r"e^x\cdot e^x"),
    ],
)
def test_equal_expressions_do_not_differ(one: str, other: str) -> None:
    first, second = probe(one), probe(other)
    assert first is not None and second is not None
    assert not differ(first, second)


@pytest.mark.parametrize(
    ("one", "other"), [("x+1", "x+2"), ("x", "y"), (r"2\sqrt{113}", r"2\sqrt{106}"), ("x+5", "5")]
)
def test_different_expressions_do(one: str, other: str) -> None:
    first, second = probe(one), probe(other)
    assert first is not None and second is not None
    assert differ(first, second)


def test_a_number_with_what_may_be_its_unit_is_left_open() -> None:
    first, second = probe("5"), probe("5m")
    assert first is not None and second is not None
    assert not differ(first, second)


expressions = st.recursive(
    st.sampled_from(["1", "2", "x", "y", r"\pi"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}+{pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}*{pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]}}}"),
    ),
    max_leaves=8,
)


@given(expressions, expressions)
def test_sums_commute(one: str, other: str) -> None:
    first, second = probe(f"{one}+{other}"), probe(f"{other}+{one}")
    assert first is not None and second is not None
    assert not differ(first, second)
