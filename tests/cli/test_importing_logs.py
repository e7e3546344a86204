"""`scale import` of other projects' real logs, end to end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.importing.reading import LOGS

from .command import Scale


def imported(scale: Scale, name: str, path: str, *more: str) -> Any:
    out = scale.folder / "run"
    return scale("import", name, LOGS / path, "--out", out, *more, "--json")


def test_lm_eval_repeats_are_graded_and_lone_replies_keep_their_verdict(scale: Scale) -> None:
    said = imported(scale, "lm-eval", "lm-eval")
    rows = {row["task"]: row for row in said.rows}
    assert (rows["sums_often"]["samples"], rows["sums_often"]["accuracy"]) == (12, 0.25)
    assert rows["sums_once"]["accuracy"] == pytest.approx(2 / 3)
    assert rows["sums_once"]["disagreed"] == 0
    assert {row["model"] for row in said.rows} == {"canned/model"}


@pytest.mark.parametrize("log", ["pattern.eval", "match.json", "includes.eval"])
def test_inspect_samples_that_failed_stay_in_the_denominator(scale: Scale, log: str) -> None:
    """Two of nine are right; one of the nine is the engine's failure."""
    (row,) = imported(scale, "inspect", f"inspect/{log}").rows
    assert (row["samples"], row["disagreed"]) == (9, 0)
    assert row["accuracy"] == pytest.approx(2 / 9)


def test_lighteval_replies_are_graded_against_gold(scale: Scale) -> None:
    said = imported(scale, "lighteval", "lighteval", "--model", "m")
    rows = {row["task"]: row for row in said.rows}
    # Each question's four replies are 4, 7, 1.5 and none, in some order.
    assert rows["sums_often-0"]["samples"] == 12
    assert rows["sums_often-0"]["accuracy"] == pytest.approx(3 / 12)
    assert rows["sums_once-0"]["accuracy"] == pytest.approx(2 / 3)
