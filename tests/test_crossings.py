"""Crossings as sentences and rows: bounded, unbounded, always, and what was not run."""

from __future__ import annotations

import numpy as np
import pytest

from scaling_cli.configurations import Configurations
from scaling_cli.crossings import Overtaking, crossings
from scaling_cli.laws.crossing import Crossing
from scaling_cli.laws.frontier import Points, frontier
from scaling_cli.laws.resample import question_weights

FIRST, SECOND = ("0.5B", "sampling", "majority"), ("1.5B", "sampling", "majority")


def overtaking(budget: float, lo: float, hi: float, *, reach: float = 1e15) -> Overtaking:
    law = Crossing(0, 1, budget, lo, hi, 0.9, reach)
    return Overtaking(FIRST, SECOND, 1e12, True, law)


BOTH = "1.5B with majority overtakes 0.5B with majority"


@pytest.mark.parametrize(
    ("one", "axis", "said"),
    [
        (overtaking(2.1e13, 1.6e13, 3e13), "flops", f"{BOTH} at 2.1e+13 FLOPs [1.6e+13, 3e+13]"),
        (overtaking(2100.0, 0, 4000), "tokens", "no lower end, 4e+03]"),
        (overtaking(2e13, 1e13, np.inf), "flops", "no upper end], unbounded: these questions do"),
        (overtaking(2e13, 1e13, 3e13, reach=1e13), "flops", "above the 1e+13 that both"),
        (overtaking(1e12, 1e12, 1e12), "flops", "the least it can be run with"),
        (overtaking(0, 0, 0), "flops", "is ahead of 0.5B with majority at every FLOPs budget"),
        (overtaking(0, 0, np.inf), "flops", "in 95% of draws from no upper end on"),
    ],
)
def test_what_is_said(one: Overtaking, axis: str, said: str) -> None:
    assert said in one.sentence(axis)


def test_unbounded_ends_are_null() -> None:
    row = overtaking(2e13, 0, np.inf).row()
    assert (row["budget"], row["lo"], row["hi"], row["always"]) == (2e13, None, None, False)
    assert overtaking(0, 0, 0).row()["always"] is True
    assert (row["first_model"], row["second_selector"]) == ("0.5B", "majority")


def test_each_pair_is_met_once_and_neighbours_on_the_frontier_are_marked() -> None:
    values = np.tile([0.2, 0.3, 0.1, 0.6, 0.25], (10, 1))
    points = Points(values, np.array([1.0, 2, 3, 6, 7]), np.array([0, 0, 1, 1, 2]))
    names = (FIRST, SECOND, ("7B", "greedy", "first"))
    found = Configurations(("q",) * 10, names, points, ({},) * 5, np.arange(5), ())
    weights = question_weights(10, 50, 0)
    met = crossings(found, frontier(points, weights, np.array([1.0, 2, 3, 6, 7])), weights)
    assert [(o.first, o.second, o.law.budget, o.neighbours) for o in met] == [
        (FIRST, SECOND, 6.0, True),
        (names[2], FIRST, 0.0, False),
        (names[2], SECOND, 0.0, False),
    ]
