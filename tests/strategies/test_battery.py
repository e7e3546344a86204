"""What every strategy of the table holds, whatever its paper."""

from __future__ import annotations

import math
from typing import Any

import pytest

from scaling_cli.strategies import STRATEGIES, needs_verifier, trees_of, width_of
from scaling_cli.types import Trace
from tests.strategies.simulated import (
    Ledger,
    Verify,
    World,
    ask,
    exact,
    failed,
    flat,
    is_right,
    noisy,
    oracle,
)

CASES: list[tuple[str, dict[str, Any]]] = [
    ("sampling", {"samples": 5}),
    ("beam", {"n": 8, "m": 4}),
    ("beam", {"n": 9, "m": 0}),
    ("beam", {"n": 5, "m": 2, "leaves": "drop", "max_depth": 3}),
    ("beam", {"n": 1}),
    ("lookahead", {"n": 8, "m": 4, "k": 2}),
    ("lookahead", {"n": 6, "m": 0, "k": 1, "max_depth": 2}),
    ("dvts", {"n": 8, "m": 4}),
    ("dvts", {"n": 6, "m": 2, "max_depth": 2}),
    ("rebase", {"n": 8}),
    ("rebase", {"n": 8, "rounding": "released", "max_depth": 2}),
    ("rebase", {"n": 7, "rounding": "paper", "temperature": 0.3}),
    ("mcts", {"n": 6, "expansions": 8}),
    ("mcts", {"n": 4, "width": 8, "expansions": 64, "max_depth": 3}),
    ("best_first", {"n": 6, "expansions": 5}),
    ("best_first", {"n": 3, "branching": 2, "max_depth": 3, "leaves": "drop"}),
]
SEARCHES = [case for case in CASES if needs_verifier(case[0])]
WORLDS = [
    World(p=0.6, length=4),
    World(p=0.7, length=6, stop=0.25),
    World(p=0.8, length=9, stop=0.1, limit=5),
]
EVERY = pytest.mark.parametrize(("name", "params"), CASES, ids=str)
EVERY_SEARCH = pytest.mark.parametrize(("name", "params"), SEARCHES, ids=str)


def asked(
    name: str,
    params: dict[str, Any],
    world: World,
    verify: Verify = exact,
    latency: int | None = None,
) -> tuple[list[Trace], Ledger]:
    return ask(STRATEGIES[name], world, verify, latency=latency, **params)


def test_every_strategy_is_in_the_battery() -> None:
    assert {name for name, _ in CASES} == set(STRATEGIES)


@EVERY
@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_names_are_unique_and_neither_they_nor_the_results_depend_on_timing(
    name: str, params: dict[str, Any], world: World
) -> None:
    traces, ledger = asked(name, params, world, noisy)
    assert len(set(ledger.names)) == len(ledger.names) > 0
    for latency in range(3):
        again, other = asked(name, params, world, noisy, latency)
        assert repr(again) == repr(traces)
        assert sorted(other.names) == sorted(ledger.names)


def surplus(name: str, params: dict[str, Any]) -> int:
    """How many more solutions than were missing an expansion may find: they are paid for."""
    most = {"mcts": max(params.get("width", 4), 2), "best_first": params.get("branching", 5)}
    return most.get(name, 1) - 1


@EVERY
@pytest.mark.parametrize("world", WORLDS, ids=str)
@pytest.mark.parametrize("verify", [exact, noisy, failed])
def test_what_comes_back_is_finished_scored_there_and_never_twice(
    name: str, params: dict[str, Any], world: World, verify: Verify
) -> None:
    traces, _ = asked(name, params, world, verify)
    assert all(trace.finished and trace.finish_reason for trace in traces)
    assert len({trace.calls for trace in traces}) == len(traces)
    if params.get("rounding") != "paper":
        assert len(traces) <= width_of(name, params) + surplus(name, params)
    if params.get("leaves") != "drop":
        assert traces
    if needs_verifier(name):
        assert all(trace.rewards for trace in traces)
    if needs_verifier(name) and verify is exact:
        assert all(trace.rewards[-1] == exact(world, trace, "") for trace in traces)


