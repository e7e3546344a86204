"""The fake engine's law of solutions in steps: each step is right or slips, whatever went before.

A solution has `steps` steps, `ok1...` or `no1...`, each ending with a blank line, then its answer.
A step is right with probability p^(1/steps), so that a whole solution is right with probability
p; one slip makes every answer a wrong one. So the chance that a prefix ends right is known.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

RIGHT, SLIP = "ok", "no"
END_OF_STEP = "\n\n"


@dataclass(frozen=True, slots=True)
class StepLaw:
    """`answers` maps every answer to its chance, the gold one first; `mean` tokens a step."""

    steps: int
    answers: Mapping[str, float]
    mean: int

    def value(self, written: str) -> float:
        """The chance that a solution that begins with `written` ends right."""
        if "\\boxed{" in written:
            return float(f"\\boxed{{{next(iter(self.answers))}}}" in written)
        marks = [block[:2] for block in written.split(END_OF_STEP) if block]
        if SLIP in marks:
            return 0.0
        return float(self._right ** (self.steps - len(marks)))

    @property
    def _right(self) -> float:
        """The chance that one step is right."""
        return float(next(iter(self.answers.values())) ** (1 / self.steps))

    def write(self, written: str, source: random.Random, limit: int) -> tuple[str, bool]:
        """What follows `written`, at most `limit` characters, and whether it ends there."""
        text = written
        while len(text) - len(written) <= limit and not text.endswith("}"):
            text += self._next(text, source)
        more = text[len(written) :]
        return more[:limit], text.endswith("}") and len(more) < limit

    def _next(self, text: str, source: random.Random) -> str:
        """A few characters more. Lengths are geometric: what went before does not matter."""
        blocks = text.split(END_OF_STEP)
        if "\\boxed" in blocks[-1] or len(blocks) > self.steps:
            return self._answer(text, source)[len(blocks[-1]) :]
        if len(blocks[-1]) < 2:
            return (RIGHT if source.random() < self._right else SLIP)[len(blocks[-1]) :]
        if len(blocks[-1]) == 2:
            return str(len(blocks) % 10)
        return END_OF_STEP if source.random() < 1 / self.mean else "."

    def _answer(self, text: str, source: random.Random) -> str:
        gold, *wrong = self.answers
        slipped = SLIP in [block[:2] for block in text.split(END_OF_STEP)]
        chances = [self.answers[answer] for answer in wrong]
        answer = source.choices(wrong, chances)[0] if slipped else gold
        return f"\\boxed{{{answer}}}"
