"""Verdicts on runs whose truth is known."""

from __future__ import annotations

from typing import Any

import pytest

from scaling_cli.checking.check import Checked, Row, check, confirm
from scaling_cli.checking.pairs import NotComparable
from scaling_cli.checking.places import Terms
from scaling_cli.errors import LawError
from tests.checking.made import facts, made, snapshot_of

BASE = snapshot_of(made(seed=1), run="before")


def checked(*, terms: Terms | None = None, **fields: Any) -> Checked:
    return check(snapshot_of(made(**{"seed": 2, **fields})), BASE, terms)


def verdicts(found: Checked, what: str) -> set[str]:
    return {row["verdict"] for row in found.rows if row["what"] == what}


def test_nothing_changed_is_no_regression() -> None:
    found = checked()
    assert found.regressions == [] and (found.run, found.baseline) == ("today", "before")
    assert [(row["what"], row["selector"], row["k"]) for row in found.rows] == [
        ("accuracy", "first", 1),
        *(("accuracy", "majority", k) for k in (1, 2, 4)),
        *(("cost", None, k) for k in (1, 2, 4)),
    ]
    for row in found.rows:
        assert row["lo"] <= row["difference"] <= row["hi"] and row["questions"] == 40


def test_a_run_against_itself_is_equal_everywhere() -> None:
    found = check(BASE, BASE)
    assert {row["verdict"] for row in found.rows} == {"equal"}
    assert {row["difference"] for row in found.rows} == {0.0}


def test_a_drop_is_worse_and_a_rise_is_dearer() -> None:
    lower, dearer, better = checked(drop=0.1), checked(rise=0.2), checked(drop=-0.1, rise=-0.2)
    assert verdicts(lower, "accuracy") == {"worse"}
    assert verdicts(lower, "cost") <= {"undecided", "equal"}
    assert verdicts(dearer, "cost") == {"dearer"} and dearer.regressions
    assert verdicts(better, "accuracy") == {"better"} and verdicts(better, "cost") == {"cheaper"}
    row = lower.rows[0]
    assert row["run"] - row["baseline"] == pytest.approx(row["difference"])
    assert row["difference"] == pytest.approx(-0.1, abs=0.03) and row["hi"] < 0
    cost = dearer.rows[-1]
    assert cost["run"] / cost["baseline"] == pytest.approx(1 + cost["difference"])
    assert cost["difference"] == pytest.approx(0.2, abs=0.05) and cost["lo"] > 0


def test_a_dearer_run_has_less_to_spend() -> None:
    """At equal compute it affords fewer samples, so its vote is less accurate there."""
    found = checked(rise=0.5)
    at = {row["k"]: row for row in found.rows if row["selector"] == "majority"}
    assert at[4]["verdict"] == "worse" and at[4]["difference"] < -0.02
    assert next(row for row in found.rows if row["selector"] == "first")["verdict"] != "worse"


def test_a_cost_that_buys_accuracy_is_no_regression() -> None:
    bought = checked(drop=-0.15, rise=0.2)
    assert verdicts(bought, "cost") == {"bought"} and bought.regressions == []
    wasted = checked(drop=0.15, rise=0.2)
    assert {"dearer"} == verdicts(wasted, "cost")


def test_tolerances_are_put_up_with() -> None:
    assert checked(drop=0.08).regressions
    assert not checked(drop=0.08, terms=Terms(tolerance=0.1)).regressions
    assert checked(drop=0.2, terms=Terms(tolerance=0.1)).regressions
    assert verdicts(checked(rise=0.2, terms=Terms(cost_tolerance=0.25)), "cost") == {"undecided"}
    found = checked(drop=0.08, terms=Terms(tolerance=0.1)).rows[0]
    assert found["difference"] == pytest.approx(checked(drop=0.08).rows[0]["difference"])
    exact = check(BASE, BASE, Terms(tolerance=0.1, cost_tolerance=0.1))
    assert [row["difference"] for row in exact.rows] == pytest.approx([0.0] * 7, abs=1e-12)
    assert exact.regressions == []
    for terms in ({"tolerance": -0.1}, {"tolerance": 1.0}, {"cost_tolerance": float("nan")}):
        with pytest.raises(LawError, match="is no fraction"):
            Terms(**terms)  # type: ignore[arg-type]


