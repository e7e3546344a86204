"""MCTS: visits by hand, what has ended, and a spent budget."""

from __future__ import annotations

import math

import pytest

from scaling_cli.strategies.mcts import mcts
from scaling_cli.strategies.uct import Node, add, close, select, uct
from scaling_cli.types import Trace
from tests.strategies.simulated import World, ask, scripted


def test_mcts_follows_the_example_by_hand() -> None:
    """Width 2, two children, C = 1. After each expansion, Q(s) and √(ln N(parent)/N(s)):

    1. A .6, B .5, N(root) = 2: A .6 + .8326, B .5 + .8326 → A
    2. A1 .2, A2 .4: A .4 + √(ln 4/3) = 1.0798, B .5 + √ln 4 = 1.6774 → B
    3. B1 .9, B2 .1: A .4 + √(ln 6/3) = 1.1728, B .5 + .7728 → B; B1 .9 + √ln 3 → B1
    4. B11 .3, B12 .3: A .4 + √(ln 8/3) = 1.2326, B .42 + √(ln 8/5) = 1.0649 → A;
       A1 .2 + √ln 3, A2 .4 + √ln 3 → A2
    """
    scores = (0.6, 0.5, 0.2, 0.4, 0.9, 0.1, 0.3, 0.3, 0.0, 0.0)
    _, ledger = ask(
        mcts, World(length=99), scripted(*scores), n=4, width=2, expansions=5, leaves="drop"
    )
    a, b, a2, b1 = "0", "1", "5", "8"
    assert ledger.parents == [(), (a,), (b,), (b, b1), (a, a2)]


def test_mcts_counts_visits_by_hand() -> None:
    root = Node(Trace())
    expanded = []
    for scores in ((0.6, 0.5), (0.2, 0.4), (0.9, 0.1), (0.3, 0.3)):
        node = select(root, 1.0)
        expanded.append(node)
        for score in scores:
            add(node, Trace(rewards=(score,)), 40)
        close(node)
    a, b = root.children
    assert expanded == [root, a, b, b.children[0]]
    assert [node.visits for node in (root, a, b, *b.children)] == [8, 3, 5, 3, 1]
    assert [node.total / node.scores for node in (a, b, b.children[0])] == pytest.approx(
        [0.4, 0.42, 0.5]
    )
    assert [uct(node, 1.0)[0] for node in (a, b)] == pytest.approx([1.2326, 1.0649], abs=1e-4)
    assert select(root, 1.0) is a.children[1]
    # Without exploration the greatest mean is followed.
    assert select(root, 0.0) is b.children[0].children[0]


def test_a_failed_scoring_is_a_visit_that_spoils_no_mean() -> None:
    root = Node(Trace())
    worst, known = (add(root, Trace(rewards=(score,)), 40) for score in (math.nan, 0.0))
    assert (root.visits, root.scores, root.total) == (2, 1, 0.0)
    assert select(root, 1.0) is known and uct(worst, 1.0)[0] == -math.inf


def test_mcts_does_not_return_to_what_has_ended() -> None:
    """Two levels of 3 and 2 hold six solutions; then there is nothing left to expand."""
    traces, ledger = ask(mcts, World(length=2), n=99, width=3, children=2, expansions=50)
    assert len(traces) == 6 and len(ledger.parents) == len(set(ledger.parents)) == 4


def test_mcts_stops_at_n_solutions_and_finishes_the_best_leaves_of_a_spent_budget() -> None:
    stopped, ledger = ask(mcts, World(length=2), n=2, width=3, children=2, expansions=50)
    assert len(stopped) == 2 and len(ledger.parents) == 2
    scores = scripted(0.1, 0.7, 0.3, *[0.0] * 9)
    finished, ledger = ask(mcts, World(length=9), scores, n=2, width=3, expansions=1)
    assert [trace.calls[0] for trace in finished] == ["1", "2"]
    assert [trace.rewards for trace in finished] == [(0.7, 0.0), (0.3, 0.0)]
    assert ledger.batches[-2:] == [("extend", 2, None), ("score", 2, None)]


def test_mcts_returns_all_that_its_last_expansion_found() -> None:
    traces, ledger = ask(mcts, World(length=1), n=2, width=3, expansions=5)
    assert len(ledger.parents) == 1 and len(traces) == 3
