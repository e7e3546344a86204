"""The page model says what the commands say, whole or from a summary alone."""

from __future__ import annotations

import itertools
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError, StoreError
from scaling_cli.frontiers import frontier_tables
from scaling_cli.recommendations import recommend
from scaling_cli.recorded import Ask
from scaling_cli.reporting import Budget, Wanted, report_data
from scaling_cli.reporting.answered import CLOSE, default_budget
from scaling_cli.reporting.data import USUAL
from scaling_cli.store import RunFolder
from scaling_cli.store.manifest import Run
from scaling_cli.summary import accuracy_rows
from tests.published import published
from tests.reporting.hostile import MODELS
from tests.reporting.test_traces import CANDIDATE, KEPT, NEW, PARENT, SCORES, VERIFIER
from tests.small_run import small_run
from tests.small_search import small_search

DRAWS = 100
ASK = Ask(selectors=USUAL, draws=DRAWS)
WANTED = Wanted(draws=DRAWS, selectors=USUAL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = small_run(tmp_path_factory.mktemp("report"), MODELS, questions=12)
    run.write_summary(accuracy_rows(run, Ask(draws=DRAWS)))
    return run


@pytest.fixture(scope="module")
def model(folder: RunFolder) -> dict[str, Any]:
    return report_data([folder], WANTED)


@pytest.fixture(scope="module")
def summary(folder: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The same run as it is committed where the answers are not: manifest and summary."""
    path = tmp_path_factory.mktemp("summary") / "r"
    path.mkdir()
    for name in ("run.json", "summary.parquet"):
        shutil.copy(folder.path / name, path / name)
    return RunFolder(path)


def test_the_answer_is_what_recommend_says(folder: RunFolder, model: dict[str, Any]) -> None:
    (task,) = model["tasks"]
    (table,) = frontier_tables([folder], ASK, "flops")
    best = table.optimal
    size = default_budget(table.points.cost[best].tolist(), table.accuracy[best].tolist())
    (found,) = recommend([folder], ASK, "flops", size)
    assert task["answer"]["sentences"] == list(found.sentences)
    assert "--budget" in task["answer"]["how"]
    assert len(task["sensitivity"]) == len(found.sensitivity)


def test_a_budget_and_an_axis_can_be_asked_for(folder: RunFolder) -> None:
    wanted = Wanted(Budget(150.0, "tokens"), USUAL, draws=DRAWS)
    (task,) = report_data([folder], wanted)["tasks"]
    (found,) = recommend([folder], ASK, "tokens", 150.0)
    assert task["axis"] == "tokens" and task["answer"]["sentences"] == list(found.sentences)
    with pytest.raises(LawError, match="dollars"):
        report_data([folder], Wanted(Budget(1.0, "dollars"), USUAL, draws=DRAWS))


@given(
    st.lists(st.tuples(st.floats(1, 1e15), st.floats(0.01, 1)), min_size=1, max_size=9).map(sorted)
)
def test_the_default_budget_buys_nearly_the_best_and_no_more(
    points: list[tuple[float, float]],
) -> None:
    costs, accuracy = zip(*points, strict=True)
    size = default_budget(costs, accuracy)
    inside = [a for c, a in points if c <= size * (1 + 1e-12)]
    assert max(inside) >= max(accuracy) - CLOSE
    cheaper = [a for c, a in points if c < size / 1.02]
    assert not cheaper or max(cheaper) < max(accuracy) - CLOSE


def test_every_axis_is_the_frontier_of_its_command(
    folder: RunFolder, model: dict[str, Any]
) -> None:
    (task,) = model["tasks"]
    axes = {one["axis"]: one for one in task["axes"]}
    assert {"flops", "flops_uncached", "tokens"} <= set(axes)
    assert "flops_policy" not in axes, "without a verifier it is flops again"
    for axis, one in axes.items():
        (table,) = frontier_tables([folder], ASK, axis)
        stairs = one["stairs"]
        assert np.allclose(stairs["budget"], table.budgets, rtol=1e-4)
        assert np.allclose(stairs["odds"], [p.odds for p in table.law.points], atol=1e-4)
        labels = [task["names"][number]["label"] for number in stairs["name"]]
        assert len(set(labels)) == len({p.configuration for p in table.law.points})
        shown = np.sum([strip["odds"] for strip in one["strips"]], axis=0)
        assert (shown > 0.97).all() and (shown < 1.01).all()


def test_tables_name_the_optimal_and_the_beaten(folder: RunFolder, model: dict[str, Any]) -> None:
    (task,), (table,) = model["tasks"], frontier_tables([folder], ASK, "flops")
    assert [row["cost"] for row in task["optimal"]] == [row["cost"] for row in table.rows()]
    assert len(task["dominated"]) == len(table.dominated)
    standing = Counter(row["standing"] for row in task["configurations"])
    assert len(task["configurations"]) == len(table.names)
    assert standing["beaten everywhere"] == len(table.dominated)


def test_votes_of_the_explorer_are_those_of_the_bank(
    folder: RunFolder, model: dict[str, Any]
) -> None:
    explorer = model["explorer"]
    assert [q["id"] for q in explorer["questions"]] == folder.question_ids()
    present = [k for k, _ in folder.read_manifest().ordered()]
    for number, key in enumerate(present):
        bank, _ = folder.sample_bank(key)
        for place, identity in enumerate(bank.question_ids):
            (question,) = [q for q in explorer["questions"] if q["id"] == identity]
            (answer,) = [a for a in question["answers"] if a["cell"] == number]
            classes = [sample[2] for sample in answer["samples"]]
            assert classes == bank.answer_class[place, : bank.samples[place]].tolist()
            assert len(answer["texts"]) == len(answer["samples"])


def test_questions_can_be_limited_and_texts_left_out(
    folder: RunFolder, model: dict[str, Any]
) -> None:
    few = report_data([folder], Wanted(draws=DRAWS, selectors=USUAL, questions=3, texts=False))
    assert len(few["explorer"]["questions"]) == 3 and few["explorer"]["left_out"] == 9
    assert few["explorer"]["texts"] is False
    assert all(q["text"] is None for q in few["explorer"]["questions"])
    text = json.dumps(few)
    assert not any(t in text for q in model["explorer"]["questions"] for t in [q["text"]] if t)
    assert few["tasks"] == model["tasks"], "the figures are over all questions"


def test_a_summary_alone_gives_the_recorded_points_and_says_what_lacks(
    summary: RunFolder, model: dict[str, Any]
) -> None:
    less = report_data([summary], WANTED)
    (task,), (whole,) = less["tasks"], model["tasks"]
    assert not task["graded"] and "not at hand" in task["notes"][0]
    assert less["explorer"] is None and less["ledger"] == []
    # Costs, accuracies and who leads are those of the answers themselves.
    ends = {row["configuration"]: row["accuracy"] for row in whole["configurations"]}
    assert task["configurations"]
    for row in task["configurations"]:
        assert row["accuracy"] == pytest.approx(ends[row["configuration"]])
    keys = ("configuration", "k", "max_tokens")
    same = [[tuple(row[k] for k in keys) for row in t["optimal"]] for t in (task, whole)]
    assert same[0] == same[1]
    # Only the answers tell that a vote of one sample repeats that sample, and so leads nowhere.
    assert set(task["dominated"]) <= set(whole["dominated"])
    assert len(task["answer"]["sentences"]) == 2 and "neither cross-fitted" in str(task["answer"])


def test_a_staircase_never_falls(summary: RunFolder) -> None:
    (task,) = report_data([summary], WANTED)["tasks"]
    for axis in task["axes"]:
        for column in ("budget", "accuracy", "lo", "hi"):
            assert all(a <= b for a, b in itertools.pairwise(axis["stairs"][column])), column


def test_counts_of_right_answers_alone_have_curves_but_no_frontier(tmp_path: Path) -> None:
    model = report_data([published(tmp_path, "open-models-llama3")], Wanted(draws=DRAWS))
    assert [task["task"] for task in model["tasks"]] == ["GSM8K", "MATH"]
    for task in model["tasks"]:
        assert task["axes"] == [] and len(task["panels"]) == 2
        assert task["answer"]["sentences"] == [] and "no frontier" in task["answer"]["how"]


def test_a_search_is_drawn_whole(tmp_path: Path) -> None:
    """Every step of every question has its tokens and score, and is kept, pruned or an end."""
    judge = {"name": "judge", "model": "j", "prompt": "step"}
    run = small_search(tmp_path, questions=4, samples=2, verifiers=["confidence", judge],
                       strategies=["sampling", {"name": "beam", "n": 4, "m": 2}])  # fmt: skip
    model = report_data([run], WANTED)
    trees = [a["tree"] for q in model["explorer"]["questions"] for a in q["answers"] if "tree" in a]
    assert len(trees) == 2 * 4 and all(tree["told"] for tree in trees)
    for tree in trees:
        steps = [call for call in tree["calls"] if not call[VERIFIER]]
        assert all(call[NEW] > 0 and len(call[SCORES]) == 1 for call in steps)
        assert {call[CANDIDATE] for call in steps} - {None} == {0, 1, 2, 3}
        assert any(not call[KEPT] for call in steps)
        judged = [call for call in tree["calls"] if call[VERIFIER]]
        assert len(judged) in (0, len(steps)) and all(call[PARENT] >= 0 for call in judged)
    (task,) = model["tasks"]
    colours = {
        (n["label"].partition(",")[0], n["colour"]) for n in task["names"] if "led" in n["label"]
    }
    assert sorted(number for _, number in colours) == [1, 2], "a colour each, beside the model's"
    assert {n["colour"] for n in task["names"] if "led" not in n["label"]} == {0}
    (panel,) = task["panels"]
    assert {s["colour"] for s in panel["series"]} == {0, 1, 2}


def test_a_search_of_an_older_scale_is_read(tmp_path: Path) -> None:
    """Without the columns that came later nothing is guessed, and the page is made."""
    run = small_search(tmp_path, questions=2, samples=2, verifiers=["confidence"],
                       strategies=[{"name": "beam", "n": 4, "m": 2}])  # fmt: skip
    for kind, name in (("candidates", "call"), ("charges", "score")):
        for key in run.cells(kind):
            file = run.part_path(kind, key)
            pq.write_table(pq.read_table(file).drop_columns([name]), file)
    model = report_data([run], WANTED)
    trees = [a["tree"] for q in model["explorer"]["questions"] for a in q["answers"] if "tree" in a]
    assert len(trees) == 2 and all(tree["calls"] for tree in trees)
    ends = [call for tree in trees for call in tree["calls"] if call[CANDIDATE] is not None]
    assert all(call[SCORES] for call in ends), "a trace's own scores are still shown"


def test_runs_on_two_tasks_stand_side_by_side(folder: RunFolder, tmp_path: Path) -> None:
    model = report_data([folder, published(tmp_path, "open-models-aime2025")], WANTED)
    assert [task["graded"] for task in model["tasks"]] == [True, False]
    assert len(model["provenance"]) == 2 and model["title"].endswith("open-models-aime2025")


def test_a_run_of_which_only_the_summary_is_at_hand_stands_apart(
    folder: RunFolder, summary: RunFolder, model: dict[str, Any]
) -> None:
    """Recorded points have no odds: they are not mixed with those of another run of the task."""
    other = RunFolder(summary.path.with_name("elsewhere"))
    shutil.copytree(summary.path, other.path, dirs_exist_ok=True)
    both = report_data([folder, other], WANTED)
    whole, less = both["tasks"]
    assert [one["runs"] for one in both["tasks"]] == [["r"], ["elsewhere"]]
    assert whole["task"] == less["task"] and whole["graded"] and not less["graded"]
    assert "elsewhere stands apart" in whole["notes"][-1]
    same = model["tasks"][0]
    assert {**whole, "notes": same["notes"]} == same
    assert less["configurations"] == report_data([summary], WANTED)["tasks"][0]["configurations"]
    assert len(both["explorer"]["questions"]) == 12


def test_a_run_that_holds_nothing_says_so(tmp_path: Path, folder: RunFolder) -> None:
    empty = RunFolder.create(tmp_path / "empty")
    empty.write_manifest(Run(sweep={"name": "empty"}))
    with pytest.raises(StoreError, match="no cells"):
        report_data([empty], WANTED)
    undone = RunFolder.create(tmp_path / "undone")
    undone.write_manifest(folder.read_manifest())
    with pytest.raises(StoreError, match="no graded answers"):
        report_data([undone], WANTED)


def test_one_question_is_reported_without_an_answer(tmp_path: Path) -> None:
    run = small_run(tmp_path, {"beta": {"skill": 3.0}}, questions=1, samples=2)
    (task,) = report_data([run], WANTED)["tasks"]
    assert task["answer"]["sentences"] == [] and "halved" in task["answer"]["how"]
    assert task["panels"]


def test_a_model_that_is_never_right_is_reported(tmp_path: Path) -> None:
    run = small_run(tmp_path, {"never": {"never_stops": True}}, questions=3, samples=2)
    (task,) = report_data([run], WANTED)["tasks"]
    assert task["answer"]["sentences"] == [] and task["optimal"] == []
    assert {row["standing"] for row in task["configurations"]} == {"never right"}
    json.dumps(task, allow_nan=False)
