"""The one door: a call is replayed from the journal, gone on with, or made and recorded."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from scaling_cli.errors import EngineDied, EngineError, StoreError
from scaling_cli.running.journal import Journal, Partial, Record
from scaling_cli.types import (
    Completion,
    Engine,
    FinishReason,
    Request,
    Reward,
    Sampler,
    Tokenizer,
)

T = TypeVar("T")


def seed_of(name: str) -> int:
    """A call's seed: 31 bits of the SHA-256 of its name (engines differ in how many they take)."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True, slots=True)
class Door:
    """What the sessions of one cell share. `start` counts the engine's starts for this run.

    `model` and `vocabulary` are the policy's.
    """

    cell: str
    engine: Engine
    journal: Journal
    tokenizer: Tokenizer | None
    sampler: Sampler
    seed: int = 0
    start: int = 0
    model: str = ""
    vocabulary: int | None = None
    drawn: Callable[[int, bool], None] = lambda tokens, failed: None

    async def call(
        self,
        request: Request,
        engine: Engine | None = None,
        *,
        reduced: Callable[[Completion], Completion] = lambda completion: completion,
    ) -> Record:
        """Replay a recorded call, go on with an interrupted one, or make it.

        `reduced` makes of a reply what the journal keeps of it. An engine's failure is recorded
        with its sentence, and stays in the denominator.
        """
        known = self.journal.done.get(request.name)
        if known is not None and known.error is None:
            return known
        try:
            completion = reduced(await self._generate(request, engine or self.engine))
            record = Record(request.name, completion, None, request.seed, self.start)
        except EngineDied:
            raise
        except EngineError as error:
            record = Record(request.name, None, str(error), request.seed, self.start)
        self.journal.record(record)
        sampled = record.completion.new_tokens if record.completion is not None else 0
        self.drawn(sampled or 0, record.completion is None)
        return self.journal.done[request.name]

    def keep(self, name: str, reward: Reward | None, error: str | None) -> Record:
        """Record a score, or why there is none."""
        self.journal.record(Record(name, None, error, 0, self.start, reward))
        return self.journal.done[name]

    def seed_for(self, call: str) -> int:
        """The seed of the call of that name in this cell."""
        return seed_of(f"{self.cell}/{self.seed}/{call}")

    async def _generate(self, request: Request, engine: Engine) -> Completion:
        if not self.journal.ticks or engine is not self.engine:
            return await engine.generate(request)
        before = self.journal.partial.get(request.name, Partial())

        def sampled(tokens: Sequence[int], logprobs: Sequence[float] | None) -> None:
            self.journal.sampled(request.name, tokens, logprobs)

        if not before.tokens:
            return await engine.generate(request, sampled)
        return await self._go_on(request, before, sampled)

    async def _go_on(self, request: Request, before: Partial, sampled: object) -> Completion:
        """Sample the rest of an interrupted call, given the tokens it had."""
        room = request.sampler.max_tokens - len(before.tokens)
        if room < 1 or self._ended(request, before):
            return self._joined(request, before, self._nothing(request, before))
        rest = replace(
            request,
            prompt=request.prompt + tuple(before.tokens),
            prompt_text=request.prompt_text + self._decode(before.tokens),
            sampler=replace(request.sampler, max_tokens=room),
        )
        reply = await self.engine.generate(rest, sampled)  # type: ignore[arg-type]
        return self._joined(request, before, reply)

    def _ended(self, request: Request, before: Partial) -> bool:
        """Whether only the news of its end was lost: it must not be sampled past its end."""
        ends = self.tokenizer.stop_ids if self.tokenizer is not None else ()
        return before.tokens[-1] in ends and not request.sampler.ignore_eos

    def _nothing(self, request: Request, before: Partial) -> Completion:
        """What is left of a call whose every token is journalled."""
        reason: FinishReason = "stop" if self._ended(request, before) else "length"
        return Completion("", reason, (), len(request.prompt), None, 0, (), 0.0)

    def _joined(self, request: Request, before: Partial, reply: Completion) -> Completion:
        if reply.tokens is None:
            raise StoreError(
                f"{self.engine.facts.name} streams but gives no token ids", "report this"
            )
        tokens = (*before.tokens, *reply.tokens)
        logprobs = None
        if before.logprobs is not None and reply.logprobs is not None:
            logprobs = (*before.logprobs, *reply.logprobs)
        text = self._decode(tokens)
        ends = [at for stop in request.sampler.stop if (at := text.find(stop)) >= 0]
        return replace(
            reply,
            text=text[: min(ends)] if ends else text,
            tokens=tokens,
            logprobs=logprobs,
            prompt_tokens=len(request.prompt),
            new_tokens=len(tokens),
        )

    def _decode(self, tokens: Sequence[int]) -> str:
        if self.tokenizer is None:
            raise StoreError("a streaming engine needs a tokenizer", "give the model's folder")
        return self.tokenizer.decode(tokens)


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """All of them, each to its end, also when one fails: what was asked for is recorded."""
    replies = await asyncio.gather(*calls, return_exceptions=True)
    errors = [reply for reply in replies if isinstance(reply, BaseException)]
    if errors:
        raise next((e for e in errors if not isinstance(e, EngineError)), _worst(errors))
    return [reply for reply in replies if not isinstance(reply, BaseException)]


async def in_turn(calls: Iterable[Awaitable[T]]) -> list[T]:
    """One after the other, for calls that wait for nothing: a task each would cost more."""
    return [await call for call in calls]


def _worst(errors: Sequence[BaseException]) -> BaseException:
    return next((error for error in errors if isinstance(error, EngineDied)), errors[0])
