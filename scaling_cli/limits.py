"""Where the voting curves of runs end: limits, undecided questions, what a verifier would win."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.accuracy import count_correct, coverage
from scaling_cli.laws.calibration import (
    acceptance,
    auroc,
    auroc_within,
    pooled,
    reliability,
    verifier_ceiling,
)
from scaling_cli.laws.limits import PRIOR, Limit, majority_limit, weighted_limit
from scaling_cli.laws.optimisation import over_optimisation
from scaling_cli.laws.rates import extrapolate, rates
from scaling_cli.laws.resample import band, question_weights
from scaling_cli.laws.selectors import Choice, curve
from scaling_cli.laws.weighted import WEIGHT_MAPS
from scaling_cli.recorded import Ask, Recorded, banks, choice_of
from scaling_cli.store import RunFolder
from scaling_cli.types import SampleBank

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Voting:
    """One cell's bank (or a group of its questions) and the limits of voting on it."""

    fields: Row
    bank: SampleBank
    plain: Limit
    weighted: Limit | None
    weight: FloatArray | None
    choice: Choice
    draws: int


def votings(folders: Sequence[RunFolder], ask: Ask, *, prior: float = PRIOR) -> Iterator[Voting]:
    """Limits of every cell that can be voted on; LawError where there is none."""
    found = False
    for folder in folders:
        for one in banks(folder, ask):
            if not one.cell.details.get("votes", True) or one.bank.samples.max(initial=0) < 2:
                continue
            found = True
            yield _voting(one, ask, prior)
    if not found:
        raise LawError(
            "no cell holds several samples whose answers are known",
            "limits need a cell with samples above 1; counts of right answers cannot be voted on",
        )


def _voting(recorded: Recorded, ask: Ask, prior: float) -> Voting:
    bank = recorded.bank
    weights = question_weights(len(bank.question_ids), ask.draws, 0)
    choice = choice_of(recorded.cell, ask)
    weight = weighted = None
    if not np.isnan(bank.reward).all():
        weight = WEIGHT_MAPS[choice.weight_map](bank.reward)
        # A score outside [0, 1] is no weight; plain voting's limit still stands.
        if ((weight >= 0) & (weight <= 1) | np.isnan(weight)).all():
            weighted = weighted_limit(
                bank.answer_class, weight, weights, unanswered=choice.unanswered, prior=prior
            )
        else:
            weight = None
    plain = majority_limit(bank.answer_class, weights, unanswered=choice.unanswered, prior=prior)
    fields = {**recorded.fields(), "samples": int(bank.samples.max())}
    return Voting(fields, bank, plain, weighted, weight, choice, ask.draws)


def limit_rows(voting: Voting) -> list[Row]:
    """A row for plain voting, and one for weighted voting where there are weights."""
    bank, n = voting.bank, int(voting.bank.samples.min())
    covered = coverage(count_correct(bank.answer_class), bank.samples, [n])[:, 0].mean()
    rows = []
    for name, limit in (("majority", voting.plain), ("weighted", voting.weighted)):
        if limit is None:
            continue
        now = float(curve(bank, name, [n], voting.choice).accuracy[0])
        rows.append(
            {
                **voting.fields,
                "selector": name,
                "k": n,
                "accuracy": now,
                "plug_in": float(limit.plug_in.mean()),
                "limit": limit.mean,
                "lo": limit.lo,
                "hi": limit.hi,
                "right": int(limit.right.sum()),
                "undecided": int(limit.undecided.sum()),
                "never": int(limit.never.sum()),
                "coverage": float(covered),
                "gap": float(covered) - now,
                "won_by_weights": _won(voting, name),
                **_scores(voting),
            }
        )
    return rows


def _won(voting: Voting, name: str) -> int | None:
    """Questions that weighted voting surely gets in the end and plain voting surely never."""
    if name != "weighted" or voting.weighted is None:
        return None
    return int((voting.weighted.right & voting.plain.never).sum())


def _scores(voting: Voting) -> Row:
    """How well the scores rank, pooled and inside questions; what an endless best-of-k behind
    them would reach, were they a yes or no; how far they are from chances."""
    names = ("auroc", "auroc_within", "calibration_error", "brier", "true_positive",
             "false_positive", "verifier_ceiling")  # fmt: skip
    row: Row = dict.fromkeys(names)
    classes, reward = voting.bank.answer_class, voting.bank.reward
    correct, score = pooled(classes, reward)
    if not 0 < correct.sum() < len(correct):
        return row
    within = auroc_within(classes, reward)
    row["auroc"] = auroc(correct, score)
    row["auroc_within"] = float(np.nanmean(within)) if not np.isnan(within).all() else None
    found = acceptance(correct, score)
    chance = count_correct(classes) / np.maximum(voting.bank.samples, 1)
    ends = verifier_ceiling(chance, found.true_positive, found.false_positive)
    row["true_positive"], row["false_positive"] = found.true_positive, found.false_positive
    row["verifier_ceiling"] = float(np.nan_to_num(ends).mean())
    if voting.weight is not None:
        calibrated = reliability(*pooled(classes, voting.weight))
        row["calibration_error"], row["brier"] = calibrated.error, calibrated.brier
    return row


