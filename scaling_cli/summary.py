"""Accuracy rows of a run: every cell × selector × k × token cap, with intervals and costs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.distinguish import telling
from scaling_cli.laws.caps import at_cap, cap_grid, k_grid
from scaling_cli.laws.resample import band, question_weights
from scaling_cli.laws.selectors import SCORED, curve
from scaling_cli.pricing import AXES, PRICED
from scaling_cli.recorded import (
    Ask,
    bank_costs,
    bank_of,
    choice_of,
    groups_of,
    possible,
    score_of,
    split,
    take,
)
from scaling_cli.searched import (
    budgets,
    is_bound,
    rescored,
    scored_costs,
    search_costs,
    search_values,
    searches,
    verifier_label,
)
from scaling_cli.store import CellRecord, RunFolder, answered_cells
from scaling_cli.types import FAILED, GOLD, MISSING, SampleBank

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Series:
    """One curve with its per-question values: what rows, frontiers and figures are made of.

    `values` and each cost are `[question, k]`; `fields` are the row's names for this curve.
    """

    fields: Mapping[str, Any]
    question_ids: tuple[str, ...]
    ks: tuple[int, ...]
    values: FloatArray
    mc_error: FloatArray
    costs: Mapping[str, FloatArray]
    rates: Mapping[str, float | None]

    @property
    def chooses(self) -> bool:
        """Whether this is a method: coverage and oracles look at the right answer."""
        return self.fields["selector"] != "coverage" and not is_bound(self.fields["verifier"])


def accuracy_rows(folder: RunFolder, ask: Ask) -> list[Row]:
    """One row for each curve and k, costs as means per question."""
    rows: list[Row] = []
    for one in series(folder, ask):
        rows += _rows(one, ask)
    return rows


def series(folder: RunFolder, ask: Ask) -> Iterator[Series]:
    """Every curve that the run's graded answers hold, cell by cell."""
    run = folder.read_manifest()
    present = answered_cells(folder)
    groups = groups_of(folder, ask.by)
    for key, cell in run.ordered():
        if key not in present:
            continue
        bank, boxed = bank_of(folder, key, cell, ask)
        if searches(cell):
            for group, rows in split(bank, groups):
                yield from _search_curves(folder, key, cell, take(bank, rows), group, ask)
            continue
        cached, seconds = folder.spent(key)
        for cap in _caps(bank, cell, ask):
            whole = cap >= int(cell.details["max_tokens"])
            capped = bank if whole else at_cap(bank, boxed, cap)
            for group, rows in split(capped, groups):
                # How long a call would have taken under a smaller limit is not known.
                spent = cached[rows], seconds[rows] if whole else None
                yield from _curves(folder, key, cell, take(capped, rows), cap, group, ask, spent)


def _caps(bank: SampleBank, cell: CellRecord, ask: Ask) -> list[int]:
    limit = int(cell.details["max_tokens"])
    if (bank.tokens < 0).any():
        return [limit]
    if ask.caps is not None:
        return sorted({cap for cap in ask.caps if cap < limit} | {limit})
    return cap_grid(limit)


def _curves(
    folder: RunFolder,
    key: str,
    cell: CellRecord,
    bank: SampleBank,
    cap: int,
    group: str | None,
    ask: Ask,
    spent: tuple[FloatArray, FloatArray | None],
) -> Iterator[Series]:
    most = int(bank.samples.max(initial=0))
    ks = [k for k in (ask.ks or k_grid(most)) if k <= most]
    if not ks:
        return
    costs = bank_costs(bank, cell, ks, ask.pricing, *spent)
    whole = cap >= int(cell.details["max_tokens"])
    # A score was given to the whole text: under a smaller limit there is none.
    scorers = [None, *(cell.details.get("scorers", {}) if whole else ())]
    for scorer in scorers:
        seen = bank if scorer is None else rescored(folder, key, scorer, bank)
        paid = (
            costs
            if scorer is None
            else scored_costs(folder, key, cell, scorer, bank, ks, costs, ask.pricing)
        )
        for selector in ask.selectors:
            # A single greedy answer has nothing to choose from.
            if not possible(selector, seen, cell) or (most == 1 and selector != "first"):
                continue
            if scorer is not None and selector not in SCORED:
                continue
            result = curve(seen, selector, ks, choice_of(cell, ask, scorer))
            yield Series(
                fields=_fields(folder, key, cell, selector, cap, group, ask, bank, scorer),
                question_ids=bank.question_ids,
                ks=tuple(ks),
                values=result.values,
                mc_error=result.mc_error,
                costs=paid,
                rates=_rates(bank),
            )


def _search_curves(
    folder: RunFolder, key: str, cell: CellRecord, bank: SampleBank, group: str | None, ask: Ask
) -> Iterator[Series]:
    """The curves of a search: one point, or one for each number of whole trees."""
    cap = int(cell.details["max_tokens"])
    ks = tuple(k for k, _ in budgets(cell))
    costs = search_costs(folder, key, cell, bank.question_ids, ask.pricing)
    for selector in ask.selectors:
        # One trace of a search would be paid for with all of it.
        if selector == "first" or not possible(selector, bank, cell):
            continue
        yield Series(
            fields=_fields(folder, key, cell, selector, cap, group, ask, bank, None),
            question_ids=bank.question_ids,
            ks=ks,
            values=search_values(folder, key, cell, bank, selector, choice_of(cell, ask)),
            mc_error=np.zeros(len(ks)),
            costs=costs,
            rates=_rates(bank),
        )


