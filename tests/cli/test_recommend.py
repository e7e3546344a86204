"""`scale recommend` at the terminal and for programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Scale


@pytest.fixture
def run(scale: Scale) -> Path:
    assert scale.run(scale.write()).code == 0
    return scale.results / "s"


def test_two_sentences_and_two_tables(scale: Scale, run: Path) -> None:
    said = scale("recommend", run, "--budget", "200", "--axis", "tokens")
    first, second = said.out.splitlines()[:2]
    assert first.startswith("For 200 tokens a question run ") and "accuracy" in first
    assert second.startswith("Twice the budget would buy ")
    assert "odds" in said.out and "does the choice survive?" in said.out
    assert "strict extraction" in said.out and "level 2" in said.out


def test_a_program_gets_one_object(scale: Scale, run: Path) -> None:
    words = ("recommend", run, "--budget", "2e2", "--axis", "tokens", "--json")
    rows = scale(*words).rows
    assert [row["budget"] for row in rows] == [200, 400]
    assert rows[0]["sentence"].startswith("For 200") and rows[1]["sentence"].startswith("Twice")
    tests = scale(*words, "--table", "sensitivity").rows
    assert all(row["survives"] in (True, False, None) for row in tests)
    assert "strict extraction" in {row["assumption"] for row in tests}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--budget", "1"], "costs"),
        (["--budget", "1e99", "--task", "chess"], "chess"),
        (["--budget", "1", "--axis", "joules"], "joules"),
    ],
)
def test_what_cannot_be_recommended(scale: Scale, run: Path, words: list[str], named: str) -> None:
    axis = [] if "--axis" in words else ["--axis", "tokens"]
    assert named in scale("recommend", run, *words, *axis).mistake
