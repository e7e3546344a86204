"""Binomial chances, of many counts at once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, xlog1py

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from scaling_cli.types import FloatArray, IntArray

_SERIES = 16
"""From here on Stirling's series is exact to a double."""


def binomial(count: IntArray, level: IntArray, theta: ArrayLike) -> FloatArray:
    """The chance of `level` successes among `count` at chance `theta` in (0, 1); 0 outside
    0..count. Arrays broadcast.

    Loader's saddle-point form (2000): no large numbers cancel, so that the relative error is
    about 1e-16 times the distance from the mean.
    """
    chance = np.asarray(theta, np.float64)
    possible = (level >= 0) & (level <= count)
    successes = np.where(possible, level, 0)
    failures = count - successes
    excess = _excess(1 << int(np.max(count, initial=0)).bit_length())
    logs = excess[count] - excess[successes] - excess[failures]
    logs = logs - _deviance(successes, count * chance) - _deviance(failures, count * (1 - chance))
    return np.where(possible, np.exp(logs), 0.0)


def stray(count: IntArray | float, theta: FloatArray | float, chance: float) -> FloatArray:
    """How far from its mean a binomial strays with no more than this chance on either side
    (Bernstein)."""
    depth = -np.log(chance)
    variance = np.asarray(count) * theta * (1 - np.asarray(theta))
    return np.asarray(depth / 3 + np.sqrt(depth * depth / 9 + 2 * depth * variance))


def _deviance(x: IntArray, mean: FloatArray) -> FloatArray:
    """x·log(x / mean) - x + mean."""
    away = np.divide(x - mean, mean, out=np.zeros(np.shape(mean + x)), where=mean > 0)
    return np.asarray(mean * (xlog1py(1 + away, away) - away))


@cache
def _excess(size: int) -> FloatArray:
    """log(x!) - x·log(x) + x for x below `size`."""
    small = np.arange(min(size, _SERIES))
    x = np.arange(_SERIES, size, dtype=np.float64)
    series = 1 / (12 * x) - 1 / (360 * x**3) + 1 / (1260 * x**5) - 1 / (1680 * x**7)
    exact = gammaln(small + 1) - small * np.log(np.maximum(small, 1)) + small
    return np.concatenate([exact, np.log(2 * np.pi * x) / 2 + series])
