"""The value head of Skywork's process reward models, for vLLM: it has no such architecture.

Importing this module makes the architecture known to vLLM; its processes import it because
`Registered` is named as their worker's extension.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vllm import ModelRegistry
from vllm.model_executor.models.adapters import as_seq_cls_model
from vllm.model_executor.models.qwen2 import Qwen2ForCausalLM

if TYPE_CHECKING:
    import torch

ARCHITECTURE = "Qwen2ForPrmModel"
"""What the published `config.json` calls it."""

HEAD = "v_head.summary."
"""How the published weights name the head: a linear layer to one value, with a bias."""


class ValueHeadModel(as_seq_cls_model(Qwen2ForCausalLM)):  # type: ignore[misc]
    """Qwen2 with a classifier at every token, which the checkpoint calls a value head."""

    def load_weights(self, weights: Iterable[tuple[str, torch.Tensor]]) -> set[str]:
        """The head under the name vLLM's classifier has; the rest as it is."""
        renamed = ((name.replace(HEAD, "score."), weight) for name, weight in weights)
        loaded: set[str] = super().load_weights(renamed)
        return loaded


ModelRegistry.register_model(ARCHITECTURE, ValueHeadModel)


class Registered:
    """Nothing to add to a worker: naming it makes the worker import this module."""
