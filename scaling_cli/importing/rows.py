"""What every importer yields: samples of any origin, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImportedSample:
    """One sample as its source tells it; None is what the source does not say.

    `question` is the source's own id of the question; `scores` are those of a verifier, step by
    step, oldest first. A sample with an `error` failed at the source: it stays in the denominator
    and never votes. `copies` is how many samples, numbered from `sample` on, are told by this one.
    """

    question: str
    sample: int
    answer: str | None = None
    correct: bool | None = None
    gold: str | None = None
    text: str | None = None
    question_text: str | None = None
    score: float | None = None
    scores: tuple[float, ...] = ()
    logprob_mean: float | None = None
    new_tokens: int | None = None
    prompt_tokens: int | None = None
    truncated: bool | None = None
    level: str | None = None
    subject: str | None = None
    model: str | None = None
    task: str | None = None
    error: str | None = None
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something of the source that could not be read: `file.jsonl, line 7`, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A field of a sample that was taken, whose value could not be read and is left empty."""

    where: str
    why: str


Reader = Callable[[Path], Iterator[ImportedSample | Skipped | Unread]]
