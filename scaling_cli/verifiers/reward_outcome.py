"""Outcome reward models: one scalar for a finished solution, a linear head on a language model.

The format is that of Skywork-Reward and its V2 (arXiv 2410.18451, 2507.01352; their model
cards): question and solution as a chat of two turns, no system prompt, one begin token, and the
head read at the last token. The scalars are Bradley-Terry scores without bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from scaling_cli.errors import EngineError
from scaling_cli.types import Message, Tokenizer
from scaling_cli.verifiers.reward_family import Prompt, Reader, sigmoid


@dataclass(frozen=True, slots=True)
class Outcome:
    """Heads of `*ForSequenceClassification` with one label."""

    tokenizer: Tokenizer
    name: ClassVar[str] = "outcome"
    kind: ClassVar[Literal["outcome"]] = "outcome"
    reader: ClassVar[Reader] = "classify"
    map: ClassVar[str] = "sigmoid"
    candidates: ClassVar[tuple[int, ...]] = ()
    arguments: ClassVar[Mapping[str, Any]] = {}

    def prompts(self, question: str, steps: Sequence[str]) -> list[Prompt]:
        """The chat of question and solution."""
        chat = [Message("user", question), Message("assistant", "".join(steps))]
        tokens = self.tokenizer.encode(self.tokenizer.transcript(chat))
        return [Prompt(tuple(tokens), (len(tokens) - 1,))]

    def value(self, row: Sequence[float]) -> float:
        """The chance to beat a solution of scalar 0; EngineError where there are more labels."""
        if len(row) != 1:
            raise EngineError(
                f"the model's head has {len(row)} labels", "a reward model's head has one"
            )
        return sigmoid(row[0])
