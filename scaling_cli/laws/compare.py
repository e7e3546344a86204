"""Two curves on the same questions: a band that holds all of their difference, and its power."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtr

from scaling_cli.errors import LawError
from scaling_cli.laws.resample import (
    questions_needed,
    simultaneous_difference,
    smallest_difference,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

Verdict = Literal["better", "worse", "undecided"]

DUST = 1e-12
"""A difference of means below this is what sums of fractions leave, and none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """First minus second at every place (a k or a budget), over the questions of both.

    With chance `level` the whole true curve lies between `lo` and `hi`. `smallest` is the
    difference that these questions show with chance 80% at that place, and `needed` how many
    questions show the one that was asked for, both against this band and not a narrower one.
    """

    difference: FloatArray
    lo: FloatArray
    hi: FloatArray
    questions: IntArray
    smallest: FloatArray
    needed: IntArray

    def verdicts(self) -> list[Verdict]:
        """At each place: whether the band leaves 0 out, and on which side."""
        return [
            "better" if lo > 0 else "worse" if hi < 0 else "undecided"
            for lo, hi in zip(self.lo, self.hi, strict=True)
        ]

    def verdict(self) -> Verdict:
        """Better or worse somewhere and never the other; undecided where it is neither or both."""
        found = set(self.verdicts()) - {"undecided"}
        return found.pop() if len(found) == 1 else "undecided"


def compare(
    first: FloatArray,
    second: FloatArray,
    weights: NDArray[np.uint8],
    *,
    detect: float = 0.05,
    level: float = 0.95,
) -> Comparison:
    """Compare `first[question, place]` with `second`, both accuracies in [0, 1], paired."""
    if not 0 < detect <= 1:
        raise LawError(
            f"a difference of {detect:g} cannot be asked for", "give a fraction, such as 0.05"
        )
    found = simultaneous_difference(first, second, weights, level=level)
    error = found.sd / np.sqrt(np.maximum(found.questions, 1))
    # The band's multiple of the error as the confidence that a single place would have.
    multiple = float(np.nanmax((found.hi - found.mean) / error))
    confidence = float(np.clip(2 * ndtr(multiple) - 1, level, 1 - 1e-12))
    places = list(zip(found.sd.tolist(), found.questions.tolist(), strict=True))
    return Comparison(
        difference=np.where(np.abs(found.mean) < DUST, 0.0, found.mean),
        lo=np.maximum(found.lo, -1.0),
        hi=np.minimum(found.hi, 1.0),
        questions=found.questions,
        smallest=np.array([smallest_difference(sd, q, level=confidence) for sd, q in places]),
        needed=np.array([questions_needed(sd, detect, level=confidence) for sd, _ in places]),
    )
