"""Recorded searches as they are asked for: their traces, and what every call of them cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.laws.cost import Calls, CostModel, call_costs
from scaling_cli.laws.selectors import Choice
from scaling_cli.laws.whole_sets import whole, whole_trees
from scaling_cli.pricing import PRICED, Pricing
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.sweep_nouns import VerifierSpec
from scaling_cli.types import Architecture, SampleBank
from scaling_cli.verifiers import UPPER_BOUNDS

if TYPE_CHECKING:
    import pyarrow as pa

    from scaling_cli.types import FloatArray, IntArray

BOUND = " (upper bound)"
COLUMNS = [
    "question_id", "role", "model", "prompt_tokens", "cached_tokens", "new_tokens",
    "known_tokens", "context", "seconds",
]  # fmt: skip


def searches(cell: CellRecord) -> bool:
    """Whether the cell is of the search lane."""
    return "step" in cell.details


def verifier_label(verifier: VerifierSpec) -> str:
    """What rows call a verifier; one that looks at the gold answer is said to be a bound."""
    return _label(verifier.label, upper_bound=verifier.name in UPPER_BOUNDS)


def _label(label: str, *, upper_bound: bool) -> str:
    return f"{label}{BOUND}" if upper_bound else label


def recorded_verifier(facts: Mapping[str, Any] | None) -> str | None:
    """What a run's rows call a verifier of its manifest; None where there is none."""
    if facts is None:
        return None
    return _label(str(facts["label"]), upper_bound=bool(facts.get("upper_bound")))


def is_bound(verifier: str | None) -> bool:
    """Whether a row's verifier looks at the gold answer, so that the row is no method."""
    return verifier is not None and verifier.endswith(BOUND)


