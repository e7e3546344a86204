"""DVTS: trees apart, an example by hand and a closed form."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import pytest

from scaling_cli.errors import SweepError
from scaling_cli.strategies.dvts import dvts
from scaling_cli.types import Trace
from tests.strategies.simulated import SimulatedSession, World, ask, is_right, scripted, survey

RANDOM = World(p=0.7, length=8, stop=0.2)


def test_a_tree_does_not_know_of_the_others() -> None:
    few, _ = ask(dvts, RANDOM, n=8, m=4)
    many, _ = ask(dvts, RANDOM, n=16, m=4)
    assert many[: len(few)] == few and {trace.calls[0][0] for trace in many} == set("0123")


class Patient(SimulatedSession):
    """The first tree takes no step until all the others have ended."""

    others = 0

    async def step(
        self, traces: Sequence[Trace], *, temperature: float | None = None
    ) -> list[Trace]:
        for _ in range(10_000):
            scores = sum(name[0] != "0" for name in self.ledger.names) / 2
            if self.path != "0/" or scores == self.others:
                return await super().step(traces, temperature=temperature)
            await asyncio.sleep(0)
        raise AssertionError("a tree waits for another")


def test_no_tree_waits_for_another() -> None:
    world = World(length=5)
    session = Patient(world)
    Patient.others = 3 * 4 * world.length
    traces = asyncio.run(dvts(session, n=16, m=4))
    assert len(traces) == 16 and session.ledger.names[-1].startswith("0/")


def test_a_tree_goes_on_from_its_best_alone_and_gives_its_last_candidates() -> None:
    scores = scripted(0.1, 0.9, 0.8, 0.2, 0.3, 0.4)
    traces, ledger = ask(dvts, World(length=3), scores, n=2, m=2)
    assert ledger.parents == [(), ("0/1",), ("0/1", "0/4")]
    assert [trace.rewards for trace in traces] == [(0.9, 0.8, 0.3), (0.9, 0.8, 0.4)]


def test_a_tree_ends_with_its_best_and_its_unfinished_siblings_hold_no_answer() -> None:
    counts = set()
    for seed in range(40):
        traces, ledger = ask(dvts, World(p=0.7, length=8, stop=0.3, seed=seed), n=4, m=4)
        # All are children of one step, and nothing was asked for after them.
        assert len({trace.calls[:-1] for trace in traces}) == 1
        assert ledger.batches[-2:] == [("step", 4, None), ("score", 4, None)]
        counts.add(len(traces))
    assert min(counts) < max(counts) == 4


@pytest.mark.parametrize("trees", [1, 3])
def test_dvts_of_two_steps_has_its_closed_form(trees: int) -> None:
    """Each of two rounds has a good step among m: (1 − (1 − p)^m)² a tree."""
    p, m, questions = 0.35, 2, 3_000
    truth = 1 - (1 - (1 - (1 - p) ** m) ** 2) ** trees
    found = survey(dvts, World(p=p, length=2), questions=questions, n=m * trees, m=m)
    covered = sum(any(map(is_right, traces)) for traces in found)
    assert abs(covered / questions - truth) < 4 * math.sqrt(truth * (1 - truth) / questions)


def test_dvts_of_broken_trees_is_refused() -> None:
    with pytest.raises(SweepError, match="multiple"):
        ask(dvts, RANDOM, n=6, m=4)
