"""From raw counts to FLOPs: what a causal transformer computes for a prompt and its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.types import Architecture

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from scaling_cli.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class CostModel:
    """FLOPs of one architecture, two per multiply-accumulate.

    Counted: projections with grouped key-value heads, attention over the context each token
    sees (itself included, sliding windows respected), the MLP (gated or not; of a mixture the
    router and the active experts only), and the LM head where a token is sampled. Left out,
    below half a percent together: norms, softmax, rotary embeddings, activations.
    """

    architecture: Architecture

    @property
    def per_token(self) -> float:
        """FLOPs of one token through all layers, attention scores and LM head apart."""
        a = self.architecture
        attention = a.width * a.head_dim * (2 * a.heads + 2 * a.kv_heads)
        layers = (attention + self._mlp(layer) for layer in range(a.layers))
        return 2.0 * sum(layers)

    @property
    def head(self) -> float:
        """FLOPs of the LM head for one sampled token."""
        return 2.0 * self.architecture.width * self.architecture.vocabulary

    def _mlp(self, layer: int) -> float:
        """Multiply-accumulates of one layer's MLP for one token."""
        a = self.architecture
        matrices = 3 if a.gated else 2
        if not (a.sparse and a.sparse[layer]):
            return float(matrices * a.width * a.mlp_width)
        experts = matrices * a.width * a.expert_width * a.active_experts
        shared = matrices * a.width * a.shared_expert_width
        return float(experts + shared + a.width * a.experts)

    def attention(self, start: ArrayLike, stop: ArrayLike) -> FloatArray:
        """FLOPs of scores and mixtures for the tokens at positions start+1 .. stop.

        A token at position p sees min(p, window) tokens, itself included: 4·heads·head_dim
        FLOPs for each (query·key and weight·value).
        """
        a = self.architecture
        first, last = np.asarray(start, np.float64), np.asarray(stop, np.float64)
        windows = a.windows or (0,) * a.layers
        seen = sum((_seen(last, w) - _seen(first, w) for w in windows), np.zeros(1))
        return np.asarray(4.0 * a.heads * a.head_dim * seen)

    def body(self, start: ArrayLike, stop: ArrayLike) -> FloatArray:
        """FLOPs of the positions start+1 .. stop, LM head left out."""
        count = np.asarray(stop, np.float64) - np.asarray(start, np.float64)
        return np.asarray(count * self.per_token + self.attention(start, stop))

    def prefill(self, prompt_tokens: ArrayLike, *, cached: ArrayLike = 0) -> FloatArray:
        """FLOPs to read a prompt of which the first `cached` tokens are in the cache."""
        return _scalar(self.body(cached, prompt_tokens))

    def decode(self, new_tokens: ArrayLike, *, context: ArrayLike) -> FloatArray:
        """FLOPs to sample `new_tokens` after `context` tokens that are already computed.

        The head runs once a token; the last sampled token is never read, so the body runs
        once less.
        """
        sampled = np.asarray(new_tokens, np.float64)
        before = np.asarray(context, np.float64)
        read = np.maximum(sampled - 1, 0)
        return _scalar(self.body(before, before + read) + sampled * self.head)

    def two_nt(self, new_tokens: ArrayLike) -> FloatArray:
        """2·N·T (Kaplan et al. 2020), N all active parameters: what papers usually report."""
        parameters = self.architecture.active_parameters or self.architecture.parameters
        count = np.nan if parameters is None else float(parameters)
        return np.asarray(2.0 * count * np.asarray(new_tokens, np.float64))

    def kv_bytes_per_token(self, *, bytes_per_number: float = 2.0) -> float:
        """Bytes one token adds to the key-value cache of layers without a window."""
        a = self.architecture
        return 2.0 * a.layers * a.kv_heads * a.head_dim * bytes_per_number

    def kv_bytes_read(
        self, new_tokens: ArrayLike, *, context: ArrayLike, bytes_per_number: float = 2.0
    ) -> FloatArray:
        """Bytes of cache read while sampling: every token reads all it attends to."""
        a = self.architecture
        before = np.asarray(context, np.float64)
        after = before + np.maximum(np.asarray(new_tokens, np.float64) - 1, 0)
        windows = a.windows or (0,) * a.layers
        seen = sum((_seen(after, w) - _seen(before, w) for w in windows), np.zeros(1))
        return np.asarray(2.0 * a.kv_heads * a.head_dim * bytes_per_number * seen)

    def eflops(
        self, prompt_tokens: ArrayLike, new_tokens: ArrayLike, *, intensity: float
    ) -> FloatArray:
        """Equivalent FLOPs (Kinetics, arXiv 2506.05333): compute + I × cache traffic.

        `intensity` is the hardware's FLOPs per byte of memory bandwidth.
        """
        compute = self.prefill(prompt_tokens) + self.decode(new_tokens, context=prompt_tokens)
        return np.asarray(
            compute + intensity * self.kv_bytes_read(new_tokens, context=prompt_tokens)
        )


