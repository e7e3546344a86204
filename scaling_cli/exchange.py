"""A larger model once against a smaller one many times, pretraining on the bill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.exchange import inference_multiple
from scaling_cli.laws.resample import paired_difference, question_weights, smallest_difference
from scaling_cli.laws.selectors import curve
from scaling_cli.recorded import Ask, banks, choice_of, possible, take
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.types import SampleBank

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

Row = dict[str, Any]
Source = tuple[CellRecord, SampleBank]
DRAWS = 2_000


def exchange_rows(
    folders: Sequence[RunFolder], small: str, large: str, ratios: Sequence[float], selector: str
) -> list[Row]:
    """A row for each task and ratio: the small model at the k that matches the large one's single
    sample, their paired difference, and the smallest these questions could show."""
    found: dict[str, dict[str, Source]] = {}
    for folder in folders:
        for one in banks(folder, Ask()):
            details = one.cell.details
            found.setdefault(details["task"], {})[details["model"]] = one.cell, one.bank
    rows = [
        _row(models[small], models[large], ratio, selector)
        for models in found.values()
        if {small, large} <= set(models)
        for ratio in ratios
    ]
    if not rows:
        raise LawError(
            f"no task holds both {small} and {large}", "scale status names the models of a run"
        )
    return rows


def _row(small: Source, large: Source, ratio: float, selector: str) -> Row:
    size = _parameters(large[0]) / _parameters(small[0])
    multiple = inference_multiple(size, ratio)
    wanted = int(multiple * (1 + 1e-9))
    k = min(wanted, int(small[1].samples.min()))
    shared = sorted(set(small[1].question_ids) & set(large[1].question_ids))
    if not shared:
        raise LawError("the two models share no question", "import both under one --task")
    first, second = _values(small, k, selector, shared), _values(large, 1, selector, shared)
    weights = question_weights(len(shared), DRAWS, 0)
    gap = paired_difference(first[:, None], second[:, None], weights)
    lo, hi = float(gap.lo[0]), float(gap.hi[0])
    return {
        "task": small[0].details["task"],
        "selector": selector,
        "token_ratio": ratio,
        "size_ratio": size,
        "multiple": multiple,
        "k": k,
        # The bank may end below what the budget would buy.
        "short": k < wanted,
        "small": float(first.mean()),
        "large": float(second.mean()),
        "difference": float(gap.mean[0]),
        "lo": lo,
        "hi": hi,
        "verdict": "small" if lo > 0 else "large" if hi < 0 else "undecided",
        "questions": len(shared),
        "smallest_difference": smallest_difference(float(gap.sd[0]), len(shared)),
    }


def _values(source: Source, k: int, selector: str, shared: Sequence[str]) -> FloatArray:
    """Each shared question's accuracy at k."""
    cell, bank = source
    if not possible(selector, bank, cell):
        raise LawError(
            f"{selector} cannot be drawn for {cell.details['model']}",
            "counts have no answers to vote with; use coverage",
        )
    places = {name: row for row, name in enumerate(bank.question_ids)}
    rows = take(bank, np.array([places[name] for name in shared]))
    values = curve(rows, selector, [k], choice_of(cell, Ask())).values[:, 0]
    return np.asarray(values)


def _parameters(cell: CellRecord) -> float:
    facts = cell.details.get("architecture") or {}
    found = facts.get("active_parameters") or cell.details.get("active_parameters")
    if not found:
        raise LawError(
            f"the size of {cell.details['model']} is not known",
            "import it with --config or --active-params",
        )
    return float(found)
