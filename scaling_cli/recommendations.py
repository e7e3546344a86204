"""What to run for a budget: the best point inside it, scored on questions it was not chosen on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.configurations import (
    BANKS,
    Configurations,
    gather,
    name_of,
    sentence,
    unit_of,
)
from scaling_cli.errors import LawError
from scaling_cli.frontiers import curves_of, truncation
from scaling_cli.laws.cross_fit import out_of_fold
from scaling_cli.laws.frontier import Points, frontier, pareto
from scaling_cli.laws.resample import Difference, band, paired_difference, question_weights
from scaling_cli.recorded import Ask
from scaling_cli.sensitivity import sensitivity
from scaling_cli.store import RunFolder
from scaling_cli.summary import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray

Row = dict[str, Any]


VOTES = {
    "majority": "majority vote",
    "weighted": "weighted vote",
    "best": "the best of them",
    "best-majority": "the best of the most frequent",
}
"""How an answer of a search is chosen, as a sentence says it."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to run for a budget on one task: a row for the budget and one for its double, two
    sentences, and whether the choice survives other assumptions."""

    task: str
    rows: tuple[Row, ...]
    sentences: tuple[str, str]
    sensitivity: tuple[Row, ...]
    remarks: tuple[str, ...]


def recommend(
    folders: Sequence[RunFolder], ask: Ask, axis: str, budget: float, task: str | None = None
) -> list[Recommendation]:
    """A recommendation for each task of the runs, or for `task`; LawError where the budget buys
    no answer."""
    curves = {name: members for (name, _), members in curves_of(folders, ask, axis).items()}
    if task is not None and task not in curves:
        raise LawError(f"the runs hold no task {task}", f"they hold: {', '.join(curves)}")
    return [
        _recommend(folders, ask, axis, budget, name, members)
        for name, members in curves.items()
        if task in (None, name)
    ]


def _recommend(
    folders: Sequence[RunFolder],
    ask: Ask,
    axis: str,
    budget: float,
    task: str,
    members: Sequence[Series],
) -> Recommendation:
    found = gather(members, axis, within=(budget, 2 * budget))
    own = found.own()
    _refuse_too_little(own, budget, axis)
    weights = question_weights(len(found.question_ids), ask.draws, 0)
    at = np.array([budget, 2 * budget])
    fresh = out_of_fold(own, at)
    gain = paired_difference(fresh[:, 1:], fresh[:, :1], weights)
    rows = _rows(found, own, at, fresh, weights)
    for row in rows:
        row |= {"task": task, "axis": axis}
    if rows[1]["cost"] > rows[0]["cost"]:
        ends = (gain.mean, gain.lo, gain.hi)
        rows[1] |= {
            key: float(values[0])
            for key, values in zip(("gain", "gain_lo", "gain_hi"), ends, strict=True)
        }
    sentences = _choice(rows[0], own, axis), _doubled(rows, gain, own)
    for row, said in zip(rows, sentences, strict=True):
        row["sentence"] = said
    return Recommendation(
        task=task,
        rows=tuple(rows),
        sentences=sentences,
        sensitivity=tuple(sensitivity(folders, ask, axis, task, members, found, rows[0])),
        remarks=(*found.remarks, *truncation(members)),
    )


def _refuse_too_little(own: Points, budget: float, axis: str) -> None:
    right = pareto(own.values.mean(axis=0), own.cost)
    if not len(right):
        raise LawError("no configuration is ever right", "run stronger models or easier questions")
    cheapest = float(own.cost[right[0]])
    if not budget * (1 + 1e-12) >= cheapest:
        unit = unit_of(axis)
        raise LawError(
            f"{budget:.3g} {unit} a question buy no right answer: the cheapest configuration that "
            f"is ever right costs {cheapest:.3g}",
            f"raise --budget to {cheapest:.3g} or more, or run a smaller model",
        )


def _rows(
    found: Configurations,
    own: Points,
    at: FloatArray,
    fresh: FloatArray,
    weights: NDArray[np.uint8],
) -> list[Row]:
    """The best point inside each budget, its accuracy cross-fitted."""
    lo, hi = band(fresh, weights)
    rows = []
    for place, best in enumerate(frontier(own, weights, at).points):
        scored = fresh[~np.isnan(fresh[:, place]), place]
        rows.append(
            {
                **found.fields[found.distinct[best.point]],
                "budget": best.budget,
                "cost": float(own.cost[best.point]),
                "accuracy": best.accuracy,
                "cross_fitted": float(scored.mean()) if len(scored) else None,
                "lo": float(lo[place]),
                "hi": float(hi[place]),
                "odds": best.odds,
                "gain": None,
                "gain_lo": None,
                "gain_hi": None,
            }
        )
    return rows


def _choice(row: Row, own: Points, axis: str) -> str:
    """The first sentence: what to run, what it is worth and how surely it is the best."""
    dearest = float(own.cost.max())
    beyond = (
        f" Nothing dearer than {dearest:.3g} was run: what the rest could buy is not known."
        if row["budget"] > dearest * (1 + 1e-12)
        else ""
    )
    value = row["cross_fitted"]
    worth = "unknown, too little is right to halve" if value is None else (
        f"{value:.3f} [{row['lo']:.3f}, {row['hi']:.3f}]"
    )  # fmt: skip
    return (
        f"For {row['budget']:.3g} {unit_of(axis)} a question run {described(row)}: cross-fitted "
        f"accuracy {worth}, best of all configurations in {row['odds']:.0%} of draws of the "
        f"questions, at a cost of {row['cost']:.3g}.{beyond}"
    )


def _doubled(rows: Sequence[Row], gain: Difference, own: Points) -> str:
    """The second sentence: what twice the budget would buy."""
    now, then = rows
    if then["cost"] == now["cost"]:
        limit = f": the dearest point that was run costs {float(own.cost.max()):.3g}"
        return (
            "Twice the budget would buy nothing better that was run"
            + (limit if then["budget"] > own.cost.max() else "")
            + "."
        )
    mean, lo, hi = (100 * float(values[0]) for values in (gain.mean, gain.lo, gain.hi))
    sure = "" if lo > 0 or hi < 0 else ", which these questions cannot tell from none"
    return (
        f"Twice the budget would buy {described(then)}: {mean:+.1f} points "
        f"[{lo:+.1f}, {hi:+.1f}]{sure}."
    )


def described(row: Row) -> str:
    """A point as a sentence names it: configuration, k and token limit."""
    each = f"at most {row['max_tokens']} tokens each"
    if row["strategy"] not in BANKS:
        led = "" if row.get("verifier") is None else f" led by {_article(row['verifier'])}"
        how = VOTES.get(row["selector"], row["selector"])
        return f"{row['model']} with {row['strategy']} of width {row['k']}{led}, {how}, {each}"
    among = "" if row["selector"] == "first" else f" of k = {row['k']}"
    named = sentence(name_of(row)).replace(" with weighted", " with a weighted vote")
    return f"{named}{among}, {each}"


def _article(verifier: str) -> str:
    """A verifier is someone, the policy's confidence is not."""
    return verifier if verifier.startswith("confidence") else f"the {verifier}"
