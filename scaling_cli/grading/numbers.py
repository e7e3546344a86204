"""Exact values of answers that are plain numbers in normal spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

_DECIMAL = r"(?:\d{1,200}(?:\.\d{0,200})?|\.\d{1,200})"
_PLAIN = re.compile(rf"[+-]?{_DECIMAL}", re.ASCII)
_FRACTION = re.compile(
    rf"([+-]?)(?:\\frac\{{([+-]?{_DECIMAL})\}}\{{([+-]?{_DECIMAL})\}}|({_DECIMAL})/({_DECIMAL}))",
    re.ASCII,
)
_MIXED = re.compile(
    r"([+-]?)(\d{1,50})(?:\\frac\{(\d{1,50})\}\{(\d{1,50})\}| (\d{1,50})/(\d{1,50}))", re.ASCII
)
_SCIENTIFIC = re.compile(
    rf"([+-]?{_DECIMAL})(?:[eE]|(?:\\times|\\cdot|\*)10\^)\{{?([+-]?\d{{1,3}})\}}?", re.ASCII
)
_NEAR = Fraction(2, 10**6)


@dataclass(frozen=True, slots=True)
class Exact:
    """A number's value, and whether a decimal point was used to write it."""

    value: Fraction
    decimal: bool


@lru_cache(maxsize=16_384)
def exact(spelled: str) -> Exact | None:
    r"""The value of an integer, decimal, `a/b`, `\frac{a}{b}`, `2\frac{1}{2}` or `3\times10^8`.

    None for everything else, for a zero denominator and for numbers too long to be meant.
    """
    if not spelled or len(spelled) > 500:
        return None
    for read in (_plain, _fraction, _mixed, _scientific):
        value = read(spelled)
        if value is not None:
            return Exact(value, "." in spelled)
    return None


def is_rounding(first: Exact, second: Exact) -> bool:
    """Whether one is a decimal within 2e-6 of the other, which no decimal can write exactly.

    0.333333 for 1/3: the exact path leaves it to the algebra, which rounds to 6 places.
    """
    if first.decimal == second.decimal or abs(first.value - second.value) > _NEAR:
        return False
    whole = second if first.decimal else first
    denominator = whole.value.denominator
    return pow(10, denominator.bit_length(), denominator) != 0


def _plain(text: str) -> Fraction | None:
    return Fraction(text) if _PLAIN.fullmatch(text) else None


def _fraction(text: str) -> Fraction | None:
    match = _FRACTION.fullmatch(text)
    if not match:
        return None
    sign, *parts = match.groups()
    top, bottom = (Fraction(part) for part in parts if part)
    return _signed(sign, top / bottom) if bottom else None


def _mixed(text: str) -> Fraction | None:
    match = _MIXED.fullmatch(text)
    if not match:
        return None
    sign, *parts = match.groups()
    whole, top, bottom = (int(part) for part in parts if part)
    # Only a proper fraction after a whole number is read as a mixed number.
    return _signed(sign, whole + Fraction(top, bottom)) if 0 < top < bottom else None


def _scientific(text: str) -> Fraction | None:
    match = _SCIENTIFIC.fullmatch(text)
    return Fraction(match.group(1)) * Fraction(10) ** int(match.group(2)) if match else None


def _signed(sign: str, value: Fraction) -> Fraction:
    return -value if sign == "-" else value
