"""What scores are worth: how well they rank right above wrong, and whether they mean chances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from scaling_cli.errors import LawError
from scaling_cli.types import GOLD, MISSING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from scaling_cli.types import FloatArray, IntArray

BINS = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """Scores in bins of equal width: `samples`, mean `score` and `accuracy` of each, NaN where a
    bin is empty; the expected calibration error and the Brier score over all."""

    edges: FloatArray
    samples: NDArray[np.int64]
    score: FloatArray
    accuracy: FloatArray
    error: float
    brier: float


def auroc(correct: NDArray[np.bool_], score: FloatArray) -> float:
    """Chance that a right sample is scored above a wrong one, equal scores counting half
    (Mann-Whitney); NaN where all are right or all wrong. Both flat, of one length."""
    right = int(correct.sum())
    wrong = len(correct) - right
    if not right or not wrong:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[correct].sum() - right * (right + 1) / 2) / (right * wrong))


def auroc_within(answer_class: IntArray, score: FloatArray) -> FloatArray:
    """`auroc` inside each question, `[question]`, NaN where it has only right or only wrong ones.

    Best-of-k chooses inside a question: this is what it lives on, while the pooled figure also
    counts that easy questions score higher.
    """
    real = (answer_class != MISSING) & ~np.isnan(score)
    pairs = zip(answer_class, score, real, strict=True)
    return np.array([auroc(c[r] == GOLD, s[r]) for c, s, r in pairs])


def pooled(answer_class: IntArray, score: FloatArray) -> tuple[NDArray[np.bool_], FloatArray]:
    """Verdicts and scores of all scored samples, flat."""
    real = (answer_class != MISSING) & ~np.isnan(score)
    return answer_class[real] == GOLD, score[real]


def reliability(correct: NDArray[np.bool_], score: FloatArray, *, bins: int = BINS) -> Reliability:
    """How often samples of a score in [0, 1] are right (flat arrays of one length)."""
    if len(score) == 0:
        raise LawError("there is no score to calibrate", "score the samples first")
    if ((score < 0) | (score > 1)).any():
        raise LawError("only scores in [0, 1] can be calibrated", "name a map to a weight")
    edges = np.linspace(0, 1, bins + 1)
    place = np.minimum((score * bins).astype(np.int64), bins - 1)
    samples = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, score, bins) / samples
        accuracy = np.bincount(place, correct, bins) / samples
    gaps = np.nan_to_num(np.abs(mean - accuracy))
    return Reliability(
        edges=edges,
        samples=samples,
        score=mean,
        accuracy=accuracy,
        error=float(gaps @ samples / len(score)),
        brier=float(np.mean((score - correct) ** 2)),
    )


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A score read as yes or no: it accepts from `threshold` on, right samples with the rate
    `true_positive`, wrong ones with `false_positive`."""

    threshold: float
    true_positive: float
    false_positive: float


def acceptance(correct: NDArray[np.bool_], score: FloatArray) -> Acceptance:
    """The threshold that tells right from wrong best: the largest difference of the two rates
    (Youden 1950). Flat arrays of one length, with right and wrong samples in them."""
    right = int(correct.sum())
    wrong = len(correct) - right
    if not right or not wrong:
        raise LawError("all scored samples are right, or all wrong", "draw harder questions")
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last = np.append(ranked[1:] != ranked[:-1], True)  # equal scores are accepted together
    true = np.cumsum(correct[order])[last] / right
    false = np.cumsum(~correct[order])[last] / wrong
    place = int(np.argmax(true - false))
    return Acceptance(float(ranked[last][place]), float(true[place]), float(false[place]))


def verifier_ceiling(
    accuracy: ArrayLike, true_positive: ArrayLike, false_positive: ArrayLike
) -> FloatArray:
    """Accuracy of an endless best-of-k behind a verifier that accepts right samples with one
    rate and wrong ones with the other: p·t / (p·t + (1-p)·f); NaN where it accepts nothing."""
    p, t, f = (np.asarray(x, np.float64) for x in (accuracy, true_positive, false_positive))
    accepted = p * t + (1 - p) * f
    empty = np.full(accepted.shape, np.nan)
    return np.asarray(np.divide(p * t, accepted, out=empty, where=accepted > 0))
