"""Best-first search: an example by hand and the depth cap."""

from __future__ import annotations

from scaling_cli.strategies.best_first import best_first
from tests.strategies.simulated import World, ask, scripted


def test_best_first_follows_the_example_by_hand() -> None:
    """A .3, B .7 → B: B1 .5, B2 .2 → B1: .1, .3 → of the two at .3 the newer → then A."""
    scores = scripted(0.3, 0.7, 0.5, 0.2, 0.1, 0.3, 0.25, 0.0, 0.0, 0.0)
    _, ledger = ask(
        best_first, World(length=99), scores, n=4, branching=2, expansions=5, leaves="drop"
    )
    assert ledger.parents == [(), ("1",), ("1", "4"), ("1", "4", "9"), ("0",)]


def test_best_first_goes_no_deeper_than_its_cap() -> None:
    traces, ledger = ask(best_first, World(length=9), n=99, branching=2, expansions=50, max_depth=2)
    # 1 + 2 expansions make 2 + 4 traces; the four at the cap are finished at the end.
    assert len(ledger.parents) == 3 and len(traces) == 4


def test_best_first_returns_all_that_its_last_expansion_found() -> None:
    traces, ledger = ask(best_first, World(length=1), n=2, branching=3, expansions=5)
    assert len(ledger.parents) == 1 and len(traces) == 3
