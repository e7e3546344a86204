"""A probe measures an engine's speed in simulated time, whatever it cuts off at its end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest

from scaling_cli.engines.fake import OPTIONS, FakeEngine
from scaling_cli.errors import EngineError
from scaling_cli.running.probe import TOKENS, probe, requests, sample_for
from scaling_cli.types import Completion, EngineFacts, OnTokens, Request, Sampler
from tests.running.simulated import SimulatedLoop, prepared


class Metronome:
    """Calls that take `each` seconds for every token, their lengths in turn."""

    def __init__(self, lengths: list[int | None], each: float) -> None:
        self.facts = EngineFacts("metronome", "1", "x", True, False, True, 8)
        self.lengths, self.each = itertools.cycle(lengths), each
        self.running = 0

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        length = next(self.lengths)
        self.running += 1
        try:
            await asyncio.sleep(self.each * (length or 1))
        finally:
            self.running -= 1
        return Completion("", "stop", None, 1, None, length, None, 0.0)

    async def close(self) -> None:
        """Nothing to close."""


def asked() -> Iterator[Request]:
    return (Request(str(n), "q", (1,), "", Sampler(), n) for n in itertools.count())


def measured(engine: Metronome, width: int, seconds: float) -> float:
    loop = SimulatedLoop()
    try:
        return loop.run_until_complete(sample_for(engine, asked(), width, seconds))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@pytest.mark.parametrize("lengths", [[40], [10, 250], [1, 2, 3, 400]])
def test_the_speed_is_calls_in_flight_over_seconds_a_token(lengths: list[int | None]) -> None:
    engine = Metronome(lengths, 0.02)
    assert measured(engine, 12, 30.0) == pytest.approx(12 / 0.02, rel=1e-9)
    assert engine.running == 0  # what was in flight at the end is cancelled


def test_a_first_reply_is_waited_for_longer_than_the_probe() -> None:
    assert measured(Metronome([100], 1.0), 4, 30.0) == pytest.approx(4 / 1.0)


@pytest.mark.parametrize(("lengths", "each", "said"), [
    ([10**6], 1.0, "no reply within 300 s"),
    ([None], 0.1, "does not report"),
])  # fmt: skip
def test_an_engine_that_cannot_be_measured_is_said(
    lengths: list[int | None], each: float, said: str
) -> None:
    with pytest.raises(EngineError, match=said) as failed:
        measured(Metronome(lengths, each), 4, 30.0)
    assert "--throughput" in failed.value.hint


def test_the_engines_failure_is_the_probes() -> None:
    engine = FakeEngine("m", {**OPTIONS, "fail_rate": 1.0}, 0)
    loop = SimulatedLoop()
    with pytest.raises(EngineError, match="as asked"):
        loop.run_until_complete(sample_for(engine, asked(), 4, 1.0))
    loop.close()


def test_calls_are_the_cells_own_questions_cut_short() -> None:
    cell = prepared(3, 2)
    first = list(itertools.islice(requests([cell]), 7))
    assert [one.question_id for one in first[:4]] == [
        q.id for q in (*cell.questions, cell.questions[0])
    ]
    assert {one.sampler.max_tokens for one in first} == {TOKENS}
    assert {one.sampler.temperature for one in first} == {1.0}
    assert len({one.name for one in first}) == len({one.seed for one in first}) == 7


def test_every_engine_is_started_once_and_named() -> None:
    said: list[str] = []
    found = probe([prepared(3, 2), prepared(3, 4)], said.append, 0.05)
    assert list(found) == [(prepared(3, 2).model.name, "fake")] and len(said) == 1
    assert all(speed > 0 for speed in found.values())
