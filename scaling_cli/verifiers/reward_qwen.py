"""Qwen2.5-Math-PRM: two labels at a separator after every step (arXiv 2501.07301).

The format is that of the model card of `Qwen/Qwen2.5-Math-PRM-7B`: a chat of the system prompt
below, the question, and the steps, each followed by the token `<extra_0>`. The score of a step is
the second of the softmax over the two labels at its separator. What the template writes after
the last separator cannot change it and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from scaling_cli.errors import EngineError
from scaling_cli.types import Message, Tokenizer
from scaling_cli.verifiers.reward_family import Prompt, Reader, sigmoid

SEPARATOR = "<extra_0>"
SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."


@dataclass(frozen=True, slots=True)
class QwenPrm:
    """`Qwen2ForProcessRewardModel`; every score reads the whole context."""

    tokenizer: Tokenizer
    name: ClassVar[str] = "qwen-prm"
    kind: ClassVar[Literal["process"]] = "process"
    reader: ClassVar[Reader] = "token_classify"
    map: ClassVar[str] = "softmax(bad, good)"
    candidates: ClassVar[tuple[int, ...]] = ()
    # By itself vLLM gives the outputs at the published separator's id alone, and cannot part a
    # long prompt then; all outputs are asked for, and read where steps end.
    arguments: ClassVar[Mapping[str, Any]] = {"pooler_config": {"pooling_type": "ALL"}}

    def prompts(self, question: str, steps: Sequence[str]) -> list[Prompt]:
        """One, with a separator after every step. EngineError where that is no token."""
        separator = self.tokenizer.encode(SEPARATOR)
        if len(separator) != 1:
            raise EngineError(
                f"the tokenizer has no token {SEPARATOR}", "use the model's own tokenizer"
            )
        text = self.tokenizer.chat([Message("system", SYSTEM), Message("user", question)])
        tokens: list[int] = []
        ends = []
        for step in steps:
            # Separators part the text before merges do, so pieces give the tokens of the whole.
            tokens += self.tokenizer.encode(text + step.strip()) + separator
            ends.append(len(tokens) - 1)
            text = ""
        return [Prompt(tuple(tokens), tuple(ends))]

    def value(self, row: Sequence[float]) -> float:
        """The second label's chance; EngineError where there are not two."""
        if len(row) != 2:
            raise EngineError(
                f"the model's head has {len(row)} labels", "this family's heads have two"
            )
        return sigmoid(row[1] - row[0])
