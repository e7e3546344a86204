"""Skywork-o1-Open-PRM: a value head read at the newline that ends a step.

The format is that of github.com/SkyworkAI/skywork-o1-prm-inference (`model_utils/io_utils.py`):
the begin token, the question and a newline as one text, then every line of the solution encoded
by itself and followed by the token of a newline, empty lines too. The score is the sigmoid of
the value head. There every line is a step; here steps are the session's, and each is read at the
newline that ends its last line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from scaling_cli.errors import EngineError
from scaling_cli.types import Tokenizer
from scaling_cli.verifiers.reward_family import Prompt, Reader, sigmoid


@dataclass(frozen=True, slots=True)
class SkyworkPrm:
    """`Qwen2ForPrmModel`, loaded by `reward_value_head`; every score reads the whole context."""

    tokenizer: Tokenizer
    name: ClassVar[str] = "skywork-prm"
    kind: ClassVar[Literal["process"]] = "process"
    reader: ClassVar[Reader] = "token_classify"
    map: ClassVar[str] = "sigmoid"
    candidates: ClassVar[tuple[int, ...]] = ()
    arguments: ClassVar[Mapping[str, Any]] = {
        "hf_overrides": {"num_labels": 1},
        "worker_extension_cls": "scaling_cli.verifiers.reward_value_head.Registered",
    }

    def prompts(self, question: str, steps: Sequence[str]) -> list[Prompt]:
        """One, read at the end of every step."""
        newline = self.tokenizer.encode("\n")[-1]
        tokens = self.tokenizer.encode(f"{getattr(self.tokenizer, 'bos', '')}{question}\n")
        ends = []
        for step in steps:
            body = step.rstrip("\n")
            for line in body.split("\n"):
                tokens += [*self.tokenizer.encode(line), newline]
            ends.append(len(tokens) - 1)
            tokens += [newline] * (len(step) - len(body) - 1)
        return [Prompt(tuple(tokens[: ends[-1] + 1]), tuple(ends))]

    def value(self, row: Sequence[float]) -> float:
        """The value head's chance; EngineError where there is more than one value."""
        if len(row) != 1:
            raise EngineError(
                f"the model's head has {len(row)} values", "this family's heads have one"
            )
        return sigmoid(row[0])
