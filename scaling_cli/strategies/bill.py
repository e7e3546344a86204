"""What a strategy will ask for on one question, before anything is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

STEPS = 6.0
"""How many steps a solution is taken to have where none has been seen."""

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bill:
    """`solutions`: the policy's tokens in units of one whole solution, pruned steps included.
    `scores`: scorings for each of those solutions, so that their product is all scorings.

    An upper estimate: a search that finds its solutions early, finishes long leaves, or looks
    ahead beyond a solution's end costs less.
    """

    solutions: float
    scores: float


def sampled(params: Params, _steps: float) -> Bill:
    """Independent samples, scored by nobody here."""
    return Bill(float(params["samples"]), 0.0)


def stepwise(params: Params, steps: float) -> Bill:
    """As many steps at every depth as solutions are wanted, each scored once."""
    return Bill(float(params["n"]), steps)


def ahead(params: Params, steps: float) -> Bill:
    """N·(k + 1), as Snell et al. count it; only the last step looked at is scored."""
    return Bill(params["n"] * (params["k"] + 1.0), steps / (params["k"] + 1.0))


def expanded(first: str, other: str) -> Callable[[Params, float], Bill]:
    """A tree of so many expansions, then as many leaves finished as solutions are wanted."""

    def bill(params: Params, steps: float) -> Bill:
        tree = params[first] + params[other] * (params["expansions"] - 1)
        ends = params["n"] if params["leaves"] == "finish" else 0
        solutions = tree / steps + ends
        return Bill(solutions, (tree + ends) / solutions)

    return bill