def question_table(voting: Voting) -> list[Row]:
    """A row a question: how surely voting gets it in the end, and how fast."""
    speed = rates(voting.bank.answer_class, unanswered=voting.choice.unanswered)
    names = np.select([voting.plain.right, voting.plain.never], ["right", "never"], "undecided")
    correct = count_correct(voting.bank.answer_class)
    return [
        {
            **{name: voting.fields[name] for name in ("run", "model", "task")},
            "question_id": identity,
            "samples": int(voting.bank.samples[place]),
            "correct": int(correct[place]),
            "wins": float(voting.plain.wins[place]),
            "ends": str(names[place]),
            "weighted_wins": None
            if voting.weighted is None
            else float(voting.weighted.wins[place]),
            "probability_gap": float(speed.gap[place]),
            "exponent": float(speed.exponent[place]),
        }
        for place, identity in enumerate(voting.bank.question_ids)
    ]


def predicted_rows(voting: Voting, ks: Sequence[int]) -> list[Row]:
    """Majority voting at any k from the posterior, always labelled extrapolated."""
    values, error = extrapolate(voting.bank.answer_class, ks, unanswered=voting.choice.unanswered)
    weights = question_weights(len(values), voting.draws, 0)
    lo, hi = band(values, weights)
    return [
        {
            **voting.fields,
            "selector": "majority",
            "k": int(k),
            "accuracy": float(values[:, place].mean()),
            "lo": float(lo[place]),
            "hi": float(hi[place]),
            "mc_error": float(error[place]),
            "extrapolated": True,
        }
        for place, k in enumerate(sorted(set(ks)))
    ]


def remarks(voting: Voting) -> list[str]:
    """What the limits say in words; the warning where best-of-k falls with k."""
    name = f"{voting.fields['model']}, {voting.fields['task']}"
    group = voting.fields["group"]
    name += f", {group}" if group is not None else ""
    total = len(voting.bank.question_ids)
    limit = voting.plain
    lines = [
        f"{name}: voting with ever more samples ends at {100 * limit.mean:.1f}% "
        f"[{100 * limit.lo:.1f}, {100 * limit.hi:.1f}] (the recorded modes alone: "
        f"{100 * limit.plug_in.mean():.1f}%); of {total} questions it surely never gets "
        f"{int(limit.never.sum())}, and {int(limit.undecided.sum())} are undecided"
    ]
    lines += [f"{name}: {text}" for text in _worth(voting)]
    falls = _fall(voting)
    return lines if falls is None else [*lines, f"warning: {name}: {falls}"]


def _worth(voting: Voting) -> list[str]:
    """What the scores could win, where there are any: beside a perfect verifier."""
    found = _scores(voting)
    if found["verifier_ceiling"] is None:
        return []
    covered = coverage(
        count_correct(voting.bank.answer_class), voting.bank.samples, [voting.bank.samples.min()]
    )
    ranks = found["auroc_within"]
    inside = "" if ranks is None else (
        f"inside a question the score ranks right above wrong in {ranks:.0%} of pairs; "
    )  # fmt: skip
    return [
        f"{inside}read as yes or no at its best threshold (accepting "
        f"{found['true_positive']:.0%} of right and {found['false_positive']:.0%} of wrong "
        f"samples) it would end best-of-k at {100 * found['verifier_ceiling']:.1f}%, a perfect "
        f"verifier has {100 * float(covered.mean()):.1f}% now"
    ]


def _fall(voting: Voting) -> str | None:
    if np.isnan(voting.bank.reward).all():
        return None
    most = int(voting.bank.samples.min())
    ks = np.unique(np.geomspace(1, most, 12).round().astype(np.int64))
    best = curve(voting.bank, "best", ks)
    weights = question_weights(len(best.values), voting.draws, 0)
    found = over_optimisation(best.values, best.ks, weights)
    if not found.certain:
        return None
    law = f"; Gao's law peaks at k = {found.best_k:.0f}" if found.best_k is not None else ""
    return (
        f"best-of-k falls by {100 * found.fall:.1f} points from k = {found.peak} to {most} "
        f"[{100 * found.lo:.1f}, {100 * found.hi:.1f}]: the score is over-optimised{law}"
    )
