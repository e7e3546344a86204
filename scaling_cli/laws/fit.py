"""What a fit is: parameters with intervals, residuals, a hold-out check, or a reason to refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

LEVEL = 0.95
QUARTER = 4
"""The hold-out check fits on one in so many of each question's samples."""
FEWEST = 4
"""Samples that a question must keep in the hold-out check."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A fitted number and its 95% interval."""

    value: float
    lo: float
    hi: float


@dataclass(frozen=True, slots=True)
class HoldOut:
    """A law fitted on a quarter of each question's samples, against the whole bank at `k`.

    `lo` and `hi` hold the difference predicted - observed, questions drawn again in pairs, and
    half a question more on either side: that many questions tell nothing finer.
    """

    k: int
    predicted: float
    observed: float
    lo: float
    hi: float

    @property
    def passed(self) -> bool:
        return self.lo <= 0 <= self.hi


@dataclass(frozen=True, slots=True)
class Fit:
    """A law on data: `predicted[x]` beside `observed[x]`; refused where `reason` says so.

    `band[2, x]` holds the ends of the 95% interval of `observed` over questions. What a refused
    fit found stays readable, but is not to be drawn or used.
    """

    law: str
    parameters: Mapping[str, Parameter]
    x: FloatArray
    observed: FloatArray
    predicted: FloatArray
    holdout: HoldOut | None
    reason: str = ""
    band: FloatArray | None = None

    @property
    def refused(self) -> bool:
        return bool(self.reason)

    @property
    def residuals(self) -> FloatArray:
        return self.observed - self.predicted


def refusal(law: str, reason: str) -> Fit:
    """A fit that could not be made at all."""
    empty = np.empty(0)
    return Fit(law, {}, empty, empty, empty, None, reason)


def intervals(
    names: tuple[str, ...], values: FloatArray, drawn: FloatArray, *, level: float = LEVEL
) -> dict[str, Parameter]:
    """Parameters with the percentiles of their `drawn[draw, parameter]`, failed draws left out.

    LawError where more than a tenth of the draws could not be fitted.
    """
    good = drawn[~np.isnan(drawn).any(axis=1)]
    if len(good) < 0.9 * len(drawn):
        raise LawError(
            f"{len(drawn) - len(good)} of {len(drawn)} redrawn banks could not be fitted",
            "the data do not identify the law",
        )
    tail = (1 - level) / 2
    lo, hi = np.quantile(good, [tail, 1 - tail], axis=0)
    rows = zip(names, values, lo, hi, strict=True)
    return {n: Parameter(float(v), float(min(a, v)), float(max(b, v))) for n, v, a, b in rows}


def around(value: FloatArray, drawn: FloatArray, *, level: float = LEVEL) -> FloatArray:
    """`value[x]` with the percentiles of `drawn[draw, x]`, `[3, x]`; they hold the value itself."""
    tail = (1 - level) / 2
    lo, hi = np.nanquantile(drawn, [tail, 1 - tail], axis=0)
    return np.stack([value, np.minimum(lo, value), np.maximum(hi, value)])


def quarter_of(counts: IntArray, samples: IntArray, seed: int) -> tuple[IntArray, IntArray]:
    """Right ones among a random quarter of each question's samples, and how many those are."""
    kept = np.asarray(samples) // QUARTER
    rng = np.random.default_rng(seed)
    right = rng.hypergeometric(counts, samples - counts, kept)
    return np.asarray(right, np.int64), np.asarray(kept, np.int64)


def enough(samples: IntArray) -> str:
    """Why a bank is too small for the hold-out check, if it is."""
    fewest = int(np.min(samples)) if len(samples) else 0
    if fewest < QUARTER * FEWEST:
        return (
            f"{fewest} samples a question leave {fewest // QUARTER} to fit on in the hold-out "
            f"check, which needs {FEWEST}"
        )
    return ""


def check(
    predict: Callable[[NDArray[np.uint8]], float],
    observed: FloatArray,
    weights: NDArray[np.uint8],
    k: int,
    *,
    level: float = LEVEL,
) -> HoldOut:
    """Compare `predict(weight)` with the mean of `observed[question]`, both for the questions as
    they are and for each of `weights[draw, question]`.

    The interval is of the difference; a draw that cannot be fitted counts as no difference known
    and is left out.
    """
    ones = np.ones(len(observed), np.uint8)
    value, whole = predict(ones), float(observed.mean())
    gaps: list[float] = []
    for weight in weights:
        drawn = predict(weight)
        if np.isfinite(drawn):
            gaps.append(drawn - float(weight @ observed / weight.sum(dtype=np.int64)))
    if len(gaps) < 0.9 * len(weights) or not np.isfinite(value):
        raise LawError("the quarter of the samples could not be fitted", "draw more samples")
    tail = (1 - level) / 2
    lo, hi = np.quantile(gaps, [tail, 1 - tail])
    half = 0.5 / len(observed)
    return HoldOut(
        k, value, whole, float(min(lo, value - whole) - half), float(max(hi, value - whole) + half)
    )


def judged(fit: Fit, *, unidentified: str = "") -> Fit:
    """The fit, refused where its data do not identify it or its hold-out check failed."""
    if unidentified:
        return replace(fit, reason=unidentified)
    found = fit.holdout
    if found is not None and not found.passed:
        return replace(
            fit,
            reason=f"fitted on a quarter of the samples it predicts {found.predicted:.3f} at "
            f"k = {found.k}, where the whole bank has {found.observed:.3f} (difference "
            f"[{found.lo:+.3f}, {found.hi:+.3f}])",
        )
    return fit