def test_the_smallest_difference_is_told_for_the_task_and_for_each_curve() -> None:
    found, few = checked(), check(
        snapshot_of(made(seed=2, questions=10)), snapshot_of(made(seed=1, questions=10))
    )  # fmt: skip
    names = [(power["what"], power["curve"]) for power in found.powers]
    assert names == [("accuracy", None), ("cost", None), *[("accuracy", "small · sampling")] * 2,
                     ("cost", "small · sampling")]  # fmt: skip
    for many, less in zip(found.powers, few.powers, strict=True):
        assert 0 < many["smallest_difference"] < less["smallest_difference"]
    assert found.rows[0]["smallest_difference"] == found.powers[2]["smallest_difference"]
    # A loss of what is printed, and half as much again, is surely seen; a third of it is not.
    smallest = found.powers[0]["smallest_difference"]
    assert checked(drop=1.5 * smallest).regressions
    assert not checked(drop=smallest / 3).regressions


def test_an_axis_selectors_and_curves_that_are_not_there() -> None:
    assert {row["axis"] for row in checked(terms=Terms(axis="tokens")).rows} == {"tokens"}
    only = checked(terms=Terms(selectors=("majority",)))
    assert {row["selector"] for row in only.rows} == {"majority", None}
    with pytest.raises(NotComparable, match="no curve of best"):
        checked(terms=Terms(selectors=("best",)))
    with pytest.raises(NotComparable, match="costs in seconds"):
        checked(terms=Terms(axis="seconds"))
    with pytest.raises(LawError, match="no axis joules"):
        Terms(axis="joules")


def test_a_selector_is_named_without_its_verifier() -> None:
    named = {"best:logprob": made(seed=1).accuracy["majority"]}
    base, run = snapshot_of(made(accuracy=named)), snapshot_of(made(accuracy=named))
    found = check(run, base, Terms(selectors=("best",)))
    assert {row["selector"] for row in found.rows} == {"best:logprob", None}


def test_tasks_are_judged_together_and_notes_say_what_was_left_out() -> None:
    base = snapshot_of(made(seed=1), made(seed=3, task="other", questions=12))
    run = snapshot_of(
        made(seed=2, failed=0.25), made(seed=4, task="other", questions=12), made(model="extra")
    )
    found = check(run, base)
    assert [len(ids) for ids in found.question_ids] == [40, 12] and len(found.rows) == 14
    assert "not in the baseline, so not checked: extra · sampling" in found.notes
    assert "25.0% of the samples of small · sampling failed and count as wrong" in found.notes
    assert {row["questions"] for row in found.rows if row["task"] == "other"} == {12}


def test_what_was_allowed_to_differ_is_a_note() -> None:
    found = checked(facts=facts(engine="vllm"), terms=Terms(allowed=("engine",)))
    assert found.notes[0].startswith("allowed to differ: engine")


def test_fresh_samples_confirm_a_fall_or_drop_it() -> None:
    first = checked(drop=0.1)
    again = check(snapshot_of(made(seed=5, drop=0.1), run="again"), BASE)
    chance = check(snapshot_of(made(seed=5), run="again"), BASE)
    kept, dropped = confirm(first, again), confirm(first, chance)
    assert kept.regressions and kept.confirmed_by == "again"
    assert dropped.regressions == []
    assert {row["verdict"] for row in dropped.rows if row["what"] == "accuracy"} == {"unconfirmed"}
    other = check(snapshot_of(made(seed=5, questions=30)), BASE, Terms(allowed=("questions",)))
    with pytest.raises(NotComparable, match="does not hold what today holds"):
        confirm(first, other)


def test_rows_are_plain_values() -> None:
    plain = (str, int, float, type(None))
    rows: list[Row] = [*checked().rows]
    assert all(type(value) in plain for row in rows for value in row.values())
