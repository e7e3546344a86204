"""The laws of runs: fitted on their banks, checked on held-out samples, kept in fits.json."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.accuracy import count_correct, coverage
from scaling_cli.laws.coverage_law import fit_coverage, grid
from scaling_cli.laws.fit import Fit, enough, refusal
from scaling_cli.laws.majority import majority
from scaling_cli.laws.power_law import fit_power, hold_out
from scaling_cli.laws.resample import question_weights
from scaling_cli.laws.subsets import count_samples
from scaling_cli.laws.success import fit_success
from scaling_cli.laws.voting_law import fit_voting, quarter_of_bank
from scaling_cli.recorded import Ask, Recorded, banks
from scaling_cli.sizes import size_fits
from scaling_cli.store import RunFolder
from scaling_cli.types import SampleBank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray

Row = dict[str, Any]
DRAWS = 200
LAWS = ("coverage", "success", "voting", "compute", "size")


@dataclass(frozen=True, slots=True)
class Source:
    """One cell's bank (or a group of its questions), and what it is called."""

    fields: Row
    recorded: Recorded
    axis: str
    ask: Ask
    weights: NDArray[np.uint8]

    @property
    def bank(self) -> SampleBank:
        return self.recorded.bank

    @property
    def unanswered(self) -> Any:
        return self.ask.choice.unanswered

    @property
    def votes(self) -> bool:
        return bool(self.recorded.cell.details.get("votes", True))


def fit_runs(
    folders: Sequence[RunFolder],
    ask: Ask,
    laws: Sequence[str],
    axis: str,
    say: Callable[[str], None],
) -> list[tuple[Row, Fit]]:
    """Every law asked for on every cell, and the law of size once a task."""
    unknown = [law for law in laws if law not in LAWS]
    if unknown:
        raise LawError(f"there is no law {unknown[0]}", f"valid: {', '.join(LAWS)}")
    found: list[tuple[Row, Fit]] = []
    every = [one for folder in folders for one in sources(folder, ask, axis)]
    if not every:
        raise LawError("no cell holds several samples a question", "laws need samples above 1")
    for source in every:
        for law in laws:
            if law in BY_CELL:
                say(f"fitting {law} to {source.fields['model']}, {source.fields['task']}")
                found.append(({**source.fields, "law": law}, BY_CELL[law](source)))
    if "size" in laws:
        found += size_fits(folders, ask, axis, DRAWS)
    return found


def sources(folder: RunFolder, ask: Ask, axis: str) -> Iterator[Source]:
    """What laws can be fitted to: every cell with several samples a question."""
    for one in banks(folder, ask):
        if one.bank.samples.max(initial=0) < 2:
            continue
        fields = {**one.fields(), "samples": int(one.bank.samples.min())}
        weights = question_weights(len(one.bank.question_ids), DRAWS, 0)
        yield Source(fields, one, axis, ask, weights)


def _coverage(source: Source) -> Fit:
    bank = source.bank
    return fit_coverage(count_correct(bank.answer_class), bank.samples, source.weights)


def _success(source: Source) -> Fit:
    bank = source.bank
    return fit_success(count_correct(bank.answer_class), bank.samples, source.weights)


def _voting(source: Source) -> Fit:
    if not source.votes:
        return refusal("voting", "it is not known which wrong answer each sample gave")
    return fit_voting(source.bank.answer_class, source.weights, unanswered=source.unanswered)


def _compute(source: Source) -> Fit:
    """Error of majority voting (of coverage where nobody can vote) against its cost."""
    bank = source.bank
    n = int(bank.samples.min())
    ks = grid(n)
    costs = source.recorded.costs(ks.tolist(), source.ask.pricing)
    cost = np.asarray(costs[source.axis].mean(axis=0))
    if np.isnan(cost).any():
        return refusal("compute", f"the {source.axis} of its samples are not known")
    few = enough(bank.samples)
    if few:
        return refusal("compute", few)
    values = _curve(source, bank.answer_class, ks)

    def held() -> Any:
        part = quarter_of_bank(bank.answer_class, 0)
        sizes = ks[ks <= int(count_samples(part).min())]
        whole = _curve(source, bank.answer_class, np.array([n]))[:, 0]
        return hold_out(_curve(source, part, sizes), cost[: len(sizes)], whole, float(cost[-1]),
                        source.weights, n)  # fmt: skip

    return fit_power(values, cost, source.weights, held=held)


def _curve(source: Source, answer_class: Any, ks: Any) -> FloatArray:
    if source.votes:
        return majority(answer_class, ks, unanswered=source.unanswered)
    return coverage(count_correct(answer_class), count_samples(answer_class), ks)


BY_CELL: dict[str, Callable[[Source], Fit]] = {
    "coverage": _coverage,
    "success": _success,
    "voting": _voting,
    "compute": _compute,
}


def fit_rows(found: Sequence[tuple[Row, Fit]]) -> list[Row]:
    """Rows as they are printed: parameters with intervals, the hold-out check, the verdict."""
    return [
        {
            **fields,
            "status": "refused" if fit.refused else "fitted",
            "parameters": {
                name: {"value": p.value, "lo": p.lo, "hi": p.hi}
                for name, p in fit.parameters.items()
            },
            "residual": float(np.abs(fit.residuals).max()) if len(fit.x) else None,
            "holdout": None if fit.holdout is None else _held(fit),
            "reason": fit.reason or None,
        }
        for fields, fit in found
    ]


def _held(fit: Fit) -> Row:
    held = fit.holdout
    assert held is not None
    return {
        "k": held.k,
        "predicted": held.predicted,
        "observed": held.observed,
        "lo": held.lo,
        "hi": held.hi,
        "passed": held.passed,
    }


def fits_document(found: Sequence[tuple[Row, Fit]]) -> Row:
    """What fits.json holds: the rows, each with its curve; no number that is not finite."""
    rows = fit_rows(found)
    for row, (_, fit) in zip(rows, found, strict=True):
        row["curve"] = {
            "x": fit.x.tolist(),
            "observed": fit.observed.tolist(),
            "predicted": fit.predicted.tolist(),
            "band": None if fit.band is None else fit.band.tolist(),
        }
    return {"fits": rows}
