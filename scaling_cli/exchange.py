"""A larger model once against a smaller one many times, pretraining on the bill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.exchange import inference_multiple
from scaling_cli.laws.resample import (
    difference_sd,
    paired_difference,
    question_weights,
    smallest_difference,
)
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.summary import Ask, Series, series

Row = dict[str, Any]
DRAWS = 2_000


def exchange_rows(
    folders: Sequence[RunFolder], small: str, large: str, ratios: Sequence[float], selector: str
) -> list[Row]:
    """A row for each task and ratio: the small model at the k that matches the large one's single
    sample, their paired difference, and the smallest these questions could show."""
    found = [one for folder in folders for one in _curves(folder, small, large, selector)]
    rows = []
    for task in dict.fromkeys(cell.details["task"] for cell, _ in found):
        mine = {c.details["model"]: (c, s) for c, s in found if c.details["task"] == task}
        if {small, large} <= set(mine):
            rows += [_row(*mine[small], *mine[large], ratio) for ratio in ratios]
    if not rows:
        raise LawError(
            f"no task holds both {small} and {large} with {selector}",
            "scale status names the models of a run",
        )
    return rows


def _curves(
    folder: RunFolder, small: str, large: str, selector: str
) -> list[tuple[CellRecord, Series]]:
    cells = folder.read_manifest().cells
    ask = Ask(selectors=(selector,), caps=[])
    return [
        (cells[one.fields["cell"]], one)
        for one in series(folder, ask)
        if one.fields["model"] in (small, large) and one.fields["strategy"] != "greedy"
    ]


def _row(
    small_cell: CellRecord, small: Series, large_cell: CellRecord, large: Series, ratio: float
) -> Row:
    size = _parameters(large_cell) / _parameters(small_cell)
    multiple = inference_multiple(size, ratio)
    k = small.ks[int(np.searchsorted(small.ks, multiple * (1 + 1e-9), side="right")) - 1]
    shared = sorted(set(small.question_ids) & set(large.question_ids))
    if not shared:
        raise LawError("the two models share no question", "import both under one --task")
    first, second = (
        one.values[[one.question_ids.index(name) for name in shared], place]
        for one, place in ((small, small.ks.index(k)), (large, 0))
    )
    gap = paired_difference(
        first[:, None], second[:, None], question_weights(len(shared), DRAWS, 0)
    )
    sd = float(difference_sd((first - second)[:, None])[0])
    lo, hi = float(gap.lo[0]), float(gap.hi[0])
    return {
        "task": small_cell.details["task"],
        "selector": small.fields["selector"],
        "token_ratio": ratio,
        "size_ratio": size,
        "multiple": multiple,
        "k": int(k),
        # The bank may end below what the budget would buy.
        "short": bool(k < np.floor(multiple)),
        "small": float(first.mean()),
        "large": float(second.mean()),
        "difference": float(gap.mean[0]),
        "lo": lo,
        "hi": hi,
        "verdict": "small" if lo > 0 else "large" if hi < 0 else "undecided",
        "questions": len(shared),
        "smallest_difference": smallest_difference(sd, len(shared)),
    }


def _parameters(cell: CellRecord) -> float:
    facts = cell.details.get("architecture") or {}
    found = facts.get("active_parameters") or cell.details.get("active_parameters")
    if not found:
        raise LawError(
            f"the size of {cell.details['model']} is not known",
            "import it with --config or --active-params",
        )
    return float(found)
