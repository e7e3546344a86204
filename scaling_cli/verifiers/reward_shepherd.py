"""Math-Shepherd: a language model that says + or - after every step (arXiv 2312.08935).

The format is that of the model card of `peiyi9979/math-shepherd-mistral-7b-prm`: the question, a
space, and the steps, a line each, that end with the tag ` ки`. The score of a step is the softmax
over the next token's logits of + and -, at the tag. The tags stay in the text and the labels
never enter it, so a step's prompt begins with all of the one before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from scaling_cli.errors import EngineError
from scaling_cli.types import Tokenizer
from scaling_cli.verifiers.reward_family import Prompt, Reader, sigmoid

TAG = "ки"


@dataclass(frozen=True, slots=True)
class MathShepherd:
    """Read as one token to come, so that a prefix cache has read all but the last step."""

    tokenizer: Tokenizer
    name: ClassVar[str] = "math-shepherd"
    kind: ClassVar[Literal["process"]] = "process"
    reader: ClassVar[Reader] = "next_token"
    map: ClassVar[str] = "softmax(+, -)"
    arguments: ClassVar[Mapping[str, Any]] = {}

    @property
    def candidates(self) -> tuple[int, ...]:
        """Ids of + and - as the model card has them: a pair that a space divides."""
        pair = tuple(self.tokenizer.encode("+ -"))
        if len(pair) != 2:
            raise EngineError(
                "the tokenizer has no single tokens for + and -",
                "name another family, or the model's own tokenizer",
            )
        return pair

    def prompts(self, question: str, steps: Sequence[str]) -> list[Prompt]:
        """One for every step: all up to its tag. EngineError where the tag is no token."""
        begin = self.tokenizer.encode(str(getattr(self.tokenizer, "bos", "")))
        tag = self.tokenizer.encode(TAG)[-1]
        found, text = [], f"{question} "
        for step in steps:
            text += f"{step.strip()} {TAG}"
            tokens = begin + self.tokenizer.encode(text)
            if tokens[-1] != tag:
                raise EngineError(
                    f"the tokenizer does not keep the step tag {TAG} whole",
                    "name another family, or the model's own tokenizer",
                )
            found.append(Prompt(tuple(tokens), (len(tokens) - 1,)))
            text += "\n"
        return found

    def value(self, row: Sequence[float]) -> float:
        """P(+) / (P(+) + P(-))."""
        return sigmoid(row[0] - row[1])
