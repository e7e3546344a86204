"""Half a minute of real scoring: how fast each verifier of a sweep reads on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from scaling_cli.engines import open_engine
from scaling_cli.errors import EngineError
from scaling_cli.plan import ASSUMED_SHARE, Todo
from scaling_cli.running.bench import for_engine
from scaling_cli.running.expected import CHARACTERS_PER_TOKEN
from scaling_cli.running.prepare import PreparedCell, PreparedVerifier
from scaling_cli.running.probe import kept_busy
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import IN_FLIGHT
from scaling_cli.running.session import seed_of
from scaling_cli.types import (
    Completion,
    Engine,
    Question,
    Request,
    Sampler,
    Tokenizer,
    Trace,
    Verifier,
)
from scaling_cli.verifiers import open_verifier

OWN_SLOTS = 64
"""Scores asked at once of a verifier with an engine of its own, as when a bank is scored."""


def probe(
    lacking: Sequence[tuple[PreparedCell, Todo]], say: Callable[[str], None], seconds: float
) -> dict[str, float]:
    """Tokens read a second by a verifier's key; of every verifier that has a model, has
    something to score and writes no critiques.

    Each is started and scores stand-ins of solutions, half of `max_tokens` long: how fast a text
    is read depends on its length and not on what it says. Each begins with a number of its own,
    so that a prefix cache finds the question and no more, as in a bank.
    """
    found: dict[str, float] = {}
    for verifier, cells in _asked(lacking):
        say(f"probing {verifier.spec.label} for {seconds:g} s")
        found[verifier.key] = asyncio.run(_probe(verifier, cells, say, seconds))
    return found


def _asked(
    lacking: Sequence[tuple[PreparedCell, Todo]],
) -> list[tuple[PreparedVerifier, list[PreparedCell]]]:
    """Verifiers that read something, each with the cells it scores."""
    found: dict[str, tuple[PreparedVerifier, list[PreparedCell]]] = {}
    for cell, todo in lacking:
        for verifier in (*filter(None, [cell.verifier]), *cell.scorers):
            scores = todo.missing or todo.unscored.get(verifier.key)
            writes = dict(verifier.spec.options).get("critiques")
            if scores and verifier.model is not None and not writes:
                found.setdefault(verifier.key, (verifier, []))[1].append(cell)
    return [*found.values()]


async def _probe(
    prepared: PreparedVerifier,
    cells: Sequence[PreparedCell],
    say: Callable[[str], None],
    seconds: float,
) -> float:
    spec, model = prepared.spec, prepared.model
    assert model is not None
    async with AsyncExitStack() as stack:
        if spec.engine is not None:
            model = for_engine(model, spec.engine, Progress(say=say))
        verifier = await open_verifier(spec.name, dict(spec.options), model=model)
        stack.push_async_callback(verifier.close)
        engine, slots = None, OWN_SLOTS
        if spec.engine is not None and not verifier.facts.own_engine:
            engine = await open_engine(spec.engine.name, model, dict(spec.engine.options), 0)
            stack.push_async_callback(engine.close)
            slots = engine.facts.slots
        calls = scorings(verifier, engine, model.tokenizer, cells)
        return await kept_busy(calls, max(int(slots * IN_FLIGHT), 1), seconds)


def scorings(
    verifier: Verifier,
    engine: Engine | None,
    tokenizer: Tokenizer | None,
    cells: Sequence[PreparedCell],
) -> Iterator[Coroutine[Any, Any, int]]:
    """The cells' questions in turn, without end, each with a stand-in for a solution; a call
    tells how many tokens were read for it."""
    standing = {cell.key: stand_in(cell, tokenizer) for cell in cells}
    pairs = [(cell, question) for cell in cells for question in cell.questions]
    for number, (cell, question) in enumerate(cycle(pairs)):
        asking = _Asking(engine, tokenizer, cell, question, f"{question.id}#probe{number}")
        yield _read(verifier, asking, f"{number}. {standing[cell.key]}")


def stand_in(cell: PreparedCell, tokenizer: Tokenizer | None) -> str:
    """The questions' texts again and again, as long as a solution is taken to be."""
    tokens = max(int(ASSUMED_SHARE * cell.cell.sampler.max_tokens), 1)
    texts = [question.text for question in cell.questions]
    characters = int(tokens * CHARACTERS_PER_TOKEN)
    # Twice as many, lest the tokenizer make fewer tokens of them.
    rounds = 2 * characters // (sum(map(len, texts)) + len(texts)) + 1
    text = "\n".join(islice(cycle(texts), rounds * len(texts)))
    if tokenizer is None:
        return text[:characters]
    return tokenizer.decode(tokenizer.encode(text)[:tokens])


async def _read(verifier: Verifier, asking: _Asking, solution: str) -> int:
    trace = Trace(text=solution, finished=True, finish_reason="stop")
    try:
        reward = await verifier.score(trace, asking)
    except EngineError:
        # That a stand-in has no score is no failure where it was read.
        if not asking.tokens:
            raise
        return asking.tokens
    return asking.tokens or (reward.prompt_tokens or 0) + (reward.new_tokens or 0)


@dataclass(slots=True)
class _Asking:
    """An `Asking` that goes straight to the verifier's engine and counts what it read."""

    engine: Engine | None
    tokenizer: Tokenizer | None
    cell: PreparedCell
    question: Question
    name: str
    tokens: int = 0

    @property
    def prompt(self) -> tuple[int, ...]:
        return tuple(self.cell.prompt_tokens(self.question))

    @property
    def prompt_text(self) -> str:
        return self.cell.rendered[self.question.id]

    async def ask(
        self, prompt_text: str, sampler: Sampler, *, count: int = 1, alternatives: int = 0
    ) -> list[Completion]:
        names = [f"{self.name}/{number}" for number in range(count)]
        return [await self._ask(name, prompt_text, sampler, alternatives) for name in names]

    async def _ask(
        self, name: str, prompt_text: str, sampler: Sampler, alternatives: int
    ) -> Completion:
        assert self.engine is not None
        request = Request(
            name=name,
            question_id=self.question.id,
            prompt=() if self.tokenizer is None else tuple(self.tokenizer.encode(prompt_text)),
            prompt_text=prompt_text,
            sampler=sampler,
            seed=seed_of(name),
            alternatives=alternatives,
        )
        reply = await self.engine.generate(request)
        self.tokens += (reply.prompt_tokens or len(request.prompt)) + (reply.new_tokens or 0)
        return reply

    async def roll(
        self, trace: Trace, *, count: int = 1, temperature: float | None = None
    ) -> list[Trace]:
        raise EngineError("a probe samples no continuations", "give a --throughput instead")

    async def is_right(self, trace: Trace) -> bool:
        return False
