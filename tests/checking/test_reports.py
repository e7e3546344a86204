"""Verdicts in sentences, JUnit XML, Markdown and annotations, with hostile names in them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from scaling_cli.checking.annotations import MOST, annotation_error, workflow_commands
from scaling_cli.checking.check import Checked, check
from scaling_cli.checking.junit import junit, junit_error
from scaling_cli.checking.markdown import markdown_error, markdown_summary
from scaling_cli.checking.sentences import describe, power_lines, telling, verdict_line
from tests.checking.made import made, snapshot_of

EVIL = "<script>alert(1)</script>\x1b[2J|`@all`\n::error::\u202e%0A"


def judged(*, name: str = "small", task: str = "sums", **fields: float) -> Checked:
    base = made(seed=1, model=name, task=task)
    return check(
        snapshot_of(made(seed=2, model=name, task=task, **fields), run=name),
        snapshot_of(base, run="before"),
    )


PASSED, FALLEN = judged(), judged(drop=0.15, rise=0.3)
HOSTILE = judged(name=EVIL, task=EVIL, drop=0.15, rise=0.3)


def test_what_could_be_shown_is_said_first_and_in_points() -> None:
    (line,) = power_lines(PASSED)
    smallest = PASSED.powers[0]["smallest_difference"]
    assert line.startswith("40 questions of sums show with 80% power a drop of ")
    assert f" {100 * smallest:.1f} points that is the same on every curve, " in line
    assert re.search(r"[\d.]+ \(small · sampling, [a-z ]+\) to [\d.]+ \(small · sampling", line)
    assert re.search(r"a rise of every cost by [\d.]+%; a smaller loss may pass unseen", line)
    same = check(snapshot_of(), snapshot_of())
    assert "a drop of 12.5 points" in power_lines(same)[0]  # five of forty questions
    assert "any rise of every cost" in power_lines(same)[0]
    assert "the run repeats the baseline" in verdict_line(same)


def test_the_verdict_says_how_much_and_how_sure() -> None:
    assert verdict_line(PASSED).startswith("no regression (a run that has not changed fails at")
    assert "regression: less accurate at 4 of 4 places, dearer at 3 of 3" in verdict_line(FALLEN)
    confirmed = verdict_line(replace(FALLEN, confirmed_by="again\x07"))
    assert r"sampled again in again\x07" in confirmed and "one time in a hundred" in confirmed
    rows = tuple({**row, "verdict": "unconfirmed"} for row in FALLEN.rows)
    assert "no regression, 7 of the first look not confirmed" in verdict_line(
        replace(FALLEN, rows=rows)
    )


def test_a_place_is_described_with_its_band() -> None:
    accuracy, cost = describe(FALLEN.rows[0]), describe(FALLEN.rows[-1])
    assert re.fullmatch(
        r"small · sampling on sums, one sample at [\d.e+]+ FLOPs: accuracy [\d.]+% → [\d.]+%, "
        r"-[\d.]+ points \[-[\d.]+, -[\d.]+\]", accuracy
    )  # fmt: skip
    assert re.search(r", k = 4: cost .* FLOPs, \+[\d.]+% \[\+[\d.]+, \+[\d.]+\]$", cost)
    assert "majority of 4 at" in describe(FALLEN.rows[3])


def test_a_person_sees_the_falls_and_where_the_rest_came_closest() -> None:
    shown = telling(PASSED.rows)
    assert [(row["what"], row["selector"]) for row in shown] == [
        ("accuracy", "first"), ("accuracy", "majority"), ("cost", None)]  # fmt: skip
    majority = [row for row in PASSED.rows if row["selector"] == "majority"]
    assert shown[1]["hi"] == min(row["hi"] for row in majority)
    assert telling(FALLEN.rows) == list(FALLEN.rows)


@pytest.mark.parametrize("found", [PASSED, FALLEN, HOSTILE])
def test_junit_counts_a_case_for_every_place(found: Checked) -> None:
    text = junit(found)
    suite = ET.fromstring(text.split("\n", 1)[1])[0]
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.attrib["tests"]) == len(found.rows)
    failures = [case for case in cases if case.find("failure") is not None]
    assert len(failures) == int(suite.attrib["failures"]) == len(found.regressions)
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in cases}) == len(cases)
    told = suite.findtext("system-out") or ""
    assert verdict_line(found) in told and all(line in told for line in power_lines(found))
    assert "<script>" not in text and "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize("found", [PASSED, FALLEN, HOSTILE])
def test_markdown_has_the_verdict_the_power_and_every_place(found: Checked) -> None:
    text = markdown_summary(found)
    assert text.startswith("### ❌" if found.regressions else "### ✅")
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) == 4 + len(telling(found.rows)) + len(found.rows)
    assert {line.count("|") for line in tables} == {10}
    assert "show with 80% power" in text and text.count("<details>") == 1
    tags = set(re.findall(r"<[^>]*>", text))
    assert tags == {"<details>", "<summary>", "</summary>", "</details>"}
    assert "@all" not in text and "\x1b" not in text and "`" not in text


def test_annotations_are_one_line_each() -> None:
    for found in (PASSED, FALLEN, HOSTILE):
        for line in workflow_commands(found):
            assert re.match(r"::(error|notice|warning) title=scale check::", line)
            assert line.isprintable() and line.count("::error") <= 1 + line.count("\\x0a::error")
    assert [line[:7] for line in workflow_commands(PASSED)] == ["::notic"]
    assert "show with 80%25 power" in workflow_commands(PASSED)[0]
    assert len(workflow_commands(FALLEN)) == len(FALLEN.regressions) == 7
    many = replace(FALLEN, rows=FALLEN.rows * 3)
    assert len(workflow_commands(many)) == MOST
    assert "and 12 more places" in workflow_commands(many)[-1]
    noted = replace(PASSED, notes=("a note",))
    assert "::warning title=scale check::a note" in workflow_commands(noted)


def test_what_came_to_no_verdict_is_reported_too() -> None:
    message, hint = f"cannot: {EVIL}", "do\nthis"
    suite = ET.fromstring(junit_error(message, hint).split("\n", 1)[1])[0]
    assert suite.attrib["errors"] == "1" and suite.find("testcase/error") is not None
    assert "<script>" not in markdown_error(message, hint)
    line = annotation_error(message, hint)
    assert "\n" not in line and line.startswith("::error title=scale check cannot compare::cannot")
