"""The table of strategies: one paper a file, each a function from a session to traces."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from scaling_cli.errors import SweepError
from scaling_cli.strategies.allocate import ROUNDINGS
from scaling_cli.strategies.beam import beam
from scaling_cli.strategies.best_first import best_first
from scaling_cli.strategies.bill import STEPS, Bill, ahead, expanded, sampled, stepwise
from scaling_cli.strategies.dvts import dvts
from scaling_cli.strategies.leaves import LEAVES
from scaling_cli.strategies.lookahead import lookahead
from scaling_cli.strategies.mcts import mcts
from scaling_cli.strategies.rebase import rebase
from scaling_cli.strategies.sampling import sampling
from scaling_cli.types import Trace

__all__ = [
    "STRATEGIES", "Bill", "bill", "check", "needs_verifier", "parameters", "trees_of", "width_of"
]  # fmt: skip

Strategy = Callable[..., Awaitable[list[Trace]]]

STRATEGIES: dict[str, Strategy] = {
    "sampling": sampling,
    "beam": beam,
    "lookahead": lookahead,
    "dvts": dvts,
    "rebase": rebase,
    "mcts": mcts,
    "best_first": best_first,
}

BILLS: dict[str, Callable[[Mapping[str, Any], float], Bill]] = {
    "sampling": sampled,
    "beam": stepwise,
    "lookahead": ahead,
    "dvts": stepwise,
    "rebase": stepwise,
    "mcts": expanded("width", "children"),
    "best_first": expanded("branching", "branching"),
}

CHOICES = {"leaves": LEAVES, "rounding": tuple(ROUNDINGS)}
MOST = 100_000
"""The largest count a setting takes: a slip of the pen would ask for steps without an end."""
MAY_BE_ZERO = {"beam": ("m",), "lookahead": ("m", "k"), "mcts": ("c",)}


def parameters(name: str) -> dict[str, Any]:
    """A strategy's parameters with their defaults: its keyword-only arguments."""
    signature = inspect.signature(STRATEGIES[name])
    return {
        key: value.default
        for key, value in signature.parameters.items()
        if value.kind is inspect.Parameter.KEYWORD_ONLY
    }


def needs_verifier(name: str) -> bool:
    """Whether the strategy asks for scores while it runs."""
    return name != "sampling"


def width_of(name: str, params: Mapping[str, Any]) -> int:
    """The k of its rows: the samples, or how many solutions the search is to end with."""
    return int(_filled(name, params)["samples" if name == "sampling" else "n"])


def trees_of(name: str, params: Mapping[str, Any]) -> int:
    """How many independent trees of one size its traces come from.

    Only whole trees may be left out where answers at a smaller budget are read off.
    """
    if name == "dvts":
        filled = _filled(name, params)
        return int(filled["n"]) // int(filled["m"])
    return width_of(name, params) if name == "sampling" else 1


def bill(name: str, params: Mapping[str, Any], *, steps: float = STEPS) -> Bill:
    """What it will ask for on one question whose solutions have `steps` steps."""
    return BILLS[name](_filled(name, params), max(steps, 1.0))


def check(name: str, params: Mapping[str, Any]) -> None:
    """Raises SweepError for settings under which the strategy means nothing."""
    filled = _filled(name, params)
    for key, value in filled.items():
        least = 0 if key in MAY_BE_ZERO.get(name, ()) else 1
        if isinstance(value, int) and value < least:
            raise SweepError(f"{name}: {key} is {value}", f"give {least} or more")
        if isinstance(value, int) and value > MOST:
            raise SweepError(f"{name}: {key} is {value}", f"give at most {MOST:,}")
        positive = isinstance(value, float) and 0 < value < math.inf
        if isinstance(value, float) and not (positive or value == least == 0):
            limit = "of at least 0" if least == 0 else "above 0"
            raise SweepError(f"{name}: {key} is {value}", f"give a number {limit}")
        if value not in CHOICES.get(key, (value,)):
            raise SweepError(f"{name}: {key} is {value}", f"valid: {', '.join(CHOICES[key])}")
    if name == "dvts" and filled["n"] % filled["m"]:
        raise SweepError(
            f"dvts: n = {filled['n']} is not a multiple of m = {filled['m']}",
            "n/m trees of m candidates are grown",
        )


def _filled(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    return {**parameters(name), **params}
