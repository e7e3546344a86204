"""What is known of a strategy before it runs: its settings, width, trees and bill."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.errors import SweepError
from scaling_cli.strategies import (
    STRATEGIES,
    bill,
    check,
    needs_verifier,
    parameters,
    trees_of,
    width_of,
)
from tests.strategies.simulated import SimulatedSession, World, ask, flat

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_cites_its_paper_and_stays_short(name: str) -> None:
    module = inspect.getmodule(STRATEGIES[name])
    assert module is not None and re.search(r"20\d\d", module.__doc__ or "")
    assert module.__name__.rpartition(".")[2] == name
    assert len(inspect.getsource(STRATEGIES[name]).splitlines()) <= 60


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_docs_list_every_setting_with_its_default(name: str) -> None:
    text = (DOCS / "strategies.md").read_text()
    section = text.partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| `?([^`|]+?)`? \|", section, re.MULTILINE))
    assert rows == {key: str(value) for key, value in parameters(name).items()}


def test_widths_and_trees() -> None:
    assert width_of("sampling", {"samples": 12}) == trees_of("sampling", {"samples": 12}) == 12
    assert width_of("mcts", {"n": 3, "width": 8}) == 3
    assert (width_of("dvts", {}), trees_of("dvts", {})) == (16, 4)
    assert trees_of("dvts", {"n": 8, "m": 2}) == 4
    assert [trees_of(name, {"n": 8}) for name in ("beam", "rebase", "mcts", "best_first")] == [
        1
    ] * 4
    assert [name for name in STRATEGIES if not needs_verifier(name)] == ["sampling"]


@pytest.mark.parametrize("name", ["sampling", "beam", "dvts", "rebase"])
def test_the_bill_is_exact_where_all_solutions_are_equally_long(name: str) -> None:
    size = {"samples": 8} if name == "sampling" else {"n": 8}
    _, ledger = ask(STRATEGIES[name], World(length=5), **size)
    expected = bill(name, size, steps=5)
    assert expected.solutions * 5 == ledger.steps
    assert expected.solutions * expected.scores == len(ledger.scored)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("lookahead", {"n": 8, "k": 2}),
        ("mcts", {"n": 4, "expansions": 8}),
        ("mcts", {"n": 16, "width": 8, "expansions": 64}),
        ("mcts", {"leaves": "drop"}),
        ("best_first", {}),
    ],
)
def test_the_bill_is_an_upper_estimate_elsewhere(name: str, params: dict[str, Any]) -> None:
    _, ledger = ask(STRATEGIES[name], World(length=10), **params)
    expected = bill(name, params, steps=10)
    assert ledger.steps <= expected.solutions * 10
    assert len(ledger.scored) <= expected.solutions * expected.scores * (1 + 1e-9)


@pytest.mark.parametrize("name", ["mcts", "best_first"])
def test_the_bill_of_a_tree_that_ends_nowhere_is_exact(name: str) -> None:
    _, ledger = ask(STRATEGIES[name], World(length=1_000), flat, leaves="drop")
    expected = bill(name, {"leaves": "drop"}, steps=1_000)
    assert expected.solutions * 1_000 == pytest.approx(ledger.steps)
    assert expected.solutions * expected.scores == pytest.approx(len(ledger.scored))


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("beam", {"n": 0}, "n is 0"),
        ("beam", {"m": -1}, "m is -1"),
        ("beam", {"leaves": "keep"}, "finish, drop"),
        ("lookahead", {"k": -1}, "k is -1"),
        ("dvts", {"n": 6}, "multiple of m = 4"),
        ("dvts", {"m": 0}, "m is 0"),
        ("rebase", {"rounding": "floor"}, "largest-remainder"),
        ("rebase", {"temperature": 0.0}, "temperature is 0.0"),
        ("rebase", {"temperature": float("nan")}, "above 0"),
        ("mcts", {"c": -0.5}, "c is -0.5"),
        ("best_first", {"branching": 0}, "branching is 0"),
    ],
)
def test_settings_that_mean_nothing_are_said(name: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(SweepError, match=re.escape(said)):
        check(name, params)


@pytest.mark.parametrize("name", STRATEGIES)
def test_defaults_and_the_papers_other_settings_are_accepted(name: str) -> None:
    """Fails by the SweepError of a setting that is refused."""
    check(name, {})
    check("beam", {"m": 0})
    check("lookahead", {"k": 0})
    check("mcts", {"c": 0.0, "width": 16, "expansions": 128})


def test_leaves_by_an_unknown_name_are_said_when_run() -> None:
    with pytest.raises(SweepError, match="finish"):
        ask(STRATEGIES["beam"], World(length=9), max_depth=1, leaves="keep")


async def test_the_docs_example_of_a_search_runs() -> None:
    """The second Python block of the page on adding a strategy."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "add-a-strategy.md").read_text(), re.S)
    names: dict[str, Any] = {}
    exec(blocks[1], names)
    traces = await names["keep_half"](SimulatedSession(World(length=5)), n=8)
    assert len(traces) == 4 and all(t.finished and len(t.rewards) == 2 for t in traces)
