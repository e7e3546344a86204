"""Units after a number: the question fixes them, so answers are compared without."""

from __future__ import annotations

import re

_QUANTITY = re.compile(
    r"(-?[\d.,/ ]*\d|-?\\frac\{\d+\}\{\d+\})"
    r"\s*([a-zA-Z]{1,20}(?:[ .]+[a-zA-Z]{1,20}){0,4})[ .]*(?:\^[23]|\^\{[23]\})?"
)
_SHORT = (
    "cm mm km ft in kg mg lb lbs oz ml hr hrs min mins sec secs mph kph sq cu per deg mi yd yds wk "
    "yr yrs cal gal ha rad usd eur cup day man men car egg pen box can boy of"
)
_MEANT = (
    "million millions billion billions trillion thousand thousands hundred hundreds tens dozen "
    "dozens score half halves third thirds quarter quarters fourth fourths fifth fifths sixth "
    "sixths seventh sevenths eighth eighths ninth ninths tenth tenths squared cubed factorial "
    "base times plus minus over less than more sqrt frac sinh cosh tanh theta alpha beta gamma "
    "delta lambda omega infinity choose where remainder"
)
SHORT_UNITS = frozenset(_SHORT.split())
"""Words of two or three letters that are units; others may be products of variables."""
NOT_UNITS = frozenset(_MEANT.split())
"""Words that change the number before them."""


def without_unit(text: str) -> str:
    """`5` for "5 square inches" and "5 apples", not for "5 million", "5 PM" or "5 x"."""
    match = _QUANTITY.fullmatch(text)
    if not match:
        return text
    words = match.group(2).casefold().replace(".", " ").split()
    known = all(len(word) > 3 or word in SHORT_UNITS for word in words)
    return match.group(1) if known and not NOT_UNITS.intersection(words) else text
