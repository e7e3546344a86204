"""What a check looks at of a run: per-question values of every curve, and no texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.checking.printable import visible
from scaling_cli.errors import LawError, StoreError
from scaling_cli.pricing import AXES
from scaling_cli.recorded import Ask
from scaling_cli.searched import is_bound, recorded_verifier, searches
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.summary import Series, series

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

SELECTORS = ("first", "majority", "best")
"""The curves that choose an answer; best where samples have scores."""
COSTS = ("flops", "tokens")
"""The axes a baseline file keeps unless told otherwise."""
LARGEST_K = 1 << 20
DECIMALS = 4
DIGITS = 5
"""Values and costs are rounded so far, in a file and before a check alike."""
UNCOMPARED = frozenset({"seed", "source", "model", "strategy", "params"})
"""Parts of a cell's identity that name a draw, or by which cells are matched."""


@dataclass(frozen=True, slots=True)
class Curves:
    """One cell under one token limit.

    `limit` is None for the limit it was drawn under. `facts` must be equal for two cells to be
    comparable. `accuracy` maps a selector, with the verifier it goes by (`best:logprob`), to
    `[question, k]` for the first of `ks`; `costs` maps an axis to `[question, k]`.
    """

    model: str
    task: str
    strategy: str
    params: str
    limit: int | None
    seed: int
    facts: Mapping[str, Any]
    question_ids: tuple[str, ...]
    ks: tuple[int, ...]
    accuracy: Mapping[str, FloatArray]
    costs: Mapping[str, FloatArray]
    failed: float = 0.0
    """Share of the samples that failed and count as wrong; not kept in a file."""

    @property
    def cell(self) -> tuple[str, str, str, str, int | None]:
        """By what it is matched."""
        return self.model, self.task, self.strategy, self.params, self.limit

    @property
    def label(self) -> str:
        """What a person calls it."""
        parts = [self.model, self.strategy]
        if self.params != "{}":
            parts.append(self.params)
        if self.limit is not None:
            parts.append(f"{self.limit} tokens")
        return visible(" · ".join(parts))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The curves of a run, and which scale wrote them."""

    run: str
    scale: str
    curves: tuple[Curves, ...]


def snapshot(
    folder: RunFolder,
    *,
    selectors: Sequence[str] = SELECTORS,
    axes: Sequence[str] = AXES,
    caps: Sequence[int] = (),
    ks: Iterable[int] = (),
) -> Snapshot:
    """Read a run: k in octaves, its largest, and `ks`; the limit it was drawn under, and `caps`.

    StoreError where the run is being written or was left half-way.
    """
    from scaling_cli import __version__

    check_settled(folder)
    run = folder.read_manifest()
    sizes = {1 << power for power in range(LARGEST_K.bit_length())} | set(ks)
    asked = sizes | {int(cell.details["samples"]) for cell in run.cells.values()}
    equality = next((str(c.details.get("equality", "math")) for c in run.cells.values()), "math")
    ask = Ask(selectors=selectors, ks=sorted(asked), caps=sorted(caps), equality=equality)
    # What a verifier that knows the right answer reaches is a bound, and no method.
    methods = [one for one in series(folder, ask) if not is_bound(one.fields.get("verifier"))]
    _check_names(methods, selectors)
    found = [_curves(one, run.cells[one.fields["cell"]], sizes, axes) for one in methods]
    check_settled(folder)  # nobody began to write meanwhile
    return Snapshot(folder.name, __version__, tuple(_joined(one for one in found if one.ks)))


def check_settled(folder: RunFolder) -> None:
    """StoreError while somebody writes the run, or when calls wait in its journals."""
    if (writer := folder.writer()) is not None:
        raise StoreError(
            f"{folder.path} is being written by {writer}", "check it when that has ended"
        )
    if any(file.stat().st_size for file in folder.path.glob("journal/*.jsonl")):
        raise StoreError(
            f"{folder.path} was left half-way: its journal holds calls that no part has",
            "finish it with `scale run`",
        )


def _check_names(found: Sequence[Series], selectors: Sequence[str]) -> None:
    """LawError where there is nothing, or where two curves of a cell have one name."""
    if not found:
        raise LawError(
            f"the run holds no curve of {', '.join(selectors)}",
            "best and weighted need a score; leave --selector out to see what there is",
        )
    parts = ("cell", "max_tokens", "selector", "verifier")
    names = [tuple(one.fields.get(part) for part in parts) for one in found]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise LawError(
                f"two verifiers of {visible(found[place].fields['model'])} are called "
                f"{visible(name[-1])}",
                "score under another name: scale score --label NAME",
            )


def _curves(one: Series, cell: CellRecord, sizes: set[int], axes: Sequence[str]) -> Curves:
    fields = one.fields
    whole = fields["max_tokens"] >= int(cell.details["max_tokens"])
    name = fields["selector"]
    if fields.get("verifier"):
        name = f"{name}:{fields['verifier']}"
    kept = [
        place
        for place, k in enumerate(one.ks)
        if searches(cell) or k in sizes or k == fields["samples"]
    ]
    # A k that some question does not reach would compare other questions.
    kept = [place for place in kept if not np.isnan(one.values[:, place]).any()]
    order = sorted(range(len(one.question_ids)), key=lambda row: one.question_ids[row])
    places = np.ix_(order, kept)
    costs = {axis: _digits(one.costs[axis][places]) for axis in axes if axis in one.costs}
    single = kept[:1] if fields["selector"] == "first" else kept
    return Curves(
        model=str(fields["model"]),
        task=str(fields["task"]),
        strategy=str(fields["strategy"]),
        params=str(fields["params"]),
        limit=None if whole else int(fields["max_tokens"]),
        seed=cell.seed,
        facts=_facts(cell, fields),
        question_ids=tuple(one.question_ids[row] for row in order),
        ks=tuple(one.ks[place] for place in kept),
        accuracy={name: np.round(one.values[np.ix_(order, single)], DECIMALS)},
        costs={axis: values for axis, values in costs.items() if not np.isnan(values).any()},
        failed=float(one.rates.get("failed") or 0.0),
    )


def _facts(cell: CellRecord, fields: Mapping[str, Any]) -> dict[str, Any]:
    facts = {key: value for key, value in cell.identity.items() if key not in UNCOMPARED}
    facts |= {"equality": fields["equality"], "extraction": fields["extraction"]}
    for scorer in cell.details.get("scorers", {}).values():
        if recorded_verifier(scorer) == fields["verifier"]:
            facts["verifier"] = scorer
    return dict(json.loads(json.dumps(facts, sort_keys=True)))


def _joined(found: Iterable[Curves]) -> list[Curves]:
    """Selectors of one cell that cost the same stand together."""
    joined: list[Curves] = []
    for new in found:
        place = next((i for i, one in enumerate(joined) if _alike(one, new)), None)
        if place is None:
            joined.append(new)
        else:
            accuracy = {**joined[place].accuracy, **new.accuracy}
            joined[place] = replace(joined[place], accuracy=accuracy)
    return joined


def _alike(one: Curves, other: Curves) -> bool:
    names = ("model", "task", "strategy", "params", "limit", "seed", "facts", "question_ids", "ks")
    return (
        all(getattr(one, name) == getattr(other, name) for name in names)
        and one.costs.keys() == other.costs.keys()
        and all(np.array_equal(values, other.costs[axis]) for axis, values in one.costs.items())
        and not set(one.accuracy) & set(other.accuracy)
    )


def _digits(costs: FloatArray) -> FloatArray:
    """Costs to so many significant digits, as a file holds them."""
    return np.array([float(f"{cost:.{DIGITS}g}") for cost in costs.ravel()]).reshape(costs.shape)
