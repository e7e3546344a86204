"""Half a minute of real sampling: how fast each engine of a sweep is on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any

from scaling_cli.engines import open_engine
from scaling_cli.errors import EngineError
from scaling_cli.running.bench import for_engine
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import IN_FLIGHT, engine_options, groups_by_engine
from scaling_cli.running.session import seed_of
from scaling_cli.types import Engine, Request

SECONDS = 30.0
TOKENS = 64
"""Most tokens of a probing call: short enough that several end in time, on a CPU as well."""
PATIENCE = 10.0
"""How many times the probe's length is waited for a first reply."""


@dataclass(slots=True)
class _Clock:
    """Call-seconds and tokens of a probe; calls in flight count for as long as they have run."""

    started: dict[asyncio.Task[int], float] = field(default_factory=dict)
    seconds: float = 0.0
    tokens: int = 0
    calls: int = 0

    def ended(self, task: asyncio.Task[int], now: float) -> None:
        self.seconds += now - self.started.pop(task)
        self.tokens += task.result()
        self.calls += 1

    def tokens_per_second(self, elapsed: float, now: float) -> float:
        """Little's law: tokens a second of one call, times the calls in flight on average.

        Counting the tokens of ended calls alone would leave out what those in flight have done.
        """
        in_flight = sum(now - start for start in self.started.values())
        return self.tokens / self.seconds * (self.seconds + in_flight) / elapsed


def probe(
    cells: Sequence[PreparedCell], say: Callable[[str], None], seconds: float
) -> dict[tuple[str, str], float]:
    """New tokens a second by model and engine. Every engine is started and asked real prompts;
    the replies are thrown away."""
    found: dict[tuple[str, str], float] = {}
    for group in groups_by_engine(cells):
        model, engine = group[0].model, group[0].cell.engine.name
        say(f"probing {model.name} on {engine} for {seconds:g} s")
        found[model.name, engine] = asyncio.run(_probe(group, say, seconds))
    return found


async def _probe(
    group: Sequence[PreparedCell], say: Callable[[str], None], seconds: float
) -> float:
    spec = group[0].cell.engine
    model = for_engine(group[0].model, spec, Progress(say=say))
    engine = await open_engine(spec.name, model, engine_options(group, spec), 0)
    try:
        width = max(int(engine.facts.slots * IN_FLIGHT), 1)
        return await sample_for(engine, requests(group), width, seconds)
    finally:
        await engine.close()


def requests(group: Sequence[PreparedCell]) -> Iterator[Request]:
    """The cells' own prompts and samplers in turn, without end, cut to a few tokens."""
    pairs = [(cell, question) for cell in group for question in cell.questions]
    for number, (cell, question) in enumerate(cycle(pairs)):
        name = f"{question.id}#probe{number}"
        sampler = cell.cell.sampler
        yield Request(
            name=name,
            question_id=question.id,
            prompt=tuple(cell.prompt_tokens(question)),
            prompt_text=cell.rendered[question.id],
            sampler=replace(sampler, max_tokens=min(sampler.max_tokens, TOKENS)),
            seed=seed_of(name),
        )


async def sample_for(engine: Engine, asked: Iterator[Request], width: int, seconds: float) -> float:
    """New tokens a second with `width` calls in flight, over at least `seconds` and one reply."""
    return await kept_busy((_tokens(engine, request) for request in asked), width, seconds)


async def kept_busy(calls: Iterator[Coroutine[Any, Any, int]], width: int, seconds: float) -> float:
    """Tokens a second with `width` calls in flight, over at least `seconds` and one call's end.

    A call tells its tokens when it ends; `calls` has no end and makes each as it is taken.
    """
    loop, clock = asyncio.get_running_loop(), _Clock()
    begun = loop.time()
    try:
        while loop.time() < begun + seconds or not clock.calls:
            if loop.time() > begun + PATIENCE * seconds:
                raise EngineError(
                    f"no reply within {PATIENCE * seconds:g} s of probing",
                    "give a --throughput instead",
                )
            while len(clock.started) < width:
                task = loop.create_task(next(calls))
                clock.started[task] = loop.time()
            wait = max(begun + seconds - loop.time(), 0.0) if clock.calls else seconds
            done, _ = await asyncio.wait(
                clock.started, timeout=wait, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                clock.ended(task, loop.time())
        return clock.tokens_per_second(loop.time() - begun, loop.time())
    finally:
        for task in clock.started:
            task.cancel()
        await asyncio.gather(*clock.started, return_exceptions=True)


async def _tokens(engine: Engine, request: Request) -> int:
    reply = await engine.generate(request)
    if reply.new_tokens is None:
        raise EngineError(
            f"{engine.facts.name} does not report how many tokens it sampled",
            "give a --throughput instead",
        )
    return reply.new_tokens
