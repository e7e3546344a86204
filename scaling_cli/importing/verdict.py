"""What a source's own grader says of a reply: right or wrong, and the answer it read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
