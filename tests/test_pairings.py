"""Claims about pairs of generators at equal compute, judged together; runs joined and repeated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scaling_cli.difficulty import binned, difficulty_of
from scaling_cli.errors import LawError
from scaling_cli.pairings import pairings
from scaling_cli.recorded import Ask
from scaling_cli.repeats import joined
from scaling_cli.searchlines import lines_of
from scaling_cli.selection import parse_selection
from scaling_cli.store import RunFolder
from tests.small_search import small_search

ASK = Ask(selectors=["majority", "weighted"], draws=300)
REBASE = {"strategies": [{"name": "rebase", "n": 4}], "verifiers": ["confidence"], "greedy": False}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pairs")


@pytest.fixture(scope="module")
def run(path: Path) -> RunFolder:
    return small_search(path)


@pytest.fixture(scope="module")
def again(path: Path) -> RunFolder:
    return small_search(path, "again", seeds=[1], **REBASE)


def test_every_pair_makes_one_claim_and_searches_come_first(run: RunFolder) -> None:
    found = pairings([run], ASK, axis="flops_policy")
    pairs = [frozenset((one.first, one.second)) for one in found.pairs]
    assert len(set(pairs)) == len(pairs) and all(len(pair) == 2 for pair in pairs)
    named = {name[1] for pair in pairs for name in pair}
    assert named == {"beam by confidence", "rebase by confidence", "sampling"}
    for one in found.pairs:
        assert not (one.first[1] == "sampling" and one.second[1] != "sampling")
    assert any("oracle (upper bound)" in line for line in found.remarks)


def test_a_row_is_paired_at_its_budget(run: RunFolder) -> None:
    found = pairings([run], ASK, axis="tokens", against="sampling majority")
    assert found.pairs and all("sampling" in (p.first[1], p.second[1]) for p in found.pairs)
    for one in found.pairs:
        rows = one.budgets()
        assert one.row()["at"] in [row["at"] for row in rows]
        assert one.row()["budgets"] == len(rows)
        for row in rows:
            assert row["lo"] < row["difference"] < row["hi"] and row["questions"] == 16
            assert row["smallest_difference"] > 0
            sign = "supported" if row["lo"] > 0 else "refuted" if row["hi"] < 0 else "undecided"
            assert row["verdict"] == sign


def test_a_search_that_knows_more_is_supported_and_its_rival_refuted(path: Path) -> None:
    strong = small_search(
        path, "strong", questions=30, verifiers=[{"name": "judge", "model": "j", "prompt": "step"}],
        strategies=["sampling", {"name": "rebase", "n": 4}], samples=16,
    )  # fmt: skip
    found = pairings([strong], ASK, axis="flops_policy", against="rebase")
    verdicts = {(p.first[1:], p.second[1:]): p.verdict for p in found.pairs}
    assert verdicts[("rebase by judge", "weighted"), ("sampling", "majority")] == "supported"
    # With the judge's compute on the bill the same search is asked about at a larger budget.
    total = pairings([strong], ASK, axis="flops", against="rebase")
    (policy,) = {p.matched.places.min() for p in found.pairs if p.first[2] == "weighted"}
    assert all(p.matched.places.min() > policy for p in total.pairs)


def test_more_claims_never_make_a_band_narrower(run: RunFolder) -> None:
    few = pairings([run], ASK, axis="tokens", against="rebase")
    many = pairings([run], ASK, axis="tokens")
    wide = {(p.first, p.second): p.matched.law for p in many.pairs}
    for one in few.pairs:
        law, other = one.matched.law, wide[one.first, one.second]
        assert law.difference == pytest.approx(other.difference)
        assert (other.hi - other.lo >= (law.hi - law.lo) * (1 - 0.1)).all()


def test_what_was_run_at_other_compute_makes_no_claim(path: Path) -> None:
    one = small_search(
        path, "dear", samples=1, greedy=False, verifiers=["confidence"],
        strategies=["sampling", {"name": "rebase", "n": 8}],
    )  # fmt: skip
    with pytest.raises(LawError, match="no two generators were run at one compute with sampling"):
        pairings([one], ASK, axis="tokens", against="sampling")
    with pytest.raises(LawError, match="there is no axis money"):
        pairings([one], ASK, axis="money")


def test_a_second_seed_is_averaged_and_taken_apart(run: RunFolder, again: RunFolder) -> None:
    ask = Ask(selectors=["weighted"], caps=[])
    alone = {one.fields["cell"]: one for f in (run, again) for one in joined([f], ask).curves}
    both = joined([run, again], ask)
    (repeat,) = both.repeats
    assert repeat.name == ("small", "rebase by confidence", "weighted") and repeat.k == 4
    assert repeat.law.runs == 2 and repeat.law.questions == 16
    assert "was run 2 times on 16 questions" in repeat.sentence()
    (mean,) = [o for o in both.curves if o.fields["strategy"] == "rebase" and o.chooses]
    parts = [o for o in alone.values() if o.fields["strategy"] == "rebase" and o.chooses]
    assert len(parts) == 2
    assert mean.values == pytest.approx(np.mean([o.values for o in parts], axis=0))
    assert repeat.means == pytest.approx([o.values[:, -1].mean() for o in parts])
    assert repeat.row()["error_of_runs"] == repeat.law.error_of_runs


def test_a_cell_held_twice_counts_once_where_it_has_most(path: Path, run: RunFolder) -> None:
    more = small_search(path, "more", samples=12, strategies=["sampling"], questions=20)
    found = joined([run, more], Ask(selectors=["majority"], caps=[])).curves
    (bank,) = [one for one in found if one.fields["strategy"] == "sampling"]
    assert bank.fields["run"] == "more" and bank.ks[-1] == 12


def test_lines_are_methods_first_and_bounds_last(run: RunFolder) -> None:
    lines = lines_of(joined([run], Ask(selectors=["majority", "weighted"], caps=[])).curves)
    assert [line.bound for line in lines] == sorted(line.bound for line in lines)
    assert any(line.bound for line in lines)
    labels = [line.label for line in lines]
    assert len(set(labels)) == len(labels) and "sampling, majority" in labels
    assert "rebase, oracle (bound)" in labels
    (beam,) = [line for line in lines if line.strategy == "beam"]
    cost, accuracy = beam.points("flops")
    assert len(cost) == 2 and cost[0] < cost[1] and ((accuracy >= 0) & (accuracy <= 1)).all()
    lo, hi = beam.whiskers("flops")
    assert (lo < accuracy).all() and (accuracy < hi).all()
    none, _ = beam.points("flops", only=[])
    assert len(none) == len(beam.whiskers("flops", only=[])[0]) == 0


def test_a_model_that_only_sampled_stands_aside_of_one_that_searched(path: Path) -> None:
    bank = small_search(
        path, "bank", models=["small", "other"], strategies=["sampling"], verifiers=[]
    )
    one = small_search(path, "one")
    alone, both = (
        joined(runs, Ask(selectors=["majority"], caps=[])).curves for runs in ([bank], [bank, one])
    )
    assert {line.model for line in lines_of(alone)} == {"small", "other"}
    assert {line.model for line in lines_of(both)} == {"small"}
    assert {one.model for one in pairings([bank, one], ASK, axis="tokens").pairs} == {"small"}


def test_a_search_that_is_never_right_keeps_its_claims(path: Path) -> None:
    weak = small_search(
        path, "weak", questions=12, samples=8, verifiers=[{"name": "judge", "model": "j"}],
        strategies=["sampling", {"name": "rebase", "n": 4}],
        engine={"name": "fake", "steps": 3, "mean_tokens": 40, "skill": -30.0},
    )  # fmt: skip
    found = pairings([weak], ASK, axis="tokens", against="rebase")
    assert any("rebase" in one.first[1] for one in found.pairs)


def test_questions_are_binned_by_a_bank(run: RunFolder) -> None:
    rates = difficulty_of(run, Ask(), "small")
    bins = binned(rates, list(rates))
    assert sum(len(questions) for _, questions in bins) == 16 and len(bins) <= 5
    hard, easy = bins[-1][1], bins[0][1]
    assert max(rates[q] for q in hard) < min(rates[q] for q in easy)
    with pytest.raises(LawError, match="holds no samples of large"):
        difficulty_of(run, Ask(), "large")
    with pytest.raises(LawError, match="no question of the search"):
        binned(rates, ["another"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", (None, None, None, None)),
        (":small:weighted", ("small", "weighted", None, None)),
        (":small:rebase@confidence", ("small", None, "rebase", "confidence")),
        ("::majority:beam", (None, "majority", "beam", None)),
        (":small:weighted:sampling@confidence", ("small", "weighted", "sampling", "confidence")),
    ],
)
def test_a_selection_picks_a_search(
    run: RunFolder, text: str, wanted: tuple[str | None, ...]
) -> None:
    found = parse_selection(f"{run.path}{text}")
    assert (found.model, found.selector, found.strategy, found.verifier) == wanted
    curves = found.curves(ASK)
    for place, key in enumerate(("model", "selector", "strategy", "verifier")):
        assert {one.fields[key] for one in curves} == {wanted[place]} or wanted[place] is None


def test_a_selection_of_nothing_is_refused(run: RunFolder) -> None:
    with pytest.raises(LawError, match="names no curve"):
        parse_selection(f"{run.path}:small:rebase@judge").curves(ASK)