@EVERY_SEARCH
@pytest.mark.parametrize("world", WORLDS[:2], ids=str)
def test_where_all_scorings_fail_it_goes_on_as_if_all_were_equal(
    name: str, params: dict[str, Any], world: World
) -> None:
    blind, _ = asked(name, params, world, failed)
    even, _ = asked(name, params, world, flat)
    assert [trace.calls for trace in blind] == [trace.calls for trace in even]
    assert all(math.isnan(reward) for trace in blind for reward in trace.rewards)


@EVERY_SEARCH
def test_a_failed_scoring_is_worst_and_not_zero(name: str, params: dict[str, Any]) -> None:
    """With good steps worth −1 and bad ones failing, what can be known is preferred."""

    def signed(_world: World, trace: Trace, _name: str) -> float:
        return math.nan if "b" in trace.text else -1.0

    right = {"known": 0, "unknown": 0}
    for seed in range(40):
        world = World(p=0.6, length=3, seed=seed)
        right["known"] += sum(map(is_right, asked(name, params, world, signed)[0]))
        right["unknown"] += sum(map(is_right, asked(name, params, world, flat)[0]))
    # One chain has nothing to choose from.
    same = params.get("n") == 1
    assert (right["known"] == right["unknown"]) if same else right["known"] > right["unknown"]


@EVERY_SEARCH
def test_with_the_oracle_the_best_is_right_wherever_one_candidate_is(
    name: str, params: dict[str, Any]
) -> None:
    best = covered = 0
    for seed in range(60):
        traces, _ = asked(name, params, World(p=0.6, length=3, stop=0.1, seed=seed), oracle)
        if traces:
            best += is_right(max(traces, key=lambda trace: trace.rewards[-1]))
            covered += any(map(is_right, traces))
    assert best == covered > 0


@pytest.mark.parametrize(
    ("name", "key", "sizes"),
    [
        ("sampling", "samples", (2, 4, 8, 16)),
        ("beam", "n", (4, 8, 16, 32)),
        ("beam", "max_depth", (1, 2, 3, 9)),
        ("lookahead", "n", (4, 8, 16)),
        ("lookahead", "k", (0, 1, 2, 3)),
        ("dvts", "n", (4, 8, 16, 32)),
        ("rebase", "n", (4, 8, 16, 32)),
        ("mcts", "n", (1, 4, 16, 32)),
        ("mcts", "expansions", (1, 4, 16, 64)),
        ("mcts", "width", (2, 4, 8)),
        ("best_first", "n", (1, 4, 16, 32)),
        ("best_first", "expansions", (1, 4, 16, 64)),
    ],
)
def test_a_larger_budget_never_costs_less(name: str, key: str, sizes: tuple[int, ...]) -> None:
    """On the average over questions: what one question costs also depends on what it draws."""
    more = {"leaves": "drop"} if key in ("max_depth", "expansions") else {}
    costs = []
    for size in sizes:
        params = {**more, key: size}
        of = [asked(name, params, World(p=0.7, length=8, stop=0.15, seed=s))[1] for s in range(40)]
        costs.append(sum(ledger.steps + len(ledger.scored) for ledger in of))
    assert costs == sorted(costs) and costs[0] < costs[-1]


@EVERY
def test_only_whole_trees_can_be_left_out(name: str, params: dict[str, Any]) -> None:
    """Traces of different trees share no call; a search of one tree says it is one."""
    trees = trees_of(name, params)
    assert trees == {
        "sampling": width_of(name, params),
        "dvts": 3 if params.get("m") == 2 else 2,
    }.get(name, 1)
    traces, _ = asked(name, params, World(p=0.7, length=5, stop=0.2))
    if name == "dvts":
        groups = [{call.split("/")[0] for call in trace.calls} for trace in traces]
        assert all(len(group) == 1 for group in groups)
        assert set.union(*groups) == {str(tree) for tree in range(trees)}
