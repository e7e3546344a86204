"""RLHFlow's process reward models: a chat in which every step is answered with + or -.

The format is that of their `math-rm/prm_evaluate.py` (github.com/RLHFlow/RLHF-Reward-Modeling):
the first user turn is the question, a space, and the first step; every further step is a turn of
its own; the assistant's turns are all `+`, whatever the model thought of those steps. The score
of a step is the softmax over the logits of + and - where its answer begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from scaling_cli.types import Message, Tokenizer
from scaling_cli.verifiers.reward_family import Prompt, Reader, sigmoid

PLUS, MINUS = "+", "-"


@dataclass(frozen=True, slots=True)
class RlhFlow:
    """Read as one token to come, so that a prefix cache has read all but the last step."""

    tokenizer: Tokenizer
    name: ClassVar[str] = "rlhflow"
    kind: ClassVar[Literal["process"]] = "process"
    reader: ClassVar[Reader] = "next_token"
    map: ClassVar[str] = "softmax(+, -)"
    arguments: ClassVar[Mapping[str, Any]] = {}

    @property
    def candidates(self) -> tuple[int, ...]:
        """Ids of + and -."""
        return self.tokenizer.encode(PLUS)[-1], self.tokenizer.encode(MINUS)[-1]

    def prompts(self, question: str, steps: Sequence[str]) -> list[Prompt]:
        """One for every step: the chat up to where its answer is due."""
        texts = [step.strip() for step in steps]
        chat, found = [], []
        for text in [f"{question} {texts[0]}", *texts[1:]]:
            chat.append(Message("user", text))
            tokens = self.tokenizer.encode(self.tokenizer.chat(chat))
            found.append(Prompt(tuple(tokens), (len(tokens) - 1,)))
            chat.append(Message("assistant", PLUS))
        return found

    def value(self, row: Sequence[float]) -> float:
        """P(+) / (P(+) + P(-))."""
        return sigmoid(row[0] - row[1])
