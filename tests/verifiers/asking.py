"""What a verifier is handed, as far as its tests need it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scaling_cli.engines.fake import FakeTokenizer
from scaling_cli.types import (
    Alternatives,
    Asking,
    Completion,
    Question,
    Reward,
    Sampler,
    Tokenizer,
    Trace,
    Verifier,
)
from scaling_cli.verifiers import open_verifier

QUESTION = Question("t/s/1", "t", "What is 2+3?", "5")


def reply(text: str, alternatives: tuple[Alternatives, ...] | None = None) -> Completion:
    return Completion(text, "stop", None, 10, None, 1, None, 0.0, alternatives=alternatives)


@dataclass
class FakeAsking:
    """Replies from a list, counts what is asked; a trace is right where its text holds gold."""

    replies: Sequence[Completion] = ()
    question: Question = QUESTION
    prompt: tuple[int, ...] = (1, 2)
    prompt_text: str = "<user>What is 2+3?\n<assistant>"
    tokenizer: Tokenizer | None = field(default_factory=FakeTokenizer)
    endings: Sequence[str] = ()
    success_probability: Callable[[Trace], float | None] = lambda trace: None
    asked: list[tuple[str, Sampler, int, int]] = field(default_factory=list)
    rolled: list[tuple[Trace, int, float | None]] = field(default_factory=list)

    async def ask(
        self, prompt_text: str, sampler: Sampler, *, count: int = 1, alternatives: int = 0
    ) -> list[Completion]:
        self.asked.append((prompt_text, sampler, count, alternatives))
        assert len(self.replies) == count
        return list(self.replies)

    async def roll(
        self, trace: Trace, *, count: int = 1, temperature: float | None = None
    ) -> list[Trace]:
        self.rolled.append((trace, count, temperature))
        ends = [self.endings[place % len(self.endings)] for place in range(count)]
        return [replace(trace, text=trace.text + end, finished=True) for end in ends]

    async def is_right(self, trace: Trace) -> bool:
        return self.question.answer in trace.text


async def score(
    name: str, trace: Trace, asking: Asking | None = None, seed: int = 0, **options: Any
) -> Reward:
    """What the verifier of that name gives the trace."""
    verifier: Verifier = await open_verifier(name, options, seed=seed)
    reward = await verifier.score(trace, asking or FakeAsking())
    await verifier.close()
    return reward
