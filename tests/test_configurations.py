"""From curves to points: octaves, budgets filled, and one sample counted once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scaling_cli.configurations import Configurations, gather, sentence
from scaling_cli.errors import LawError
from scaling_cli.summary import Series

KS = (1, 2, 3, 4, 5, 6)
VOTE = np.array([[0.2, 0.2, 0.3, 0.4, 0.5, 0.6], [0.6, 0.6, 0.7, 0.7, 0.8, 0.9]])
COST = np.array([[10.0, 20, 30, 40, 50, 60], [30.0, 60, 90, 120, 150, 180]])


def one(selector: str, values: np.ndarray = VOTE, **fields: object) -> Series:
    names = {
        "run": "r", "cell": "c", "model": "m", "strategy": "sampling", "selector": selector,
        "max_tokens": 8, "task": "t", "group": None,
    }  # fmt: skip
    return Series(
        {**names, **fields}, ("a", "b"), KS, values, np.zeros(6), {"tokens": COST}, {}
    )  # fmt: skip


def found(**options: object) -> Configurations:
    first = one("first", np.repeat(VOTE[:, :1], 6, axis=1))
    return gather([first, one("majority")], "tokens", **options)  # type: ignore[arg-type]


def ks_of(table: Configurations, selector: str) -> list[int]:
    return [f["k"] for f in table.fields if f["selector"] == selector]


def test_k_stands_in_octaves_and_once_for_one_sample() -> None:
    assert ks_of(found(), "first") == [1] and ks_of(found(), "majority") == [1, 2, 4, 6]


def test_a_budget_adds_the_largest_k_it_pays_for() -> None:
    # Mean costs are 20 per sample: 105 pays for five, 15 for none.
    table = found(within=(105.0, 15.0))
    assert ks_of(table, "majority") == [1, 2, 4, 5, 6]


def test_the_vote_of_one_sample_repeats_that_sample() -> None:
    table = found()
    assert [table.fields[i]["k"] for i in table.distinct] == [1, 2, 4, 6]
    assert table.own().values.shape == (2, 4) and table.points.values.shape == (2, 5)
    # Under another cap, of another cell or of another value it is a point of its own.
    for other in (one("majority", max_tokens=4), one("majority", cell="d"), one("best", VOTE / 2)):
        alone = gather([one("first", np.repeat(VOTE[:, :1], 6, axis=1)), other], "tokens")
        assert len(alone.distinct) == 5


def test_only_some_questions() -> None:
    table = found(only=["b", "z"])
    assert table.question_ids == ("b",) and table.points.cost[0] == 30 and not table.remarks
    with pytest.raises(LawError, match="in common"):
        found(only=["z"])


def test_points_of_unknown_cost_are_counted() -> None:
    dear = replace(one("best"), costs={"tokens": np.where(COST > 100, np.nan, COST)})
    table = gather([one("majority"), dear], "tokens")
    assert table.remarks == ("2 points without a known tokens are left out",)
    # The remedy names an axis that has data, not the one that was asked for in vain.
    unknown, idle = COST * np.nan, COST * 0
    with pytest.raises(LawError, match="no axis is known"):
        gather([replace(dear, costs={"tokens": unknown, "flops_verifier": idle})], "tokens")
    with pytest.raises(LawError, match="such as flops_2nt"):
        gather([replace(dear, costs={"tokens": unknown, "flops_2nt": COST})], "tokens")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (("m", "greedy", "first"), "m greedy"),
        (("m", "sampling", "first"), "m with one sample"),
        (("m", "sampling", "majority"), "m with majority"),
        (("m", "rebase", "weighted"), "m with weighted of rebase"),
    ],
)
def test_a_configuration_in_a_sentence(name: tuple[str, str, str], said: str) -> None:
    assert sentence(name) == said
