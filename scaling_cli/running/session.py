"""The one door: every token a strategy asks for is named, seeded, journalled and charged here."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from scaling_cli.errors import EngineDied, EngineError, StoreError
from scaling_cli.running.journal import Journal, Partial, Record
from scaling_cli.types import (
    Completion,
    Engine,
    FinishReason,
    Question,
    Request,
    Sampler,
    Tokenizer,
    Trace,
)


def seed_of(name: str) -> int:
    """A call's seed: 31 bits of the SHA-256 of its name (engines differ in how many they take)."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True, slots=True)
class Door:
    """What the sessions of one cell share. `start` counts the engine's starts for this run."""

    cell: str
    engine: Engine
    journal: Journal
    tokenizer: Tokenizer | None
    sampler: Sampler
    seed: int = 0
    start: int = 0
    drawn: Callable[[int, bool], None] = lambda tokens, failed: None

    async def call(self, request: Request) -> Record:
        """Replay a recorded call, go on with an interrupted one, or make it.

        An engine's failure is recorded with its sentence, and stays in the denominator.
        """
        known = self.journal.done.get(request.name)
        if known is not None and known.error is None:
            return known
        try:
            completion = await self._generate(request)
            record = Record(request.name, completion, None, request.seed, self.start)
        except EngineDied:
            raise
        except EngineError as error:
            record = Record(request.name, None, str(error), request.seed, self.start)
        self.journal.record(record)
        sampled = record.completion.new_tokens if record.completion is not None else 0
        self.drawn(sampled or 0, record.completion is None)
        return self.journal.done[request.name]

    async def _generate(self, request: Request) -> Completion:
        if not self.journal.ticks:
            return await self.engine.generate(request)
        before = self.journal.partial.get(request.name, Partial())

        def sampled(tokens: Sequence[int], logprobs: Sequence[float] | None) -> None:
            self.journal.sampled(request.name, tokens, logprobs)

        if not before.tokens:
            return await self.engine.generate(request, sampled)
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


class QuestionSession:
    """A `Session`: one question's view of the door.

    `numbers` are the names of the traces a first `extend` makes, so that a bank with some
    samples draws the missing ones under the names they always had.
    """

    def __init__(
        self,
        door: Door,
        question: Question,
        *,
        prompt_text: str,
        prompt: Sequence[int],
        numbers: Iterable[int] | None = None,
        path: str = "",
    ) -> None:
        self._door = door
        self._question = question
        self._prompt_text = prompt_text
        self._prompt = tuple(prompt)
        self._numbers = iter(numbers) if numbers is not None else itertools.count()
        self._path = path
        self._branches: set[int] = set()

    @property
    def question(self) -> Question:
        return self._question

    def branch(self, index: int) -> QuestionSession:
        """A session whose calls carry names of their own, for fan-out; each index once."""
        if index in self._branches:
            raise ValueError(f"branch {index} of this session was made before: its names are taken")
        self._branches.add(index)
        return QuestionSession(
            self._door,
            self._question,
            prompt_text=self._prompt_text,
            prompt=self._prompt,
            path=f"{self._path}{index}/",
        )

    async def extend(
        self,
        traces: Sequence[Trace],
        *,
        stop: Sequence[str] = (),
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> list[Trace]:
        """Continue every trace by one call, all at once; the order is kept."""
        sampler = replace(
            self._door.sampler,
            stop=(*self._door.sampler.stop, *stop),
            max_tokens=max_tokens or self._door.sampler.max_tokens,
            temperature=self._door.sampler.temperature if temperature is None else temperature,
        )
        # Names are given before the first await: they must not depend on timing.
        names = [f"{self._path}{next(self._numbers)}" for _ in traces]
        calls = [
            self._extend(name, trace, sampler) for name, trace in zip(names, traces, strict=True)
        ]
        return list(await asyncio.gather(*calls))

    async def _extend(self, name: str, trace: Trace, sampler: Sampler) -> Trace:
        call = call_name(self._question.id, name)
        request = Request(
            name=call,
            question_id=self._question.id,
            prompt=self._prompt + trace.tokens,
            prompt_text=self._prompt_text + trace.text,
            sampler=sampler,
            seed=seed_of(f"{self._door.cell}/{self._door.seed}/{call}"),
        )
        record = await self._door.call(request)
        return _longer(trace, record)


def call_name(question_id: str, name: str | int) -> str:
    """A call's name within its cell."""
    return f"{question_id}#{name}"


def call_index(name: str) -> int:
    """The sample's index in a bank call's name."""
    return call_sample(name)[1]


def call_sample(name: str) -> tuple[str, int]:
    """A bank call's question and the number of its sample."""
    question_id, _, index = name.rpartition("#")
    return question_id, int(index)


def _longer(trace: Trace, record: Record) -> Trace:
    calls = (*trace.calls, record.name)
    completion = record.completion
    if completion is None:
        return replace(trace, calls=calls, finished=False, finish_reason=None)
    logprobs = None
    if trace.logprobs is not None and completion.logprobs is not None:
        logprobs = (*trace.logprobs, *completion.logprobs)
    return replace(
        trace,
        tokens=(*trace.tokens, *(completion.tokens or ())),
        text=trace.text + completion.text,
        finished=completion.finish_reason == "stop",
        finish_reason=completion.finish_reason,
        logprobs=logprobs,
        calls=calls,
    )
