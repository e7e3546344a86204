"""FLOPs and cache traffic of a causal transformer, from its architecture, in closed form."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.types import Architecture

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from scaling_cli.types import FloatArray


@dataclass(frozen=True, slots=True)
class CostModel:
    """FLOPs of one architecture, two per multiply-accumulate.

    Counted: projections with grouped key-value heads, attention over the context each token
    sees (itself included, sliding windows respected), the MLP (gated or not; of a mixture the
    router and the active experts only), and the LM head where a token is sampled. Left out,
    below half a percent together: norms, softmax, rotary embeddings, activations.

    Every method takes numbers or arrays, broadcasts them, and gives float64 of that shape.
    NaN stays NaN; a negative count is a LawError.
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

    def _seen(self, start: FloatArray, stop: FloatArray) -> FloatArray:
        """Tokens attended to by the positions start+1 .. stop, summed over the layers."""
        a = self.architecture
        windows = Counter(a.windows or (0,) * a.layers)
        total = np.zeros(np.broadcast_shapes(start.shape, stop.shape))
        for window, layers in windows.items():
            total += layers * (_seen(stop, window) - _seen(start, window))
        return total

    def attention(self, start: ArrayLike, stop: ArrayLike) -> FloatArray:
        """FLOPs of scores and mixtures for the tokens at positions start+1 .. stop.

        A token at position p sees min(p, window) tokens, itself included: 4·heads·head_dim
        FLOPs for each (query·key and weight·value).
        """
        a = self.architecture
        seen = self._seen(np.asarray(start, np.float64), np.asarray(stop, np.float64))
        return np.asarray(4.0 * a.heads * a.head_dim * seen)

    def body(self, start: ArrayLike, stop: ArrayLike) -> FloatArray:
        """FLOPs of the positions start+1 .. stop, LM head left out."""
        first, last = _counts(start), _counts(stop)
        if (last < first).any():
            raise LawError(
                "more tokens are said to be cached than the prompt has",
                "give each prompt's own count of cached tokens",
            )
        return np.asarray((last - first) * self.per_token + self.attention(first, last))

    def prefill(self, prompt_tokens: ArrayLike, *, cached: ArrayLike = 0) -> FloatArray:
        """FLOPs to read a prompt of which the first `cached` tokens are in the cache."""
        return self.body(cached, prompt_tokens)

    def decode(self, new_tokens: ArrayLike, *, context: ArrayLike) -> FloatArray:
        """FLOPs to sample `new_tokens` after `context` tokens that are already computed.

        The head runs once a token; the last sampled token is never read, so the body runs
        once less.
        """
        sampled, before = _counts(new_tokens), _counts(context)
        read = np.maximum(sampled - 1, 0)
        return np.asarray(self.body(before, before + read) + sampled * self.head)

    def two_nt(self, new_tokens: ArrayLike) -> FloatArray:
        """2·N·T (Kaplan et al. 2020), N all active parameters: what papers usually report."""
        parameters = self.architecture.active_parameters or self.architecture.parameters
        count = np.nan if parameters is None else float(parameters)
        return np.asarray(2.0 * count * _counts(new_tokens))

    def kv_bytes_per_token(self, *, bytes_per_number: float = 2.0) -> float:
        """Bytes one token adds to the key-value cache while it is inside every window."""
        a = self.architecture
        return 2.0 * a.layers * a.kv_heads * a.head_dim * bytes_per_number

    def kv_bytes_read(
        self, new_tokens: ArrayLike, *, context: ArrayLike, bytes_per_number: float = 2.0
    ) -> FloatArray:
        """Bytes of cache read while sampling: every token reads all it attends to."""
        a = self.architecture
        before = _counts(context)
        after = before + np.maximum(_counts(new_tokens) - 1, 0)
        numbers = 2.0 * a.kv_heads * a.head_dim * self._seen(before, after)
        return np.asarray(bytes_per_number * numbers)

    def eflops(
        self, prompt_tokens: ArrayLike, new_tokens: ArrayLike, *, intensity: float
    ) -> FloatArray:
        """Equivalent FLOPs of one call (Kinetics, arXiv 2506.05333): compute + I × cache traffic.

        `intensity` is the hardware's FLOPs per byte of memory bandwidth. Weights are not read
        in this count: a full batch shares them.
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


def _counts(values: ArrayLike) -> FloatArray:
    counts = np.asarray(values, np.float64)
    if (counts < 0).any():
        raise LawError("a number of tokens is negative", "give NaN where a count is not known")
    return counts
