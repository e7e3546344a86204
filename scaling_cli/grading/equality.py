"""Equality of two answers: exact where that is quick, by algebra (in a worker only) elsewhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scaling_cli.grading.normalise import LONGEST, for_algebra, is_percentage, normalise
from scaling_cli.grading.numbers import exact, is_rounding
from scaling_cli.grading.probe import differ, probe


def string_equal(gold: str, answer: str) -> bool:
    """The same characters, white space around them aside."""
    return gold.strip() == answer.strip()


def fast_equal(gold: str, answer: str) -> bool | None:
    """Equality without algebra; None where only algebra can tell.

    True for the same normal spelling or the same exact value; False for two plain numbers of
    different value, two expressions that differ at a point, two different words, and an answer
    too long to be sent to the algebra.
    """
    if string_equal(gold, answer):
        return True
    first, second = normalise(gold), normalise(answer)
    if first == second:
        return True
    if max(len(first), len(second)) > LONGEST or not first or not second:
        return False
    # 50% may be meant as 0.5.
    if is_percentage(gold) != is_percentage(answer):
        return True if _by_value(first, second) else None
    equal = _by_value(first, second)
    return _by_point(first, second) if equal is None else equal


def _by_value(first: str, second: str) -> bool | None:
    one, other = exact(first), exact(second)
    if one is None or other is None:
        return None
    if one.value == other.value:
        return True
    return None if is_rounding(one, other) else False


def _by_point(first: str, second: str) -> bool | None:
    """False or None: equal values at one point prove nothing."""
    words = _is_word(first), _is_word(second)
    if all(words):
        return False
    one, other = probe(first), probe(second)
    if one is None or other is None:
        return None
    if any(words):
        return False if "number" in (one.kind, other.kind) else None
    return False if differ(one, other) else None


def _is_word(spelled: str) -> bool:
    """A name such as "ellipse", which algebra would take for a product and its anagram's equal."""
    return len(spelled) > 3 and spelled.isalpha() and spelled != "infinity"


def slow_equal(gold: str, answer: str) -> bool:
    """math-verify's verdict; not symmetric, gold comes first. It may hang: only in a worker.

    Raises MemoryError where the answer needs more memory than the process may have.
    """
    from math_verify import verify

    first, second = _parsed(gold), _parsed(answer)
    # The worker is killed from outside; math-verify's own limits need signals.
    return bool(verify(first, second, timeout_seconds=None))


@lru_cache(maxsize=256)
def _parsed(answer: str) -> list[Any]:
    from math_verify import parse

    return list(parse(f"${for_algebra(answer)}$", parsing_timeout=None))
