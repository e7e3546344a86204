"""Grading: answers read from completions, and compared by value.

Strict answers are marked with `\\boxed{}` or `####`, lenient ones are whatever the text seems to
answer. Answers of one question form classes of equal value: numbers and normalised strings are
compared exactly here, the rest by math-verify in worker processes that can be killed.
"""

from __future__ import annotations

from scaling_cli.grading.classes import (
    TIMED_OUT,
    AnswerClasses,
    grade_group,
    group_answers,
    verdict_of,
)
from scaling_cli.grading.equality import fast_equal, string_equal
from scaling_cli.grading.extract import strict_answer, strict_answers
from scaling_cli.grading.lenient import STYLES, lenient_answer
from scaling_cli.grading.normalise import normalise
from scaling_cli.grading.pool import GraderPool

__all__ = [
    "STYLES",
    "TIMED_OUT",
    "AnswerClasses",
    "GraderPool",
    "fast_equal",
    "grade_group",
    "group_answers",
    "lenient_answer",
    "normalise",
    "strict_answer",
    "strict_answers",
    "string_equal",
    "verdict_of",
]
