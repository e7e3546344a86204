"""Questions in bins of difficulty: quantiles of how often a single sample is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray

BINS = 5
"""Bins of the paper."""


def difficulty_bins(rate: FloatArray, *, bins: int = BINS) -> IntArray:
    """`bin[question]` from 0, the easiest, by `rate[question]`, its share of right samples.

    Quantiles of pass@1, as Snell et al. (arXiv 2408.03314, section 3.2) bin their questions.
    Questions of one rate stay together, so that there may be fewer bins than were asked for:
    the bin of a group of equals is that of its middle one.
    """
    rates = np.asarray(rate, np.float64)
    if rates.ndim != 1 or not len(rates) or np.isnan(rates).any() or bins < 1:
        raise LawError(
            f"rates of shape {rates.shape} cannot be put into {bins} bins",
            "give a rate for every question, and one bin or more",
        )
    _, inverse, counts = np.unique(-rates, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    place = np.minimum(np.floor(bins * middle / len(rates)), bins - 1).astype(np.int64)
    _, dense = np.unique(place, return_inverse=True)
    return np.asarray(dense[inverse], np.int64)
