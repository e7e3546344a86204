"""A bank filled in simulated time by the real cell, door and journal, killed at random moments."""

from __future__ import annotations

import asyncio
import bisect
import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scaling_cli.engines.fake import OPTIONS, FakeEngine, fake_model
from scaling_cli.running.cell import BankCell
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import _fill
from scaling_cli.store import RunFolder
from scaling_cli.sweep import Cell, EngineSpec, ModelSpec, Sweep, TaskSpec
from scaling_cli.tasks.prompts import Prompt
from scaling_cli.types import Grade, Question, Sampler


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Time jumps to the next event as soon as nothing is left to do now."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now = max(self.now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


class Even(random.Random):
    """Draws that are each as random as any, and together spread evenly.

    Numbers of an irrational rotation from a random start (Kronecker): each is uniform, whatever
    is thrown away afterwards, and n of them miss a mean by about 1/n where independent ones miss
    it by 1/√n. So a few thousand samples tell a bias of a thousandth.
    """

    _STEPS = (0.7548776662466927, 0.5698402909980532)
    """Of the two-dimensional golden ratio: answers and lengths together are even too."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._at = [self.random(), self.random()]

    def _next(self, axis: int) -> float:
        self._at[axis] = (self._at[axis] + self._STEPS[axis]) % 1.0
        return self._at[axis]

    def choices(self, population: Any, weights: Any = None, **_: Any) -> list[Any]:
        """Which answer a solution heads for."""
        place = bisect.bisect(list(itertools.accumulate(weights)), self._next(0) * sum(weights))
        return [population[min(place, len(population) - 1)]]

    def expovariate(self, lambd: float = 1.0) -> float:
        """How long it is."""
        return -math.log1p(-self._next(1)) / lambd


class EvenEngine(FakeEngine):
    """A fake engine whose draws are even."""

    def __init__(self, name: str, options: dict[str, Any], source: Even) -> None:
        super().__init__(name, options, 0)
        # One source for all starts: what is spread evenly is the whole run.
        self._shared = source


class NoGrader:
    """Grading takes no part in what is drawn."""

    async def grade(self, texts: Sequence[str], *_: Any, **__: Any) -> list[Grade]:
        return [Grade(None, None, -1, -1, "unanswered", "unanswered") for _ in texts]


@dataclass(frozen=True)
class Drawn:
    """What a bank holds in the end, and what a law without any kill would give."""

    tokens: list[int]
    correct: list[bool]
    kills: int
    expected_tokens: float
    expected_correct: float

    @property
    def tokens_off(self) -> float:
        """Mean length less its truth, as a share of it."""
        return _mean(self.tokens) / self.expected_tokens - 1

    @property
    def correct_off(self) -> float:
        """Accuracy less its truth."""
        return _mean(self.correct) - self.expected_correct


def prepared(questions: int, samples: int) -> PreparedCell:
    """A cell of sums whose answers differ, asked without any folder of weights."""
    asked = tuple(Question(f"s/test/{i}", "s", f"{i} + 1?", str(i + 1)) for i in range(questions))
    cell = Cell(
        ModelSpec("m"), TaskSpec("s"), EngineSpec("fake"), "sampling", (),
        Sampler(temperature=1.0, max_tokens=5000), samples, 0,
    )  # fmt: skip
    return PreparedCell(
        cell=cell, key="c" * 16, identity={}, model=fake_model("m"), task_revision="r",
        style="math", equality="math", prompt=Prompt("boxed"), questions=asked,
        rendered={q.id: f"{q.text}<assistant>" for q in asked},
    )  # fmt: skip


def fill(
    folder: RunFolder,
    cell: PreparedCell,
    *,
    kills: int,
    every: float,
    seed: int,
    redraw: bool = False,
    slots: int = 64,
    **options: Any,
) -> Drawn:
    """Fill the cell under `kills` kills, one in `every` simulated seconds on average.

    A kill lets nothing be written any more, as `kill -9`. With `redraw` calls in flight are
    simply drawn again, which is what must not be done.
    """
    source = random.Random(seed)
    law = {
        **OPTIONS, "seeded": False, "length_of_wrong": 3.0, "latency": 1.0, "slots": slots,
        "questions": {q.id: q for q in cell.questions}, **options,
    }  # fmt: skip
    draws = Even(seed)
    killed = 0
    for start in range(kills + 1):
        engine = EvenEngine("m", law, draws)
        bank = BankCell(cell, folder, engine.facts, NoGrader(), Progress())  # type: ignore[arg-type]
        if redraw:
            bank.journal.partial.clear()
        span = source.expovariate(1 / every) if start < kills else None
        if _run(bank, engine, start, span):
            break
        killed += 1
    else:
        raise AssertionError("the bank was not filled")
    done = [record.completion for record in bank.journal.done.values()]
    engine = FakeEngine("m", law, 0)
    replies = [reply for reply in done if reply is not None]
    names = list(bank.journal.done)
    gold = {q.id: q.answer for q in cell.questions}
    return Drawn(
        tokens=[reply.new_tokens or 0 for reply in replies],
        correct=[
            f"\\boxed{{{gold[name.rpartition('#')[0]]}}}" in reply.text
            for name, reply in zip(names, replies, strict=True)
        ],
        kills=killed,
        expected_tokens=_mean([_expected_tokens(engine, q, law) for q in cell.questions]),
        expected_correct=_mean([engine.success_probability(q.id) for q in cell.questions]),
    )


def _run(bank: BankCell, engine: FakeEngine, start: int, span: float | None) -> bool:
    """Whether the cell was filled before its process was killed."""
    loop = SimulatedLoop()
    sweep = Sweep(name="s", models=(), tasks=())
    try:
        task = loop.create_task(_fill([bank], engine, sweep, start))
        if span is not None:
            loop.call_later(span, _kill, bank, task)
        loop.run_until_complete(asyncio.wait([task]))
        if task.cancelled():
            return False
        task.result()
        return True
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _kill(bank: BankCell, task: asyncio.Task[None]) -> None:
    """From here on nothing reaches the file."""
    if task.done():
        return
    journal = bank.journal
    journal._file.close()
    journal._write = lambda line: None  # type: ignore[method-assign]
    task.cancel()


def _expected_tokens(engine: FakeEngine, question: Question, law: dict[str, Any]) -> float:
    """Opening, full stops of geometric number, ending and end token, over all answers."""
    mean = law["mean_tokens"]
    return sum(
        chance
        * (
            len(f"try {answer}:")
            + (mean * (1.0 if answer == question.answer else law["length_of_wrong"]) - 1)
            + len(f" \\boxed{{{answer}}}")
            + 1
        )
        for answer, chance in engine.answer_distribution(question.id).items()
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