def _fields(
    folder: RunFolder,
    key: str,
    cell: CellRecord,
    selector: str,
    cap: int,
    group: str | None,
    ask: Ask,
    bank: SampleBank,
    scorer: str | None,
) -> Row:
    details = cell.details
    greedy = details["temperature"] == 0
    return {
        "run": folder.name,
        "cell": key,
        "model": details["model"],
        "engine": details["engine"],
        "task": details["task"],
        "task_revision": details["task_revision"],
        "strategy": "greedy" if greedy else details["strategy"],
        "params": json.dumps(details["params"], sort_keys=True),
        "prompt": details.get("prompt"),
        "temperature": details["temperature"],
        "seed": cell.seed,
        "verifier": _verifier(cell, ask, selector, scorer),
        "selector": selector,
        "max_tokens": cap,
        "samples": int(bank.samples.max(initial=0)),
        "extraction": ask.extraction,
        "equality": ask.equality,
        "by": ask.by,
        "group": group,
    }


def _verifier(cell: CellRecord, ask: Ask, selector: str, scorer: str | None) -> str | None:
    """Who scored: what led a search, the bank's scorer, or the score it was recorded with."""
    if searches(cell):
        return verifier_label(cell.details.get("verifier"))
    if scorer is not None:
        return verifier_label(cell.details["scorers"][scorer])
    return score_of(cell, ask).partition("_")[0] if selector in SCORED else None


def _rates(bank: SampleBank) -> dict[str, float | None]:
    """Fractions over the samples that are there."""
    real = bank.answer_class != MISSING
    count = max(int(real.sum()), 1)
    return {
        "truncated": float(bank.truncated[real].sum()) / count,
        "unanswered": float((bank.answer_class[real] < GOLD).sum()) / count,
        "failed": float((bank.answer_class[real] == FAILED).sum()) / count,
    }


def _rows(one: Series, ask: Ask) -> list[Row]:
    weights = question_weights(len(one.question_ids), ask.draws, 0)
    lo, hi = band(one.values, weights)
    means = {axis: _mean(values) for axis, values in one.costs.items()}
    rows = []
    for place, k in enumerate(one.ks):
        reached = ~np.isnan(one.values[:, place])
        row = {
            **one.fields,
            "k": k,
            "questions": int(reached.sum()),
            "accuracy": float(one.values[reached, place].mean()),
            "lo": float(lo[place]),
            "hi": float(hi[place]),
            "mc_error": float(one.mc_error[place]) or None,
            **one.rates,
            "extrapolated": False,
        }
        axes = (*AXES, "verifier_tokens", *(axis for axis in PRICED if axis in means))
        rows.append(row | {axis: _at(means.get(axis), place) for axis in axes})
    return rows


def _mean(values: FloatArray) -> FloatArray:
    """Mean over questions; null as soon as one question's cost is not known."""
    return np.asarray(np.asarray(values).mean(axis=0), np.float64)


def _at(means: FloatArray | None, place: int) -> float | None:
    if means is None or np.isnan(means[place]):
        return None
    return float(means[place])


def rank_changes(folders: Sequence[RunFolder], ask: Ask) -> list[str]:
    """Where reading only boxed answers would put the configurations in another order."""
    ranks = {
        extraction: _ranks(folders, replace(ask, extraction=extraction, caps=[], by=None))
        for extraction in ("lenient", "strict")
    }
    return [
        f"{task}, {selector}: the order changes with extraction, lenient "
        f"{' > '.join(order)}, strict {' > '.join(ranks['strict'][task, selector])}"
        for (task, selector), order in ranks["lenient"].items()
        if order != ranks["strict"].get((task, selector), order)
    ]


def _ranks(folders: Sequence[RunFolder], ask: Ask) -> dict[tuple[str, str], list[str]]:
    """The configurations by accuracy at their largest k, best first, ties by name.

    A greedy answer stands among the single samples.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    for folder in folders:
        for one in series(folder, ask):
            value = float(np.nanmean(one.values[:, -1]))
            place = one.fields["task"], one.fields["selector"]
            found.setdefault(place, []).append({**one.fields, "value": value})
    return {place: _ranked(rows) for place, rows in found.items()}


def _ranked(rows: Sequence[Row]) -> list[str]:
    """A row's model, and what else tells it from the others of that model."""
    shown = ["model", "strategy", "verifier"]
    settings = telling(rows, shown)
    led = len({row["verifier"] for row in rows}) > 1
    names = [
        " ".join(
            [row["model"]]
            + ([] if row["strategy"] == "sampling" else [row["strategy"]])
            + ([f"by {row['verifier']}"] if led and row["verifier"] else [])
            + [f"{name} {row[name]}" for name in settings]
        )
        for row in rows
    ]
    # To nine digits: a difference of rounding is no order.
    order = sorted(
        zip(rows, names, strict=True), key=lambda one: (-round(one[0]["value"], 9), one[1])
    )
    return [name for _, name in order]
