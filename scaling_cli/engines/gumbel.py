"""Seeded sampling for vLLM on a CPU: the Gumbel-max trick as a logits processor.

vLLM cannot seed a request on a CPU, and spends a third of a step of a small model on drawing
exponentials. Here each request draws its own noise from (its seed, the position), and the
engine takes the argmax: argmax_v(logit_v / T - log E_v) with E_v ~ Exp(1) is an exact draw
from softmax(logit / T). So the same call gives the same tokens, up to the numerics of batching.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor, MoveDirectionality

from scaling_cli.engines.vllm import SEED, TEMPERATURE

if TYPE_CHECKING:
    import torch

SMALLEST = 2.0**-25
"""Below the resolution of the float32 draw: a zero would make its token win for certain."""


class GumbelMax(LogitsProcessor):  # type: ignore[misc]
    """Adds seeded Gumbel noise to the rows of the requests that ask for it."""

    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None:
        self._rows: dict[int, tuple[int, float, list[int]]] = {}

    def is_argmax_invariant(self) -> bool:
        """False: the noise decides which token is the largest."""
        return False

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Follow the requests through the batch, in vLLM's order: removed, added, moved."""
        if batch_update is None:
            return
        for index in batch_update.removed:
            self._rows.pop(index, None)
        for index, parameters, _, output_ids in batch_update.added:
            extra = parameters.extra_args or {}
            self._rows.pop(index, None)
            if SEED in extra:
                self._rows[index] = (int(extra[SEED]), float(extra[TEMPERATURE]), output_ids)
        for origin, target, direction in batch_update.moved:
            self._move(origin, target, swap=direction == MoveDirectionality.SWAP)

    def _move(self, origin: int, target: int, *, swap: bool) -> None:
        moved, displaced = self._rows.pop(origin, None), self._rows.pop(target, None)
        if moved is not None:
            self._rows[target] = moved
        if swap and displaced is not None:
            self._rows[origin] = displaced

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """logits[request, token] -> logit / T + Gumbel noise, for the seeded rows."""
        import torch

        rows = sorted(index for index in self._rows if index < logits.shape[0])
        if not rows:
            return logits
        noise = np.empty((len(rows), logits.shape[1]), np.float32)
        temperatures = torch.empty(len(rows), 1)
        for place, index in enumerate(rows):
            seed, temperature, output_ids = self._rows[index]
            source = np.random.Generator(np.random.SFC64([seed, len(output_ids)]))
            source.standard_exponential(dtype=np.float32, method="zig", out=noise[place])
            temperatures[place] = temperature
        log_noise = torch.from_numpy(noise).clamp_(min=SMALLEST).log_()
        if rows == list(range(logits.shape[0])):
            return logits.div_(temperatures).sub_(log_noise)
        logits[rows] = logits[rows].div_(temperatures).sub_(log_noise)
        return logits