def budgets(cell: CellRecord) -> list[tuple[int, int]]:
    """(k, whole trees) at which answers may be read off a search."""
    trees, width = int(cell.details.get("trees", 1)), int(cell.details["width"])
    counts = sorted({1 << power for power in range(trees.bit_length()) if 1 << power < trees})
    return [(width * count // trees, count) for count in [*counts, trees]]


def search_values(
    folder: RunFolder, key: str, cell: CellRecord, bank: SampleBank, selector: str, choice: Choice
) -> FloatArray:
    """Accuracy of each question at each of the cell's budgets, `values[question, k]`."""
    counts = [count for _, count in budgets(cell)]
    if len(counts) == 1:
        return whole(bank, selector, choice)[:, None]
    table = folder.read_part("candidates", key, ["question_id", "index", "tree"])
    tree = tree_numbers(table, bank.question_ids, bank.answer_class.shape[1])
    return whole_trees(bank, tree, selector, counts, choice)


def charged(
    folder: RunFolder,
    part: str,
    cell: CellRecord,
    verifier: Mapping[str, Any] | None,
    pricing: Pricing,
) -> dict[str, FloatArray]:
    """Cost of every call on every axis and by role, with `question[call]` its question's id."""
    table = folder.read_part("charges", part, COLUMNS)
    policy = str(cell.details["model"])
    mine = _models(table) == policy
    costs = _priced(table, cell.details.get("architecture"), mine, pricing, policy)
    if verifier is not None and verifier.get("model") not in (None, policy):
        asked = str(verifier["model"])
        other = _priced(table, verifier.get("architecture"), ~mine, pricing, asked)
        costs = {axis: np.where(mine, values, other[axis]) for axis, values in costs.items()}
    costs["question"] = np.asarray(table["question_id"].to_pylist(), object)
    costs["verifier"] = np.asarray(table["role"].to_pylist(), object) == "verifier"
    costs["context"] = _numbers(table, "context")
    return costs


def _models(table: pa.Table) -> Any:
    return np.asarray(table["model"].to_pylist(), object)


def _priced(
    table: pa.Table, facts: Any, mine: Any, pricing: Pricing, name: str
) -> dict[str, FloatArray]:
    """The calls of one model, NaN for those of another."""
    model = None if facts is None else CostModel(Architecture.from_facts(facts))
    calls = Calls(
        _numbers(table, "context"),
        _numbers(table, "new_tokens"),
        _numbers(table, "cached_tokens"),
        _numbers(table, "known_tokens"),
        _numbers(table, "seconds"),
    )
    price = pricing.of(name)
    costs = call_costs(model, calls, intensity=pricing.intensity, prices=price)
    if price is None and pricing.prices:
        # Other models have prices: this one's is not known, which is not the same as not asked.
        costs["dollars"] = np.full(len(table), np.nan)
    return {axis: np.where(mine, values, np.nan) for axis, values in costs.items()}


def _numbers(table: pa.Table, name: str) -> FloatArray:
    return np.array([np.nan if v is None else v for v in table[name].to_pylist()], np.float64)


def question_costs(
    calls: Mapping[str, FloatArray], question_ids: Sequence[str]
) -> dict[str, FloatArray]:
    """What each question was charged on every axis, `[question]`; 0 where it asked nothing."""
    place = {identity: row for row, identity in enumerate(question_ids)}
    rows = np.array([place.get(identity, -1) for identity in calls["question"]], np.int64)
    verifier = calls["verifier"].astype(bool)

    def total(values: FloatArray, which: Any) -> FloatArray:
        chosen = (rows >= 0) & which
        return np.bincount(rows[chosen], values[chosen], len(question_ids)).astype(np.float64)

    everyone = np.ones(len(rows), bool)
    costs = {
        axis: total(calls[axis], everyone)
        for axis in ("flops", "flops_uncached", "flops_engine", "seconds", *PRICED)
        if axis in calls
    }
    costs["flops_policy"] = total(calls["flops"], ~verifier)
    costs["flops_verifier"] = total(calls["flops"], verifier)
    costs["flops_2nt"] = total(calls["flops_2nt"], ~verifier)
    costs["tokens"] = total(calls["tokens"], ~verifier)
    costs["verifier_tokens"] = total(calls["tokens"] + calls["context"], verifier)
    return costs


def search_costs(
    folder: RunFolder,
    key: str,
    cell: CellRecord,
    question_ids: Sequence[str],
    pricing: Pricing,
) -> dict[str, FloatArray]:
    """What a search cost at each of its budgets, `[question, k]` on every axis.

    So many whole trees of all of them cost their share; the question's prompt is paid once.
    """
    calls = charged(folder, key, cell, cell.details.get("verifier"), pricing)
    totals = question_costs(calls, question_ids)
    trees = int(cell.details.get("trees", 1))
    shares = np.array([count / trees for _, count in budgets(cell)])
    prompt = _prompt_cost(cell, calls, question_ids)
    costs = {}
    for axis, values in totals.items():
        once = prompt if axis in ("flops", "flops_policy", "eflops") else np.zeros(len(values))
        costs[axis] = once[:, None] + (values - once)[:, None] * shares
    return costs


def _prompt_cost(
    cell: CellRecord, calls: Mapping[str, FloatArray], question_ids: Sequence[str]
) -> FloatArray:
    """FLOPs of reading each question's prompt: the shortest context of the policy's calls."""
    facts = cell.details.get("architecture")
    shortest = np.full(len(question_ids), np.inf)
    place = {identity: row for row, identity in enumerate(question_ids)}
    policy = ~calls["verifier"].astype(bool)
    for identity, context in zip(calls["question"][policy], calls["context"][policy], strict=True):
        if identity in place:
            row = place[identity]
            shortest[row] = min(shortest[row], context)
    if facts is None:
        return np.full(len(question_ids), np.nan)
    shortest[np.isinf(shortest)] = 0
    return CostModel(Architecture.from_facts(facts)).prefill(shortest)


def rescored(folder: RunFolder, key: str, scorer: str, bank: SampleBank) -> SampleBank:
    """The bank with a verifier's scores in place of its own, NaN where there is none."""
    part = f"{key}.{scorer}"
    reward = np.full(bank.reward.shape, np.nan)
    if folder.has_part("scores", part):
        place = {identity: row for row, identity in enumerate(bank.question_ids)}
        table = folder.read_part("scores", part, ["question_id", "index", "score"])
        for row in table.to_pylist():
            if row["question_id"] in place and row["score"] is not None:
                reward[place[row["question_id"]], row["index"]] = row["score"]
    return replace(bank, reward=reward)


def scored_costs(
    folder: RunFolder,
    key: str,
    cell: CellRecord,
    scorer: str,
    bank: SampleBank,
    ks: Sequence[int],
    drawn: Mapping[str, FloatArray],
    pricing: Pricing,
) -> dict[str, FloatArray]:
    """What k samples and their scores cost, `[question, k]` by axis; `drawn` is without scores.

    The part of the verifier's prompt that all samples of a question share is paid once.
    """
    part, facts = f"{key}.{scorer}", cell.details["scorers"][scorer]
    if not folder.has_part("charges", part):
        return dict(drawn)
    totals = question_costs(charged(folder, part, cell, facts, pricing), bank.question_ids)
    shared = _shared_cost(folder, part, facts, bank.question_ids)
    sizes = np.asarray(ks, np.float64)[None, :]
    shares = sizes / np.maximum(bank.samples, 1).astype(np.float64)[:, None]
    scoring = {
        axis: totals[axis][:, None] * shares
        for axis in ("flops_uncached", "flops_engine", "verifier_tokens", "seconds", *PRICED)
        if axis in totals
    }
    rest = np.maximum(totals["flops"] - shared, 0)
    scoring["flops"] = scoring["flops_verifier"] = shared[:, None] + rest[:, None] * shares
    return {axis: values + scoring.get(axis, 0.0) for axis, values in drawn.items()}


def _shared_cost(
    folder: RunFolder, part: str, facts: Mapping[str, Any], question_ids: Sequence[str]
) -> FloatArray:
    """FLOPs of the tokens that every call of a question but the first finds computed."""
    table = folder.read_part("charges", part, ["question_id", "known_tokens"])
    known: dict[str, list[int]] = {}
    for row in table.to_pylist():
        known.setdefault(row["question_id"], []).append(row["known_tokens"] or 0)
    shared = np.array(
        [min(sorted(known.get(identity, [0]))[1:], default=0) for identity in question_ids]
    )
    architecture = facts.get("architecture")
    if architecture is None:
        return np.zeros(len(shared))
    return CostModel(Architecture.from_facts(architecture)).prefill(shared)


def tree_numbers(table: pa.Table, question_ids: Sequence[str], width: int) -> IntArray:
    """`tree[question, trace]` in the order of the traces; 0 where a search has one tree."""
    place = {identity: row for row, identity in enumerate(question_ids)}
    found = np.zeros((len(question_ids), width), np.int64)
    taken = np.zeros(len(question_ids), np.int64)
    for row in sorted(table.to_pylist(), key=lambda row: (row["question_id"], row["index"])):
        if row["question_id"] in place:
            question = place[row["question_id"]]
            found[question, taken[question]] = row["tree"] or 0
            taken[question] += 1
    return found
