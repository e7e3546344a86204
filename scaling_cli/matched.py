"""One comparison of two curves, as rows and as a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.configurations import unit_of
from scaling_cli.laws.compare import Comparison

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Matched:
    """One comparison: `by` is `k` or an axis, `places` are ks or budgets."""

    task: str
    by: str
    first: str
    second: str
    places: FloatArray
    law: Comparison

    def rows(self) -> list[Row]:
        columns = zip(
            self.places.tolist(),
            self.law.difference.tolist(),
            self.law.lo.tolist(),
            self.law.hi.tolist(),
            self.law.verdicts(),
            self.law.questions.tolist(),
            self.law.smallest.tolist(),
            self.law.needed.tolist(),
            strict=True,
        )
        names = (
            "at", "difference", "lo", "hi", "verdict", "questions", "smallest_difference",
            "questions_needed",
        )  # fmt: skip
        place = {"task": self.task, "matched": self.by, "first": self.first, "second": self.second}
        rows = [place | dict(zip(names, values, strict=True)) for values in columns]
        return [row | {"at": int(row["at"])} for row in rows] if self.by == "k" else rows

    def sentence(self, detect: float) -> str:
        """The verdict, the power behind it, and the questions a difference would need."""
        law, verdict = self.law, self.law.verdict()
        sides = law.verdicts()
        if verdict == "undecided" and {"better", "worse"} <= set(sides):
            says = (
                f"undecided: {self.first} is better than {self.second} at {self._where('better')}, "
                f"worse at {self._where('worse')}"
            )
        elif verdict == "undecided":
            says = f"undecided between {self.first} and {self.second}"
        else:
            says = f"{self.first} is {verdict} than {self.second} at {self._where(verdict)}"
        widest = int(np.argmax(np.abs(law.difference)))
        return (
            f"matched {self.by}: {says}; largest difference {100 * law.difference[widest]:+.1f} "
            f"points [{100 * law.lo[widest]:+.1f}, {100 * law.hi[widest]:+.1f}] at "
            f"{self.places[widest]:.3g}; {self._questions()} questions show "
            f"{100 * float(np.median(law.smallest)):.1f} points or more (80% power), and "
            f"{100 * detect:g} points would need {int(np.median(law.needed))}"
        )

    def _questions(self) -> str:
        """How many there are, or from how few to how many: ragged samples end at several k."""
        fewest, most = int(self.law.questions.min()), int(self.law.questions.max())
        return str(most) if fewest == most else f"{fewest} to {most}"

    def _where(self, verdict: str) -> str:
        at = [p for p, v in zip(self.places.tolist(), self.law.verdicts(), strict=True)
              if v == verdict]  # fmt: skip
        unit = "k = " if self.by == "k" else ""
        end = "" if self.by == "k" else f" {unit_of(self.by)}"
        if len(at) == len(self.places):
            return f"every {'k' if self.by == 'k' else 'budget'}"
        return f"{unit}{at[0]:.3g}" + (f" to {at[-1]:.3g}" if len(at) > 1 else "") + end
