"""Equality of two answers: exact where that is quick, by algebra (in a worker only) elsewhere."""

from __future__ import annotations

from scaling_cli.grading.normalise import LONGEST, for_algebra, is_percentage, normalise
from scaling_cli.grading.numbers import exact, is_rounding


def string_equal(gold: str, answer: str) -> bool:
    """The same characters, white space around them aside."""
    return gold.strip() == answer.strip()


def fast_equal(gold: str, answer: str) -> bool | None:
    """Equality without algebra; None where only algebra can tell.

    True for the same normal spelling or the same exact value; False for two plain numbers of
    different value, and for an answer too long to be sent to the algebra.
    """
    if string_equal(gold, answer):
        return True
    first, second = normalise(gold), normalise(answer)
    if first == second:
        return True
    if max(len(first), len(second)) > LONGEST or not first or not second:
        return False
    one, other = exact(first), exact(second)
    if one is None or other is None:
        return None
    if one.value == other.value:
        return True
    # 50% may be meant as 0.5.
    open_question = is_percentage(gold) != is_percentage(answer) or is_rounding(one, other)
    return None if open_question else False


def slow_equal(gold: str, answer: str) -> bool:
    """math-verify's verdict; not symmetric, gold comes first. It may hang: only in a worker.

    Raises MemoryError where the answer needs more memory than the process may have.
    """
    from math_verify import verify

    first, second = _parsed(gold), _parsed(answer)
    # The worker is killed from outside; math-verify's own limits need signals.
    return bool(verify(first, second, timeout_seconds=None))


def _parsed(answer: str) -> list[object]:
    from math_verify import parse

    return list(parse(f"${for_algebra(answer)}$", parsing_timeout=None))
