"""Equality of two answers: exact where that is quick, by algebra (in a worker only) elsewhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scaling_cli.grading.form import Form, form
from scaling_cli.grading.normalise import LONGEST, for_algebra
from scaling_cli.grading.numbers import is_rounding
from scaling_cli.grading.probe import differ


def string_equal(gold: str, answer: str) -> bool:
    """The same characters, white space around them aside."""
    return gold.strip() == answer.strip()


def fast_equal(gold: str, answer: str) -> bool | None:
    """Equality without algebra; None where only algebra can tell.

    True for the same normal spelling or the same exact value; False for two plain numbers of
    different value, two expressions that differ at a point, two different words, and an answer
    too long to be sent to the algebra.
    """
    return same(form(gold), form(answer))


def same(first: Form, second: Form) -> bool | None:
    """`fast_equal` of answers whose forms are at hand; it is symmetric."""
    if first.spelled == second.spelled:
        return True
    if not first.spelled or not second.spelled:
        return False
    if max(len(first.spelled), len(second.spelled)) > LONGEST:
        return False
    if first.number is not None and second.number is not None:
        if first.number.value == second.number.value:
            return True
        # 50% may be meant as 0.5.
        if first.percentage != second.percentage or is_rounding(first.number, second.number):
            return None
        return False
    return None if first.percentage != second.percentage else _apart(first, second)


def _apart(first: Form, second: Form) -> bool | None:
    """False or None: equal values at one point prove nothing."""
    if first.variable and second.variable and first.variable != second.variable:
        return None
    if first.word or second.word:
        # A word is no number, and not its anagram, though algebra may think so.
        other = second if first.word else first
        return False if other.word or other.kind == "number" else None
    if first.elements and second.elements:
        return False if _tuples_differ(first, second) else None
    if first.elements or second.elements:
        other = second if first.elements else first
        return None if other.probe is None else False
    if first.probe is None or second.probe is None:
        return None
    return False if differ(first.probe, second.probe) else None


def _tuples_differ(first: Form, second: Form) -> bool:
    """Whether two tuples, or two intervals closed at the same ends, differ in an element."""
    if first.brackets != second.brackets:
        return False
    return len(first.elements) != len(second.elements) or any(
        one is not None and other is not None and differ(one, other)
        for one, other in zip(first.elements, second.elements, strict=True)
    )


def slow_equal(gold: str, answer: str) -> bool:
    """math-verify's verdict; not symmetric, gold comes first. It may hang: only in a worker.

    Raises MemoryError where the answer needs more memory than the process may have.
    """
    from math_verify import verify

    # The worker is killed from outside; math-verify's own limits need signals.
    return bool(verify(_parsed(gold), _parsed(answer), timeout_seconds=None))


@lru_cache(maxsize=256)
def _parsed(answer: str) -> list[Any]:
    from math_verify import parse

    return list(parse(f"${for_algebra(answer)}$", parsing_timeout=None))
