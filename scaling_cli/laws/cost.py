"""From raw counts of calls to their price on every axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.flops import CostModel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from scaling_cli.types import FloatArray, IntArray

__all__ = [
    "Calls",
    "CostModel",
    "MachinePrice",
    "TokenPrices",
    "bank_cost",
    "call_costs",
]

ONCE = ("flops", "eflops")
"""Axes on which a question's prompt is paid once, however many samples follow it."""


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Dollars per million tokens; `cached` is None where cached tokens cost like any other."""

    prompt: float
    new: float
    cached: float | None = None

    def dollars(
        self, prompt_tokens: ArrayLike, new_tokens: ArrayLike, cached_tokens: ArrayLike
    ) -> FloatArray:
        """Price of each call; NaN where the cached tokens matter and are not known."""
        prompt = np.asarray(prompt_tokens, np.float64)
        paid = self.prompt * prompt
        if self.cached is not None:
            paid = paid + (self.cached - self.prompt) * np.asarray(cached_tokens, np.float64)
        return np.asarray((paid + self.new * np.asarray(new_tokens, np.float64)) / 1e6)


@dataclass(frozen=True, slots=True)
class MachinePrice:
    """Dollars an hour of a rented machine that works on `calls_at_once` calls."""

    per_hour: float
    calls_at_once: float

    def dollars(self, seconds: ArrayLike) -> FloatArray:
        """Price of calls that took so many seconds each."""
        paid = np.asarray(seconds, np.float64) * self.per_hour
        return np.asarray(paid / (3600 * self.calls_at_once))


@dataclass(frozen=True, slots=True)
class Calls:
    """Raw counts of calls, arrays of one shape; None or a negative count is not known.

    `known_tokens` counts the first tokens of a prompt that an earlier call of the same
    question has already computed, whatever the engine did: see `laws.prefixes`.
    """

    prompt_tokens: ArrayLike | None
    new_tokens: ArrayLike
    cached_tokens: ArrayLike | None = None
    known_tokens: ArrayLike | None = None
    seconds: ArrayLike | None = None


def call_costs(
    model: CostModel | None,
    calls: Calls,
    *,
    intensity: float | None = None,
    prices: TokenPrices | MachinePrice | None = None,
) -> dict[str, FloatArray]:
    """What each call costs on every axis; `eflops` and `dollars` where their facts are given.

    What cannot be known (no architecture, no count, more tokens cached than the prompt has) is
    NaN, never guessed.
    """
    new = _known(calls.new_tokens, calls.new_tokens)
    prompt, cached, known, seconds = (
        _known(part, new)
        for part in (calls.prompt_tokens, calls.cached_tokens, calls.known_tokens, calls.seconds)
    )
    cached = np.where(cached > prompt, np.nan, cached)
    known = np.where(known > prompt, np.nan, known)
    empty = np.full(new.shape, np.nan)
    costs = dict.fromkeys(("flops", "flops_uncached", "flops_engine", "flops_2nt"), empty)
    if model is not None:
        decode = model.decode(new, context=prompt)
        costs["flops"] = model.prefill(prompt, cached=known) + decode
        costs["flops_uncached"] = model.prefill(prompt) + decode
        costs["flops_engine"] = model.prefill(prompt, cached=cached) + decode
        costs["flops_2nt"] = model.two_nt(new)
    costs |= {"tokens": new, "seconds": seconds}
    if intensity is not None:
        traffic = empty if model is None else model.kv_bytes_read(new, context=prompt)
        costs["eflops"] = costs["flops"] + intensity * traffic
    if isinstance(prices, MachinePrice):
        costs["dollars"] = prices.dollars(seconds)
    elif prices is not None:
        costs["dollars"] = prices.dollars(prompt, new, cached)
    return costs


def bank_cost(
    model: CostModel | None,
    prompt_tokens: IntArray | None,
    tokens: IntArray,
    samples: IntArray,
    ks: Sequence[int] | IntArray,
    *,
    cap: int | None = None,
    cached_tokens: FloatArray | None = None,
    seconds: FloatArray | None = None,
    intensity: float | None = None,
    prices: TokenPrices | MachinePrice | None = None,
    active_parameters: float | None = None,
) -> dict[str, FloatArray]:
    """What k samples of each question cost on every axis, `[question, k]`.

    `tokens[question, sample]` are new tokens, charged up to `cap`; the first
    `samples[question]` of a row are real. A bank at k costs one prompt and k times the mean
    decode; `flops_uncached` pays the prompt k times; `flops_engine` uses
    `cached_tokens[question, sample]`. Seconds under a cap are not known. `active_parameters`
    gives `flops_2nt` where the architecture is not known. What cannot be known is NaN, never
    guessed.
    """
    sizes, counts = np.asarray(ks, np.float64), np.asarray(samples)
    if tokens.ndim != 2 or len(counts) != len(tokens):
        raise LawError(f"{tokens.shape} tokens for {len(counts)} questions", "one row a question")
    real = np.arange(tokens.shape[1]) < counts[:, None]
    new = tokens if cap is None else np.minimum(tokens, cap)
    prompt = _known(prompt_tokens, counts)
    context = np.broadcast_to(prompt[:, None], tokens.shape)
    calls = Calls(context, new, cached_tokens, context, None if cap is not None else seconds)
    each = call_costs(model, calls, intensity=intensity, prices=prices)
    if active_parameters is not None:
        each["flops_2nt"] = 2 * active_parameters * each["tokens"]
    costs = {axis: _mean(values, real)[:, None] * sizes for axis, values in each.items()}
    once = np.full(len(counts), np.nan) if model is None else model.prefill(prompt)
    for axis in set(ONCE) & set(costs):
        costs[axis] = costs[axis] + once[:, None]
    costs["flops_policy"] = costs["flops"]
    costs["flops_verifier"] = 0 * counts[:, None] * sizes
    costs["verifier_tokens"] = 0 * counts[:, None] * sizes
    return costs


def _known(counts: ArrayLike | None, like: ArrayLike) -> FloatArray:
    """Counts as numbers in the shape of `like`, NaN where they are not known."""
    shape = np.shape(like)
    if counts is None:
        return np.full(shape, np.nan)
    values = np.broadcast_to(np.asarray(counts, np.float64), shape)
    return np.where(values < 0, np.nan, values)


def _mean(values: FloatArray, real: NDArray[np.bool_]) -> FloatArray:
    """Mean over the real samples of each question; NaN where one of them is not known, or where
    there is none."""
    total, count = np.where(real, values, 0.0).sum(axis=1), real.sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
