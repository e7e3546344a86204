"""What a source's own grader says of a reply: right or wrong, and the answer it read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scaling_cli.grading.extract import strict_answer
from scaling_cli.importing.files import flag


def own_answer(answer: str | None, reply: str | None) -> str | None:
    """The answer a source read in a reply; None where it kept the whole reply in its place."""
    if answer is None or reply is None:
        return answer
    # Some graders compare without case, and keep the reply so.
    kept_whole = answer.strip().casefold() == reply.strip().casefold()
    kept_whole = kept_whole and len(answer.split()) > 1
    return None if kept_whole else answer


def first_verdict(scores: Mapping[str, Any], names: Iterable[str]) -> bool | None:
    """The first of these scores that says plainly right (1) or wrong (0)."""
    said = (flag(scores.get(name)) for name in names)
    return next((one for one in said if one is not None), None)


def gold_to_grade(gold: str | None, verdict: bool | None, answer: str | None) -> str | None:
    """Gold, unless the source judged a reply in which it names no answer.

    Such a verdict (unit tests, a model as judge, a comparison of the whole reply) is not ours to
    give again, so without gold it stands.
    """
    return None if verdict is not None and answer is None else gold


def finished_answer(
    answer: str | None, reply: str | None, *, verdict: bool | None, truncated: bool | None
) -> str | None:
    """The answer; "" for a wrong reply that was cut off before it marked one.

    It abstains from votes. A wrong reply that is whole may hold an answer we cannot read, and
    stays None: were it to abstain, votes would look better than they are.
    """
    cut_off = answer is None and verdict is False and truncated and reply is not None
    return "" if cut_off and strict_answer(reply or "", truncated=True) is None else answer
