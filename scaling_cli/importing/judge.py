"""Imported samples of one question as graded answers, by our equality or by their own verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scaling_cli.grading import GraderPool, group_answers, lenient_answer, verdict_of
from scaling_cli.importing.rows import ImportedSample
from scaling_cli.types import GOLD, UNANSWERED

Row = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """What grading a cell found, in samples.

    `as_strings`: right where answers are compared as strings. `disagreed`: judged by us other
    than by the source. `anonymous`: wrong by the source's word, without an answer, so that what
    they would vote for is not known.
    """

    samples: int = 0
    graded: int = 0
    correct: int = 0
    as_strings: int = 0
    disagreed: int = 0
    anonymous: int = 0
    timeouts: int = 0


def judge(
    members: Sequence[ImportedSample], equality: str, grader: GraderPool, tally: Tally
) -> list[Row]:
    """The question's candidates but for their question_id and index.

    Where gold is known, answers are graded anew, and the source's verdict stands only for a
    sample without an answer to grade; without gold it is all there is.
    """
    gold = next((one.gold for one in members if one.gold), None)
    answers = [_answer(one) for one in members]
    if gold is None:
        classes = _by_verdict(members, answers, equality, grader)
    else:
        classes = group_answers(answers, gold, equality=equality, compare=grader.compare)
    rows = []
    for one, answer, group in zip(members, answers, classes, strict=True):
        if answer is None and one.correct is not None and not one.error:
            group = GOLD if one.correct else _anonymous(classes)
            tally.anonymous += one.copies * (not one.correct)
        rows.append(_row(one, answer, group))
        _count(tally, one, answer, group, gold)
    return rows


def _answer(one: ImportedSample) -> str | None:
    if one.error:
        return None
    if one.answer is None and one.text is not None:
        return lenient_answer(one.text, "math", truncated=bool(one.truncated))
    return one.answer


def _anonymous(classes: Sequence[int]) -> int:
    """A class of its own for wrong answers that nobody wrote down."""
    return max((*classes, GOLD)) + 1


def _by_verdict(
    members: Sequence[ImportedSample],
    answers: Sequence[str | None],
    equality: str,
    grader: GraderPool,
) -> list[int]:
    """Classes where gold is not known: right answers together, wrong ones by equality."""
    wrong = [
        answer if one.correct is False else None
        for one, answer in zip(members, answers, strict=True)
    ]
    first = next((answer for answer in wrong if answer and answer.strip()), None)
    grouped = (
        [UNANSWERED] * len(wrong)
        if first is None
        else group_answers(wrong, first, equality=equality, compare=grader.compare)
    )
    return [
        GOLD if one.correct else group + 1 if group >= 0 else group
        for one, group in zip(members, grouped, strict=True)
    ]


def _count(
    tally: Tally, one: ImportedSample, answer: str | None, group: int, gold: str | None
) -> None:
    right = group == GOLD
    tally.samples += one.copies
    tally.correct += one.copies * right
    tally.timeouts += one.copies * (verdict_of(group) == "timeout")
    if gold is not None and (answer is not None or one.correct is None):
        tally.graded += one.copies
        tally.as_strings += one.copies * (answer is not None and answer.strip() == gold.strip())
        tally.disagreed += one.copies * (one.correct is not None and one.correct != right)


def _row(one: ImportedSample, answer: str | None, group: int) -> Row:
    stored, verdict = max(group, UNANSWERED), verdict_of(group)
    rewards = list(one.scores) or ([] if one.score is None else [one.score])
    return {
        "answer": answer,
        # Where it stood in the text is not told, so under a smaller cap it counts for nothing.
        "strict_answer": answer,
        "answer_class": stored,
        "strict_class": stored,
        "verdict": verdict,
        "strict_verdict": verdict,
        "truncated": bool(one.truncated),
        "boxed": [],
        "logprob_mean": one.logprob_mean,
        "rewards": rewards or None,
        "prompt_tokens": one.prompt_tokens,
        "cached_tokens": None,
        "new_tokens": one.new_tokens,
        "spent": None,
        "seconds": 0.0,
        "error": one.error,
    }
