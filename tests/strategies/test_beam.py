"""Beam search and lookahead: examples by hand, closed forms, equal settings."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy.stats import binom

from scaling_cli.strategies import STRATEGIES
from scaling_cli.strategies.beam import beam
from scaling_cli.strategies.lookahead import lookahead
from tests.strategies.simulated import World, ask, is_right, scripted, survey

RANDOM = World(p=0.7, length=8, stop=0.2)


def test_a_beam_keeps_the_best_and_continues_each_m_times() -> None:
    """n = 4, m = 2: the two best of four, two continuations each, three rounds."""
    scores = scripted(0.1, 0.8, 0.3, 0.9, 0.5, 0.4, 0.7, 0.6, *[0.0] * 4)
    traces, ledger = ask(beam, World(length=3), scores, n=4, m=2)
    # Calls 0–3 are the first steps, 4–7 their scores, 8–11 the second steps.
    assert ledger.parents == [(), ("3",), ("1",), ("1", "10"), ("1", "11")]
    assert ledger.batches == [("step", 4, None), ("score", 4, None)] * 3
    assert [trace.calls[:2] for trace in traces] == [("1", "10")] * 2 + [("1", "11")] * 2


@pytest.mark.parametrize(("n", "m"), [(2, 2), (4, 2), (4, 4), (8, 4), (9, 3)])
def test_a_beam_of_two_steps_has_its_closed_form(n: int, m: int) -> None:
    """With the exact verifier G ~ Bin(n, p) first steps are good, min(G, n/m) of them are
    kept, and the solution is covered unless all their m continuations fail."""
    p, questions = 0.35, 3_000
    kept = [min(good, n // m) for good in range(n + 1)]
    truth = sum(binom.pmf(good, n, p) * (1 - (1 - p) ** (m * kept[good])) for good in range(n + 1))
    found = survey(beam, World(p=p, length=2), questions=questions, n=n, m=m)
    covered = sum(any(map(is_right, traces)) for traces in found)
    assert abs(covered / questions - truth) < 4 * math.sqrt(truth * (1 - truth) / questions)


@pytest.mark.parametrize("name", ["beam", "rebase"])
def test_what_ends_takes_its_width_with_it(name: str) -> None:
    for seed in range(30):
        world = World(p=0.7, length=8, stop=0.3, seed=seed)
        traces, ledger = ask(STRATEGIES[name], world, n=8)
        widths = [count for verb, count, _ in ledger.batches if verb == "step"]
        assert len(traces) == 8 and widths[0] == 8
        assert widths == sorted(widths, reverse=True)


def test_m_0_is_the_square_root() -> None:
    assert ask(beam, RANDOM, n=16, m=0) == ask(beam, RANDOM, n=16, m=4)
    assert ask(beam, RANDOM, n=9, m=0) == ask(beam, RANDOM, n=9, m=3)
    assert ask(beam, RANDOM, n=8, m=0) == ask(beam, RANDOM, n=8, m=3)


@pytest.mark.parametrize("name", ["beam", "lookahead", "dvts", "rebase"])
def test_leaves_at_the_depth_cap_are_finished_or_dropped(name: str) -> None:
    world = World(length=5)
    finished, ledger = ask(STRATEGIES[name], world, n=8, max_depth=2)
    assert len(finished) == 8 and all(len(trace.text) == 5 for trace in finished)
    assert sum(count for verb, count, _ in ledger.batches if verb == "extend") == 8
    dropped, cheaper = ask(STRATEGIES[name], world, n=8, max_depth=2, leaves="drop")
    assert dropped == [] and cheaper.steps < ledger.steps


@pytest.mark.parametrize("params", [{"n": 8}, {"n": 9, "m": 0}, {"n": 8, "max_depth": 2}], ids=str)
def test_lookahead_without_looking_is_beam_search_call_for_call(params: dict[str, Any]) -> None:
    for seed in range(10):
        world = World(p=0.7, length=8, stop=0.2, seed=seed)
        assert ask(lookahead, world, k=0, **params) == ask(beam, world, **params)


def test_lookahead_judges_by_the_end_of_a_greedy_roll_and_throws_it_away() -> None:
    """One chain of four steps, all good: v after g good steps is p^(4 − g)."""
    seed = next(s for s in range(99) if is_right(ask(lookahead, World(seed=s), n=1, k=2)[0][0]))
    [trace], ledger = ask(lookahead, World(p=0.6, seed=seed), n=1, k=2)
    assert trace.rewards == pytest.approx((0.6, 1.0, 1.0, 1.0))
    assert trace.text == "gggg" and len(trace.calls) == len(trace.steps) == 4
    assert ledger.scored == ["ggg", "gggg", "gggg", "gggg"]
    rolls = [count for _, count, temperature in ledger.batches if temperature == 0.0]
    assert rolls == [1] * 5 and ledger.steps == 4 + 5
