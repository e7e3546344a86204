"""Values of expressions at one fixed point, to tell different ones apart without algebra.

Equal expressions have equal values everywhere; so where two values clearly differ, the
expressions do. Whatever could be read in two ways is not read at all.
"""

from __future__ import annotations

import cmath
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

_TOKEN = re.compile(
    r"\d+(?:\.\d+)?|\\(?:frac|sqrt|pi|cdot|times)(?![a-zA-Z]) ?|[-+*/^(){}\[\]a-zA-Z]"
)
_PRODUCT_SIGNS = ("*", "/", r"\cdot", r"\times")
_TERM_END = ("+", "-", ")", "}", "]", "")
_CONSTANTS = {r"\pi": math.pi, "e": math.e, "i": 1j}
_DEEPEST = 40


class Unclear(Exception):
    """Not an expression, or one that can be read in more than one way."""


@dataclass(frozen=True, slots=True)
class Probe:
    """An expression's value at the point; `kind` is number, product or sum."""

    value: complex
    kind: str


@lru_cache(maxsize=4096)
def probe(spelled: str) -> Probe | None:
    """The value of an answer in normal spelling; None where it is not plainly an expression."""
    tokens = _TOKEN.findall(spelled)
    if not tokens or sum(map(len, tokens)) != len(spelled):
        return None
    try:
        value = _Reader([token.rstrip() for token in tokens]).whole()
    except (Unclear, ArithmeticError, ValueError):
        return None
    letters = any(token.isalpha() and token not in _CONSTANTS for token in tokens)
    summed = any(token in "+-" for token in tokens[1:])
    return Probe(value, "number" if not letters else "sum" if summed else "product")


def of_number(value: Fraction) -> Probe | None:
    """The probe of a plain number; None beyond a float's range."""
    try:
        return Probe(float(value), "number")
    except OverflowError:
        return None


def differ(first: Probe, second: Probe) -> bool:
    """Whether the values are too far apart for equal expressions, or for one's rounding.

    A lone product beside a number may be the number with its unit, so nothing is said of it.
    """
    if {first.kind, second.kind} == {"number", "product"}:
        return False
    scale = max(1.0, abs(first.value), abs(second.value))
    return abs(first.value - second.value) > 1e-5 * scale


def _variable(letter: str) -> float:
    """Some value between 1 and 2, its own for every letter."""
    return 1 + math.modf(ord(letter) * 0.6180339887498949)[0]


class _Reader:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def whole(self) -> complex:
        value = self._sum()
        if self._next() or not cmath.isfinite(value):
            raise Unclear
        return value

    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._next()
        if not token or (wanted and token != wanted):
            raise Unclear
        self._place += 1
        return token

    def _sum(self) -> complex:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unclear
        sign = self._take() if self._next() in ("+", "-") else "+"
        value = self._product() if sign == "+" else -self._product()
        while self._next() in ("+", "-"):
            value = value + self._product() if self._take() == "+" else value - self._product()
        self._depth -= 1
        return value

    def _product(self) -> complex:
        value = self._power()
        while self._next() not in _TERM_END:
            sign = self._take() if self._next() in _PRODUCT_SIGNS else ""
            # `2\frac{1}{2}` may be a sum, `2 3` anything.
            if not sign and (self._next()[0].isdigit() or self._follows_number()):
                raise Unclear
            factor = self._power()
            value = value / factor if sign == "/" else value * factor
            # `1/2x` is read both ways.
            if sign == "/" and self._next() not in (*_PRODUCT_SIGNS, *_TERM_END):
                raise Unclear
        return value

    def _follows_number(self) -> bool:
        return self._next() == r"\frac" and self._tokens[self._place - 1][0].isdigit()

    def _power(self) -> complex:
        base = self._atom()
        if self._next() != "^":
            return base
        self._take()
        exponent = self._next()
        # `2^10` is 2^1·0 in LaTeX, 2 to the tenth in people's minds.
        if exponent != "{" and not (len(exponent) == 1 and exponent.isalnum()):
            raise Unclear
        power = self._atom()
        if self._next() == "^" or abs(power) > 1000:
            raise Unclear
        return complex(base) ** complex(power)

    def _atom(self) -> complex:
        token = self._take()
        if token[0].isdigit():
            return float(token)
        if token in _CONSTANTS:
            return _CONSTANTS[token]
        if token.isalpha():
            return _variable(token)
        if token in ("(", "{"):
            value = self._sum()
            self._take(")" if token == "(" else "}")
            return value
        if token == r"\frac":
            return self._braced() / self._braced()
        if token == r"\sqrt":
            return self._root()
        raise Unclear

    def _braced(self) -> complex:
        self._take("{")
        value = self._sum()
        self._take("}")
        return value

    def _root(self) -> complex:
        degree: complex = 2
        if self._next() == "[":
            self._take()
            degree = self._sum()
            self._take("]")
        radicand = complex(self._braced())
        if degree != 2 and (radicand.imag or radicand.real < 0):
            raise Unclear
        return radicand ** (1 / degree)
