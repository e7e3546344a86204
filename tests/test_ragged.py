"""Curves of questions with unequal numbers of samples: one population a row, and said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import scaling_cli as scale
from scaling_cli.figures.accuracy import accuracy_figure
from scaling_cli.ragged import ragged_remarks


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short answers with two samples a question, long ones with four."""
    where = tmp_path_factory.mktemp("ragged")
    rows = [
        {"question_id": f"{length}-{q}", "answer": str(s % 2), "gold": "1", "new_tokens": length,
         "level": length}
        for length, samples in ((10, 2), (100, 4)) for q in range(3) for s in range(samples)
    ]  # fmt: skip
    (where / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    scale.import_("samples", where / "x.jsonl", where / "r", model="m", task="t")
    return where / "r"


def test_accuracy_and_cost_are_over_the_same_questions(run: Path) -> None:
    rows = {row["k"]: row for row in scale.accuracy(run, selectors=["majority"])}
    assert [(k, row["questions"], row["tokens"]) for k, row in rows.items()] == [
        (1, 6, 55), (2, 6, 110), (3, 3, 300), (4, 3, 400),
    ]  # fmt: skip


def test_where_questions_fall_out_is_said_once_a_cell_and_on_the_figure(run: Path) -> None:
    rows = scale.accuracy(run)
    words = "m, t: beyond k = 2 only questions with that many samples count, 3 of 6 at k = 4"
    assert ragged_remarks(rows) == [words]
    assert [text.get_text() for text in accuracy_figure(rows).texts] == [words]
    assert ragged_remarks(scale.accuracy(run, ks=[1, 2])) == []
    assert ragged_remarks(scale.accuracy(run, by="level")) == []


def test_a_comparison_says_how_many_questions_hold_its_ends(run: Path) -> None:
    from scaling_cli.comparisons import compare_selections
    from scaling_cli.recorded import Ask
    from scaling_cli.selection import Selection

    side = Selection(scale.load(run), selector="majority")
    by_k, *_ = compare_selections(side, side, Ask(draws=200), axis="tokens").matched
    assert "3 to 6 questions show" in by_k.sentence(0.05)
