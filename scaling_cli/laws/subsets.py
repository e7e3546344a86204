"""Size-k subsets of n samples: which questions reach which k, where order statistics fall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from scaling_cli.errors import LawError
from scaling_cli.types import FAILED, MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray


def as_ks(ks: Sequence[int] | IntArray) -> IntArray:
    """Subset sizes as an array; each must be a whole number of at least 1."""
    sizes = np.asarray(ks)
    if sizes.ndim != 1 or (sizes != np.rint(sizes)).any() or (sizes < 1).any():
        raise LawError(
            f"k must be whole numbers of at least 1, not {list(np.ravel(sizes)[:5])}",
            "leave ks out to get the default grid",
        )
    return sizes.astype(np.int64)


def count_samples(answer_class: IntArray) -> IntArray:
    """How many cells of each row hold a sample, `samples[question]`."""
    classes = np.asarray(answer_class)
    if classes.ndim != 2:
        raise LawError(
            f"answer classes must be [question, sample], not of shape {classes.shape}",
            "give one row a question, filled up with -9",
        )
    unknown = (classes < FAILED) & (classes != MISSING)
    if unknown.any():
        raise LawError(
            f"there is no answer class {classes[unknown][0]}",
            "0 is gold, 1.. other answers, -1 no answer, -2 failed, -9 no sample",
        )
    return np.asarray((classes != MISSING).sum(axis=1), np.int64)


def reach(
    samples: IntArray, ks: IntArray
) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp]]]:
    """For each n in use: n, the questions with n samples, the positions of every k <= n."""
    for n in np.unique(samples):
        columns = np.flatnonzero(ks <= n)
        if n > 0 and len(columns):
            yield int(n), np.flatnonzero(samples == n), columns


def last_place_chances(n: int, ks: IntArray) -> FloatArray:
    """C(i-1, k-1)/C(n, k): the chance that the last of a size-k subset is the i-th of n.

    `chances[i - 1, k]`; columns sum to 1. By ratios from i = n down, so nothing overflows.
    """
    i = np.arange(n, 1, -1)[:, None]
    ratios = np.clip(i - ks, 0, None) / (i - 1)
    falling = np.cumprod(np.vstack([ks[None, :] / n, ratios]), axis=0)
    return np.asarray(falling[::-1])


def kept_place_chances(n: int, ks: IntArray, keep: int) -> FloatArray:
    """C(i-1, m-1)·C(n-i, k-m)/C(n, k), m = `keep`: the chance that the m-th best of a
    size-k subset is the i-th best of n. `chances[i - 1, k]`, for ks of at least m."""
    i, rest = np.arange(keep, n + 1)[:, None], ks - keep
    possible = n - i >= rest
    after = np.where(possible, n - i - rest, 0)
    logs = gammaln(i) - gammaln(i - keep + 1) + gammaln(n - i + 1) - gammaln(after + 1)
    logs = np.where(possible, logs, -np.inf)
    chances = np.zeros((n, len(ks)))
    chances[keep - 1 :] = np.exp(logs - logs.max(axis=0))
    return np.asarray(chances / chances.sum(axis=0))
