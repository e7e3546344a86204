"""How fast a verifier reads is measured on stand-ins as long as solutions, in simulated time."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from scaling_cli.errors import EngineError
from scaling_cli.plan import Todo, Wanted
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.probe import kept_busy
from scaling_cli.running.reading_probe import probe, scorings, stand_in
from scaling_cli.sweep import EngineSpec, ModelSpec, VerifierSpec
from scaling_cli.types import Asking, Reward, Trace, VerifierFacts
from tests.planning.planned import planned_cells, sweep_in
from tests.running.simulated import SimulatedLoop

JUDGE = VerifierSpec("judge", "judge", (("prompt", "step"),), ModelSpec("j"), EngineSpec("fake"))
WRITING = VerifierSpec(
    "judge", "writes", (("critiques", 2), ("max_tokens", 100), ("prompt", "step")),
    ModelSpec("j"), EngineSpec("fake"),
)  # fmt: skip
SURE = VerifierSpec("confidence", "sure", ())


class Reader:
    """Reads a character of the solution a token, so many a second; keeps what it was handed."""

    def __init__(self, rate: float, error: str | None = None) -> None:
        self.facts = VerifierFacts("reader", "outcome", model="r", own_engine=True)
        self.rate, self.error = rate, error
        self.handed: list[str] = []

    async def score(self, trace: Trace, asking: Asking) -> Reward:
        self.handed.append(trace.text)
        await asyncio.sleep(len(trace.text) / self.rate)
        if self.error is not None:
            raise EngineError(self.error, "")
        return Reward(0.5, prompt_tokens=len(trace.text), new_tokens=0)

    async def close(self) -> None:
        """Nothing to close."""


def cells(path: Path, *verifiers: VerifierSpec) -> list[PreparedCell]:
    """A greedy cell and a bank with these verifiers."""
    sweep = replace(sweep_in(path), models=(ModelSpec("small"),), verifiers=verifiers)
    return planned_cells(sweep, {})[0]


def measured(reader: Reader, bank: PreparedCell, width: int) -> float:
    loop = SimulatedLoop()
    try:
        calls = scorings(reader, None, None, [bank])
        return loop.run_until_complete(kept_busy(calls, width, 30.0))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def test_the_speed_is_what_all_that_read_at_once_reach(tmp_path: Path) -> None:
    bank, reader = cells(tmp_path, SURE)[-1], Reader(rate=50.0)
    assert measured(reader, bank, 8) == pytest.approx(8 * 50.0, rel=1e-6)
    assert len(set(reader.handed)) == len(reader.handed) > 8  # no two begin alike


def test_a_reader_that_fails_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="out of order"):
        measured(Reader(50.0, error="out of order"), cells(tmp_path, SURE)[-1], 8)


def test_a_stand_in_is_half_of_the_limit_long(tmp_path: Path) -> None:
    bank = cells(tmp_path)[-1]
    assert bank.model.tokenizer is not None
    assert len(bank.model.tokenizer.encode(stand_in(bank, bank.model.tokenizer))) == 60
    assert len(stand_in(bank, None)) == 60 * 4


def test_verifiers_that_read_are_probed_each_once(tmp_path: Path) -> None:
    said: list[str] = []
    bank = cells(tmp_path, JUDGE, WRITING, SURE)[-1]
    sample = (bank.questions[0].id, 0)
    judge = next(one for one in bank.scorers if one.spec is JUDGE)
    wanted = Wanted(bank.key, bank.cell, tuple(q.id for q in bank.questions))
    drawn = Todo(wanted, (), {one.key: (sample,) for one in bank.scorers})
    for todo in (Todo(wanted, (sample,)), drawn):
        found = probe([(bank, todo), (bank, todo)], said.append, 0.05)
        assert list(found) == [judge.key] and found[judge.key] > 0
    assert said == ["probing judge for 0.05 s"] * 2
    assert probe([(bank, Todo(wanted, ()))], said.append, 0.05) == {}


def test_the_judge_reads_question_and_stand_in(tmp_path: Path) -> None:
    """Of the fake engine's tokenizer, what is read is at least the stand-in."""
    from scaling_cli.engines.fake import OPTIONS, FakeEngine
    from scaling_cli.verifiers import open_verifier

    bank = cells(tmp_path, JUDGE)[-1]
    tokenizer = bank.model.tokenizer

    async def read() -> list[int]:
        verifier = await open_verifier("judge", dict(JUDGE.options), model=bank.scorers[0].model)
        calls = scorings(verifier, FakeEngine("j", dict(OPTIONS), 0), tokenizer, [bank])
        return [await call for call in itertools.islice(calls, 3)]

    assert all(60 < tokens < 400 for tokens in asyncio.run(read()))
