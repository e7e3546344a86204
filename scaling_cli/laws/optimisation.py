"""Whether best-of-k falls with k: over-optimisation of a score, and Gao's law of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.laws.resample import bootstrap_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

SAME = 1e-12
"""Sums of the same values in another order differ by this."""


@dataclass(frozen=True, slots=True)
class OverOptimisation:
    """A best-of-k curve's fall from its `peak` k to its last: `fall` with its interval, and
    Gao's law. `alpha` and `beta` are None where the data do not identify them, and `reason` says
    why; `best_k` is where the law peaks, None where that is outside the curve."""

    peak: int
    fall: float
    lo: float
    hi: float
    alpha: float | None
    beta: float | None
    best_k: float | None
    reason: str

    @property
    def certain(self) -> bool:
        """Whether the fall is more than chance."""
        return self.lo > 0


def distance(ks: IntArray | FloatArray) -> FloatArray:
    """√KL of best-of-k from the policy, KL = log k - (k-1)/k (Gao et al. 2022, §2)."""
    k = np.asarray(ks, np.float64)
    return np.sqrt(np.maximum(np.log(k) - (k - 1) / k, 0.0))


def over_optimisation(
    values: FloatArray, ks: IntArray, weights: NDArray[np.uint8], *, level: float = 0.95
) -> OverOptimisation:
    """The fall of `values[question, k]` from its best k to its largest.

    A maximum over k falls by chance alone, so each draw is centred on the curve: the interval is
    that of the fall from the observed peak, and its lower end is lowered to what the largest
    fall of a curve that is flat in truth would show.
    """
    kept = ~np.isnan(values).any(axis=0)
    table, sizes = values[:, kept], np.asarray(ks)[kept]
    means = table.mean(axis=0)
    top = int(np.argmax(means))
    drawn = bootstrap_means(table, weights)
    falls = drawn[:, top] - drawn[:, -1]
    fall = float(means[top] - means[-1])
    noise = drawn - means
    by_chance = (noise.max(axis=1) - noise[:, -1]).clip(min=0)
    tail = (1 - level) / 2
    hi = float(np.quantile(falls, 1 - tail))
    lo = fall - float(np.quantile(by_chance, level)) if top < len(sizes) - 1 else 0.0
    alpha, beta, reason = _gao(drawn, means, distance(sizes), level)
    return OverOptimisation(
        peak=int(sizes[top]),
        fall=fall,
        lo=min(lo, fall),
        hi=max(hi, fall),
        alpha=alpha,
        beta=beta,
        best_k=_best_k(alpha, beta, sizes),
        reason=reason,
    )


def _gao(
    drawn: FloatArray, means: FloatArray, d: FloatArray, level: float
) -> tuple[float | None, float | None, str]:
    """R(d) - R(0) = d·(α - β·d) by least squares; refused where β may be 0 or below."""
    if len(d) < 4 or d[0] != 0:
        return None, None, "the curve has fewer than four ks, or does not begin at k = 1"
    basis = np.linalg.pinv(np.column_stack([d, -(d**2)]))
    alpha, beta = basis @ (means - means[0])
    betas = (drawn - drawn[:, :1]) @ basis[1]
    if np.quantile(betas, (1 - level) / 2) <= SAME:
        return None, None, "the data do not tell beta from 0: the curve need not ever fall"
    return float(alpha), float(beta), ""


def _best_k(alpha: float | None, beta: float | None, ks: IntArray) -> float | None:
    """The k at which d·(α - β·d) is largest, d = α/2β, where that lies inside the curve."""
    if alpha is None or beta is None:
        return None
    grid = np.geomspace(1, float(ks[-1]), 2_000)
    peak = alpha / (2 * beta)
    if not 0 <= peak <= distance(grid[-1:])[0]:
        return None
    return float(np.interp(peak, distance(grid), grid))
