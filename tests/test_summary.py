"""Accuracy rows against sums done by hand on the stored answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from scaling_cli.laws.cost import CostModel
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from scaling_cli.summary import _ranked, accuracy_rows, rank_changes
from scaling_cli.types import Architecture
from tests.small_run import small_run

SAMPLES = 6
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    models = {"weak": {"length_of_wrong": 2.0}, "strong": {"skill": 1.5}}
    return small_run(tmp_path_factory.mktemp("summary"), models, samples=SAMPLES)


def by_question(folder: RunFolder, cell: str) -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(list)
    for row in folder.read_part("candidates", cell).to_pylist():
        found[row["question_id"]].append(row)
    return found


def price(folder: RunFolder, cell: str) -> CostModel:
    return CostModel(
        Architecture.from_facts(folder.read_manifest().cells[cell].details["architecture"])
    )


def test_there_is_a_row_for_every_cell_selector_k_and_cap(folder: RunFolder) -> None:
    rows = accuracy_rows(folder, Ask(draws=50))
    names = Counter((r["model"], r["strategy"], r["selector"]) for r in rows)
    caps = [16, 32, 64, 120]
    sampled = {
        (model, "sampling", selector): SAMPLES * len(caps)
        for model in ("weak", "strong")
        for selector in ("first", "coverage", "majority", "best")
    }
    greedy = {(model, "greedy", "first"): len(caps) for model in ("weak", "strong")}
    assert names == Counter({**sampled, **greedy})
    assert len({(r["cell"], r["selector"], r["k"], r["max_tokens"]) for r in rows}) == len(rows)


@pytest.mark.parametrize("cap", [32, 120])
def test_costs_are_one_prompt_and_k_mean_samples(folder: RunFolder, cap: int) -> None:
    for row in accuracy_rows(folder, Ask(caps=[cap], selectors=["first"], draws=50)):
        if row["max_tokens"] != cap:
            continue
        k, cost, groups = row["k"], price(folder, row["cell"]), by_question(folder, row["cell"])
        assert row["questions"] == len(groups) == 10
        lengths = [[min(r["new_tokens"], cap) for r in rows] for rows in groups.values()]
        prompts = [rows[0]["prompt_tokens"] for rows in groups.values()]
        decode = [
            fmean(float(cost.decode(n, context=p)) for n in new)
            for new, p in zip(lengths, prompts, strict=True)
        ]
        prefill = fmean(float(cost.prefill(p)) for p in prompts)
        assert row["tokens"] == pytest.approx(k * fmean(map(fmean, lengths)))
        assert row["flops"] == pytest.approx(prefill + k * fmean(decode))
        assert row["flops_policy"] == row["flops"] and row["flops_verifier"] == 0
        assert row["flops_uncached"] == pytest.approx(k * (prefill + fmean(decode)))
        # Twice the parameters per token, prompt left out, as papers count.
        active = 1_000_000 * (cost.architecture.layers // 4) ** 2
        assert row["flops_2nt"] == pytest.approx(2 * active * row["tokens"])
        seconds = [fmean(r["seconds"] for r in rows) for rows in groups.values()]
        assert row["seconds"] == (pytest.approx(k * fmean(seconds)) if cap == 120 else None)


def test_rates_are_fractions_of_samples(folder: RunFolder) -> None:
    for row in accuracy_rows(folder, Ask(caps=[40], selectors=["first"], draws=50)):
        rows = [r for group in by_question(folder, row["cell"]).values() for r in group]
        cap = row["max_tokens"]
        cut = [r["truncated"] or r["new_tokens"] > cap for r in rows]
        assert row["truncated"] == pytest.approx(fmean(cut))
        answered = [
            any(0 < event["end_token"] <= cap for event in r["boxed"])
            if r["new_tokens"] > cap
            else r["answer_class"] >= 0
            for r in rows
        ]
        assert row["unanswered"] == pytest.approx(1 - fmean(answered))


def test_accuracy_is_that_of_every_subset(folder: RunFolder) -> None:
    """Every subset of k samples, one after the other; a tied vote is shared."""
    for row in accuracy_rows(folder, Ask(caps=[], draws=50)):
        groups = by_question(folder, row["cell"]).values()
        values = [
            fmean(PICK[row["selector"]](list(subset)) for subset in combinations(rows, row["k"]))
            for rows in groups
        ]
        assert row["accuracy"] == pytest.approx(fmean(values)), row
        assert row["lo"] <= row["accuracy"] <= row["hi"] and row["mc_error"] is None


def _majority(rows: Rows) -> float:
    votes = Counter(r["answer_class"] for r in rows if r["answer_class"] >= 0)
    most = max(votes.values(), default=0)
    return (votes[0] == most) / max(sum(v == most for v in votes.values()), 1) if most else 0.0


def _best(rows: Rows) -> float:
    answered = [row for row in rows if row["answer_class"] >= 0]
    if not answered:
        return 0.0
    return float(max(answered, key=lambda r: r["logprob_mean"])["answer_class"] == 0)


PICK = {
    "first": lambda rows: fmean(float(r["answer_class"] == 0) for r in rows),
    "coverage": lambda rows: float(any(r["answer_class"] == 0 for r in rows)),
    "majority": _majority,
    "best": _best,
}


def test_a_weighted_vote_of_log_probabilities_can_be_asked_for(folder: RunFolder) -> None:
    ask = Ask(selectors=["weighted", "best-majority"], caps=[], ks=[3], draws=50)
    rows = accuracy_rows(folder, ask)
    assert {row["selector"] for row in rows} == {"weighted", "best-majority"}
    assert all(0 < row["accuracy"] <= 1 for row in rows)


def test_groups_split_the_questions(folder: RunFolder) -> None:
    ask = Ask(selectors=["first"], caps=[], ks=[1], draws=50)
    whole = {r["cell"]: r for r in accuracy_rows(folder, ask)}
    parts = accuracy_rows(folder, replace(ask, by="level"))
    assert {row["group"] for row in parts} == {"0", "1"}
    for cell, row in whole.items():
        mine = [part for part in parts if part["cell"] == cell]
        assert sum(part["questions"] for part in mine) == row["questions"]
        total = sum(part["accuracy"] * part["questions"] for part in mine)
        assert total / row["questions"] == pytest.approx(row["accuracy"])


def test_a_k_that_no_question_reaches_has_no_row(folder: RunFolder) -> None:
    assert accuracy_rows(folder, Ask(ks=[99])) == []
    assert rank_changes([folder], Ask(ks=[99])) == []


def test_a_rank_that_hangs_on_the_reading_is_flagged(tmp_path: Path) -> None:
    folder = small_run(tmp_path, {"weak": {"skill": -1.0}, "strong": {"skill": 2.0}}, questions=6)
    ask = Ask(selectors=["first"], draws=50)
    assert rank_changes([folder], ask) == []
    strong = [k for k, c in folder.read_manifest().cells.items() if c.details["model"] == "strong"]
    for key in strong:  # it never boxes: lenient reading finds its answers, strict none
        rows = folder.read_part("candidates", key).to_pylist()
        unboxed = {"strict_class": -1, "strict_answer": None, "strict_verdict": "unanswered",
                   "boxed": []}  # fmt: skip
        folder.merge_candidates(key, [{**row, **unboxed} for row in rows])
    (line,) = rank_changes([folder], ask)
    assert "lenient strong > strong greedy > weak" in line
    assert "strict weak > weak greedy > strong" in line


def test_a_failed_sample_stays_in_the_denominator(tmp_path: Path) -> None:
    folder = small_run(tmp_path, {"m": {"fail_rate": 0.2, "skill": 9.0}})
    rows = accuracy_rows(folder, Ask(selectors=["first"], caps=[], draws=50))
    sampled = next(r for r in rows if r["strategy"] == "sampling")
    candidates = [r for g in by_question(folder, sampled["cell"]).values() for r in g]
    failed = fmean(row["error"] is not None for row in candidates)
    assert failed > 0 and len(candidates) == 10 * SAMPLES
    right = fmean(row["verdict"] == "correct" for row in candidates)
    assert sampled["accuracy"] == pytest.approx(right) and right <= 1 - failed
    assert sampled["questions"] == 10 and sampled["unanswered"] >= failed


def test_ranks_name_what_tells_configurations_of_one_model_apart() -> None:
    shared = {"model": "m", "strategy": "sampling", "verifier": None, "prompt": "boxed"}
    rows = [
        {**shared, "cell": "a", "temperature": 0.5, "value": 0.2},
        {**shared, "cell": "b", "temperature": 1.0, "value": 0.4},
        {**shared, "cell": "c", "temperature": 0.0, "strategy": "greedy", "value": 0.3},
    ]
    assert _ranked(rows)[0] == "m temperature 1.0" and _ranked(rows)[1].startswith("m greedy")
