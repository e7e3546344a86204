"""How sure a model was of what it wrote, from the likely tokens at each position.

DeepConf (Fu et al. 2025, arXiv 2508.15260) and self-certainty (Kang et al. 2025, arXiv
2502.18581). The definitions are those of the authors' released code (facebookresearch/deepconf,
helper.py and analysis_offline.py; backprop07/Self-Certainty, confidence_list.py and
voting_from_list.py); the papers' own text could not be read again, so no equation is numbered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from scaling_cli.errors import LawError

if TYPE_CHECKING:
    from scaling_cli.types import Alternatives, FloatArray

TOP = 20
"""Likely tokens a position's confidence is the mean over."""
WINDOW = 2_048
"""Tokens of a group, and of the tail. In a shorter solution both are the whole."""
BOTTOM = 0.1
"""Share of the least confident groups."""
LEAST = -50.0
"""A log-probability below this is taken for it, which bounds confidence and certainty at 50."""
ROUNDING = 1e-6
"""What float32 leaves uncertain in a sum of probabilities."""


def token_confidence(alternatives: Sequence[Alternatives], *, top: int = TOP) -> FloatArray:
    """DeepConf's token confidence, `confidence[token]` in nats from 0 to 50: minus the mean
    log-probability of the `top` likeliest tokens. High where the first has nearly all mass.

    NaN at a position without alternatives.
    """
    table = _table([position[:top] for position in alternatives])
    told = ~np.isnan(table)
    empty = np.full(len(table), np.nan)
    counts = told.sum(axis=1)
    return np.asarray(
        np.divide(-np.where(told, table, 0.0).sum(axis=1), counts, out=empty, where=counts > 0)
    )


def token_certainty(alternatives: Sequence[Alternatives], vocabulary: int) -> FloatArray:
    """Self-certainty, `certainty[token]` in nats from 0 to 50: KL(uniform || p), which is
    -(1/V)·Σ_v log(V·p_v).

    Of the likeliest n tokens p is known; the rest of the mass is spread evenly over the other
    V - n. As -log is convex this is a lower bound (Jensen); exact where all V are given. What is
    left of the mass is told only to float32's rounding, and the other tokens have at most the
    probability of the last told: the larger reading, within that limit, keeps the bound. NaN at
    a position without alternatives.
    """
    table = _table(alternatives)
    told = ~np.isnan(table)
    counts = told.sum(axis=1)
    if (counts > vocabulary).any():
        raise LawError(
            f"{counts.max()} likely tokens of a vocabulary of {vocabulary}",
            "give the vocabulary of the model that sampled",
        )
    others = vocabulary - counts
    # A server may tell the sampled token after the likeliest: it limits no other token.
    last = np.exp(np.nan_to_num(table[:, :TOP], nan=0.0).min(axis=1, initial=0.0))
    left = 1 - np.where(told, np.exp(table), 0.0).sum(axis=1)
    rest = np.minimum(np.maximum(left, ROUNDING), others * last)
    each = np.log(np.maximum(rest, np.exp(LEAST)) / np.maximum(others, 1))
    total = np.where(told, table, 0.0).sum(axis=1) + others * np.maximum(each, LEAST)
    certainty = np.maximum(-total / vocabulary - np.log(vocabulary), 0.0)
    return np.asarray(np.where(counts > 0, certainty, np.nan))


def _table(alternatives: Sequence[Alternatives]) -> FloatArray:
    """Log-probabilities as `[token, place]`, NaN where a position tells fewer."""
    counts = np.array([len(position) for position in alternatives], np.int64)
    table = np.full((len(counts), int(counts.max(initial=0))), np.nan)
    flat = [value for position in alternatives for _, value in position]
    table[np.arange(table.shape[1]) < counts[:, None]] = np.maximum(flat, LEAST)
    return table


def group_confidence(confidence: FloatArray, window: int = WINDOW) -> FloatArray:
    """Mean over every run of `window` tokens, `[group]`; the one mean of all where there are
    fewer tokens."""
    numbers = np.asarray(confidence, np.float64)
    if numbers.ndim != 1 or not len(numbers) or window < 1:
        raise LawError(f"{numbers.size} tokens in windows of {window}", "both must be at least 1")
    size = min(window, len(numbers))
    sums = np.concatenate([[0.0], np.cumsum(numbers)])
    return np.asarray((sums[size:] - sums[:-size]) / size)


def lowest_group(confidence: FloatArray, window: int = WINDOW) -> float:
    """DeepConf's lowest group confidence: a chain of thought is as sure as its worst stretch."""
    return float(group_confidence(confidence, window).min())


def bottom_groups(confidence: FloatArray, window: int = WINDOW, share: float = BOTTOM) -> float:
    """DeepConf's bottom-10% group confidence: mean of the least confident `share` of groups,
    rounded down, at least one."""
    groups = np.sort(group_confidence(confidence, window))
    return float(groups[: max(1, int(len(groups) * share))].mean())


def tail(confidence: FloatArray, window: int = WINDOW) -> float:
    """DeepConf's tail confidence: mean of the last `window` tokens, where the answer stands."""
    return float(group_confidence(confidence, window)[-1])


def mean_probability(logprobs: FloatArray) -> float:
    """Geometric mean of the sampled tokens' probabilities, exp(mean log-probability), in [0, 1]."""
    return float(np.exp(np.mean(np.asarray(logprobs, np.float64))))


def share_of_nats(nats: float) -> float:
    """A confidence or certainty as a weight in [0, 1]: its fiftieth.

    Being linear it leaves the ratios of weights, and so DeepConf's weighted vote, as they are.
    """
    return nats / -LEAST


def borda_weights(scores: FloatArray, power: float) -> FloatArray:
    """Kang et al.'s Borda votes (N - rank + 1)^p along the last axis, over N^p, in [0, 1].

    Equal scores share the mean of their places' votes. NaN (no sample, or scoring failed) has no
    place, and is not among the N. p = 0 is the plain vote; a large p is best-of-N. A rank is one
    inside these N: the votes of a subset are not a subset of these.
    """
    table = np.asarray(scores, np.float64)
    if power < 0:
        raise LawError(f"the power of a Borda vote is {power:g}", "give 0 or more")
    rows = [_borda(row, power) for row in table.reshape(-1, table.shape[-1])]
    return np.array(rows, np.float64).reshape(table.shape)


def _borda(row: FloatArray, power: float) -> FloatArray:
    votes, known = np.full(len(row), np.nan), ~np.isnan(row)
    number = int(known.sum())
    if number:
        by_place = (np.arange(1, number + 1) / number) ** power
        upto = np.concatenate([[0.0], np.cumsum(by_place)])
        low = rankdata(row[known], "min").astype(np.int64)
        high = rankdata(row[known], "max").astype(np.int64)
        shared = (upto[high] - upto[low - 1]) / (high - low + 1)
        # A difference of sums may be above 1 by rounding, and a weight must not.
        votes[known] = np.minimum(shared, 1.0)
    return votes
