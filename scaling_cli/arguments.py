"""What callers of the API say, as the parts behind it take it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from scaling_cli.errors import LawError
from scaling_cli.store import RunFolder

if TYPE_CHECKING:
    from scaling_cli.recorded import Ask
    from scaling_cli.selection import Selection

T = TypeVar("T")
RunLike = str | Path | RunFolder
"""A run's folder by its path, or as `load` gives it."""
Selector = Literal["first", "coverage", "majority", "weighted", "best", "best-majority"]
Extraction = Literal["lenient", "strict"]
Unanswered = Literal["abstain", "class"]
By = Literal["level", "subject"]
Score = Literal["logprob_mean", "reward_last", "reward_min", "reward_mean", "reward_product"]
WeightMap = Literal["identity", "exp", "logistic"]
"""How a score becomes a weighted vote in [0, 1]: identity of a probability, exp of a mean
log-probability, logistic of a logit."""
Kind = Literal["frontier", "error", "accuracy", "heatmap", "coverage", "compare"]
KEEP = 8
"""How many of the best scored vote in best-majority, where nobody says."""
CHOOSING: tuple[Selector, ...] = ("first", "majority", "best")
"""Selectors that pick an answer: those that a frontier and a comparison are made of."""


def opened(run: RunLike) -> RunFolder:
    """The run's folder; StoreError where it holds none."""
    return run if isinstance(run, RunFolder) else RunFolder.open(run)


def load_runs(runs: Sequence[RunLike]) -> list[RunFolder]:
    if not runs:
        raise LawError("no run is named", 'name one, such as "results/quickstart"')
    return [opened(run) for run in runs]


def ask_of(
    folders: Sequence[RunFolder],
    selectors: Sequence[Selector] | None,
    ks: Sequence[int] | None,
    caps: Sequence[int] | None,
    extraction: Extraction = "lenient",
    unanswered: Unanswered = "abstain",
    by: By | None = None,
    weight_map: WeightMap | None = None,
    keep: int = KEEP,
) -> Ask:
    """As the command line asks."""
    from scaling_cli.cli import asking

    def lists(values: Sequence[T] | None) -> list[T] | None:
        return None if values is None else [*values]

    ask = asking.make_ask(
        [*folders],
        None if selectors is None else [str(one) for one in selectors],
        lists(ks),
        lists(caps),
        _one_of(asking.Extraction, extraction),
        _one_of(asking.Unanswered, unanswered),
        None if by is None else _one_of(asking.By, by),
    )
    named = None if weight_map is None else _one_of(asking.WeightMap, weight_map)
    return asking.voting(ask, named, keep)


def _one_of(kind: Callable[[str], T], value: str) -> T:
    try:
        return kind(value)
    except ValueError as error:
        raise LawError(str(error), "the function's signature lists the words it takes") from None


def priced(
    ask: Ask, intensity: float | None, per_million: Sequence[str], per_hour: Sequence[str]
) -> Ask:
    from scaling_cli.cli import asking

    return asking.priced(ask, intensity, per_million, per_hour)


def selection_of(side: RunLike) -> Selection:
    from scaling_cli.selection import Selection, parse_selection

    return Selection(side) if isinstance(side, RunFolder) else parse_selection(str(side))


def without_loop(work: Callable[[], T]) -> T:
    """The work's result, done in a thread where this one runs an event loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1, "scale") as thread:
        return thread.submit(work).result()