def _seen(position: FloatArray, window: int) -> FloatArray:
    """Tokens seen by positions 1 .. `position`, summed: p(p+1)/2, capped at the window each."""
    if not window:
        return np.asarray(position * (position + 1) / 2)
    inside = np.minimum(position, window)
    return np.asarray(inside * (inside + 1) / 2 + np.maximum(position - window, 0) * window)


def _scalar(values: FloatArray) -> FloatArray:
    return values.reshape(()) if values.size == 1 else values


def bank_cost(
    model: CostModel | None,
    prompt_tokens: IntArray | None,
    tokens: IntArray,
    samples: IntArray,
    ks: Sequence[int] | IntArray,
    *,
    cached_tokens: FloatArray | None = None,
    seconds: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """What k samples of each question cost on every axis, `[question, k]`.

    `tokens[question, sample]` are new tokens (after any cap), the first `samples[question]` of
    a row are real. A bank at k costs one prompt and k times the mean decode; `flops_uncached`
    pays the prompt k times; `flops_engine` uses `cached_tokens[question, sample]`. What cannot
    be known (no architecture, no prompt length, no token counts) is NaN, never guessed.
    """
    sizes = np.asarray(ks, np.float64)
    counts = np.asarray(samples)
    if tokens.ndim != 2 or len(counts) != len(tokens):
        raise LawError(f"{tokens.shape} tokens for {len(counts)} questions", "one row a question")
    real = np.arange(tokens.shape[1]) < counts[:, None]
    new = np.where(real, np.asarray(tokens, np.float64), np.nan)
    new[new < 0] = np.nan
    costs = {
        "tokens": _mean(new, real)[:, None] * sizes,
        "flops_verifier": 0 * counts[:, None] * sizes,
    }
    empty = np.full((len(counts), len(sizes)), np.nan)
    prompt = decode = two_nt = engine = empty
    if model is not None:
        two_nt = _mean(model.two_nt(new), real)[:, None] * sizes
    if model is not None and prompt_tokens is not None:
        context = np.asarray(prompt_tokens, np.float64)[:, None]
        decode = _mean(model.decode(new, context=context), real)[:, None] * sizes
        prompt = np.asarray(model.prefill(context[:, 0])).reshape(-1, 1)
        if cached_tokens is not None:
            read = model.body(
                np.where(real, cached_tokens, np.nan), np.where(real, context, np.nan)
            )
            engine = decode + _mean(read, real)[:, None] * sizes
    costs["flops"] = costs["flops_policy"] = prompt + decode
    costs["flops_uncached"] = prompt * sizes + decode
    costs["flops_engine"] = engine
    costs["flops_2nt"] = two_nt
    costs["seconds"] = empty
    if seconds is not None:
        costs["seconds"] = _mean(np.where(real, seconds, np.nan), real)[:, None] * sizes
    return costs


def _mean(values: FloatArray, real: NDArray[np.bool_]) -> FloatArray:
    """Mean over the real samples of each question; NaN where one of them is not known."""
    total = np.where(real, values, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(real.sum(axis=1), 1))
