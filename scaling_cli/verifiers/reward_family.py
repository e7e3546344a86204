"""What a family of reward models is: the prompts it reads, and how its outputs become scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Reader = Literal["classify", "token_classify", "next_token"]
"""How a model is read: one output for the whole prompt, one for every token of it, or the
log-probabilities of a few tokens that may come next."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids a reward model reads, and the positions at which its outputs are scores."""

    tokens: tuple[int, ...]
    ends: tuple[int, ...]


class Family(Protocol):
    """One way of training reward models.

    `map` names how an output becomes a number in [0, 1]. `arguments` are what vLLM has to be
    told to load it. `candidates` are the tokens a `next_token` reader looks at.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Literal["outcome", "process"]: ...
    @property
    def reader(self) -> Reader: ...
    @property
    def map(self) -> str: ...
    @property
    def candidates(self) -> tuple[int, ...]: ...
    @property
    def arguments(self) -> Mapping[str, Any]: ...
    def prompts(self, question: str, steps: Sequence[str]) -> list[Prompt]:
        """What is asked for a solution of these steps: together one position for every step, in
        order; an outcome model has one for them all."""
        ...

    def value(self, row: Sequence[float]) -> float:
        """One position's outputs as a score in [0, 1]."""
        ...


def sigmoid(logit: float) -> float:
    """1 / (1 + exp(-logit)), without overflow; also a softmax of two, given their difference."""
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    return math.exp(logit) / (1 + math.exp(logit))
