"""vLLM asked for a reward model's outputs; many prompts may be awaited at once, it batches them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scaling_cli.errors import EngineDied, EngineError
from scaling_cli.verifiers.reward_family import Prompt, Reader
from scaling_cli.vllm_process import VllmProcess

AGAIN = "run the command again: it resumes"


@dataclass(frozen=True, slots=True)
class Reply:
    """`rows[end]` are the outputs at each of the prompt's ends; the counts are vLLM's."""

    rows: list[list[float]]
    prompt_tokens: int
    cached_tokens: int | None
    new_tokens: int


@dataclass(slots=True)
class RewardEngine:
    """A running vLLM that serves a reward model."""

    process: VllmProcess
    reader: Reader
    candidates: tuple[int, ...]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def read(self, prompt: Prompt) -> Reply:
        """EngineError where vLLM refuses or gives no outputs, EngineDied where it is gone."""
        name = f"score-{next(self.numbers)}"
        given = {"prompt_token_ids": list(prompt.tokens)}
        try:
            if self.reader == "next_token":
                async for reply in self.process.llm.generate(given, self._sampling(), name):
                    last = reply
            else:
                async for reply in self.process.llm.encode(given, self._pooling(), name):
                    last = reply
        except Exception as error:
            kind = EngineDied if getattr(self.process.llm, "errored", False) else EngineError
            raise kind(f"the reward model failed: {error}", AGAIN) from error
        return self._next_token(last) if self.reader == "next_token" else self._pooled(last, prompt)

    def _pooling(self) -> Any:
        from vllm.pooling_params import PoolingParams

        return PoolingParams(task=self.reader, use_activation=False)

    def _sampling(self) -> Any:
        """One token out of the candidates, with the log-probabilities of them all."""
        from vllm.sampling_params import RequestOutputKind, SamplingParams

        return SamplingParams(
            max_tokens=1,
            temperature=0.0,
            allowed_token_ids=list(self.candidates),
            logprobs=len(self.candidates),
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def _next_token(self, reply: Any) -> Reply:
        output = reply.outputs[0]
        told = output.logprobs[0] if output.logprobs else {}
        if not all(token in told for token in self.candidates):
            raise EngineError("the reward model gave no score", AGAIN)
        return Reply(
            rows=[[float(told[token].logprob) for token in self.candidates]],
            prompt_tokens=len(reply.prompt_token_ids),
            cached_tokens=reply.num_cached_tokens,
            new_tokens=len(output.token_ids),
        )

    def _pooled(self, reply: Any, prompt: Prompt) -> Reply:
        rows = reply.outputs.data.float().tolist()
        if self.reader == "classify":
            rows = [rows] if rows else []
        elif len(rows) != len(prompt.tokens):
            # Fewer where a prefix came out of the cache or vLLM looked for a step tag.
            raise EngineError(
                f"the reward model scored {len(rows)} of {len(prompt.tokens)} tokens",
                "use a vLLM of another version",
            )
        else:
            rows = [rows[end] for end in prompt.ends]
        if not all(rows) or len(rows) != len(prompt.ends):
            raise EngineError("the reward model gave no score", AGAIN)
        return Reply(rows, len(prompt.tokens), reply.num_cached_tokens, 0)
