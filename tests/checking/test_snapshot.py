"""What is read of a run, and runs that cannot be read yet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scaling_cli.checking.baseline_file import read_baseline, write_baseline
from scaling_cli.checking.opening import check_run, open_baseline, snapshot_like
from scaling_cli.checking.places import Terms
from scaling_cli.checking.snapshot import snapshot
from scaling_cli.errors import StoreError
from scaling_cli.recorded import Ask
from scaling_cli.store import Run, RunFolder
from scaling_cli.summary import series
from tests.small_run import small_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return small_run(tmp_path_factory.mktemp("snapshot"), {"small": {}, "large": {"skill": 2.0}})


def test_every_curve_at_octaves_and_at_its_largest_k(folder: RunFolder) -> None:
    found = snapshot(folder)
    assert (found.run, len(found.curves)) == ("r", 4)
    greedy, sampled = (one for one in found.curves if one.model == "small")
    assert (greedy.strategy, greedy.ks, list(greedy.accuracy)) == ("greedy", (1,), ["first"])
    assert sampled.ks == (1, 2, 4, 6)
    assert list(sampled.accuracy) == ["first", "majority", "best:logprob"]
    assert {name: table.shape for name, table in sampled.accuracy.items()} == {
        "first": (10, 1), "majority": (10, 4), "best:logprob": (10, 4)}  # fmt: skip
    assert list(sampled.question_ids) == sorted(sampled.question_ids)
    assert {"flops", "tokens", "seconds"} <= set(sampled.costs) and sampled.failed == 0
    assert sampled.facts["engine"] == "fake" and "seed" not in sampled.facts


def test_values_are_those_of_the_run_question_by_question(folder: RunFolder) -> None:
    found = next(one for one in snapshot(folder).curves if one.strategy == "sampling")
    ask = Ask(selectors=["majority"], ks=[4], caps=[])
    truth = next(one for one in series(folder, ask) if one.fields["model"] == found.model
                 and one.fields["strategy"] == "sampling")  # fmt: skip
    by_id = dict(zip(truth.question_ids, truth.values[:, 0], strict=True))
    told = dict(zip(found.question_ids, found.accuracy["majority"][:, 2], strict=True))
    assert told == pytest.approx(by_id, abs=5e-5)
    flops = dict(zip(truth.question_ids, truth.costs["flops"][:, 0], strict=True))
    cost = dict(zip(found.question_ids, found.costs["flops"][:, 2], strict=True))
    assert cost == pytest.approx(flops, rel=1e-4)


def test_a_file_of_a_run_is_that_run_and_holds_no_text(folder: RunFolder, tmp_path: Path) -> None:
    found = snapshot(folder, axes=("flops", "tokens"), caps=[32])
    assert {one.limit for one in found.curves} == {None, 32}
    write_baseline(tmp_path / "b.json", found)
    again = read_baseline(tmp_path / "b.json")
    assert not again.edited
    for one, other in zip(found.curves, again.snapshot.curves, strict=True):
        assert one.facts == other.facts and one.label == other.label
        assert all(np.array_equal(t, other.accuracy[n]) for n, t in one.accuracy.items())
        assert all(np.array_equal(t, other.costs[n]) for n, t in one.costs.items())
    texts = [question.text for question in folder.read_questions()]
    content = (tmp_path / "b.json").read_text()
    assert texts[0] and not any(text in content for text in texts)


def test_a_run_is_read_as_far_as_its_baseline_goes(folder: RunFolder, tmp_path: Path) -> None:
    some = snapshot(folder, selectors=["majority"], axes=["tokens"], caps=[32], ks=[5])
    write_baseline(tmp_path / "b.json", some)
    like = snapshot_like(folder, some)
    assert [(c.limit, c.ks, list(c.accuracy)) for c in like.curves] == [
        (c.limit, c.ks, list(c.accuracy)) for c in some.curves
    ]
    for baseline in (tmp_path / "b.json", folder.path):
        found = check_run(folder, baseline, Terms(axis="tokens", selectors=("majority",)))
        assert {row["verdict"] for row in found.rows} == {"equal"}
    assert not open_baseline(folder.path, Terms()).edited


def test_ks_that_are_asked_for_stand_beside_the_octaves(folder: RunFolder) -> None:
    sampled = next(one for one in snapshot(folder, ks=[3, 50]).curves if len(one.ks) > 1)
    assert sampled.ks == (1, 2, 3, 4, 6)


def test_a_k_that_one_question_does_not_reach_is_left_out(tmp_path: Path) -> None:
    folder = small_run(tmp_path, {"small": {}})
    key = next(k for k in folder.cells("candidates") if len(folder.read_part("candidates", k)) > 10)
    table = folder.read_part("candidates", key)
    first = table["question_id"][0].as_py()
    kept = [
        row
        for row in table.to_pylist()
        if row["question_id"] != first or row["index"] < 3
    ]  # fmt: skip
    folder.write_part("candidates", key, kept)
    assert next(one for one in snapshot(folder).curves if len(one.ks) > 1).ks == (1, 2)


def test_a_run_being_written_is_not_read(tmp_path: Path) -> None:
    folder = small_run(tmp_path, {"small": {}})
    assert folder.writer() is None
    with folder.lock("scale run"):
        assert "scale run" in str(folder.writer())
        with pytest.raises(StoreError, match=r"is being written by process .*scale run"):
            snapshot(folder)
    assert len(snapshot(folder).curves) == 2
    assert RunFolder(tmp_path / "none").writer() is None


def test_a_run_that_another_begins_to_write_meanwhile_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_run(tmp_path, {"small": {}})
    answers = iter([None, "process 7"])
    monkeypatch.setattr(RunFolder, "writer", lambda self: next(answers))
    with pytest.raises(StoreError, match="is being written by process 7"):
        snapshot(folder)


def test_a_run_left_half_way_and_an_empty_one(tmp_path: Path) -> None:
    folder = small_run(tmp_path, {"small": {}})
    (folder.path / "journal").mkdir(exist_ok=True)
    (folder.path / "journal" / "abc.jsonl").write_text("{}\n")
    with pytest.raises(StoreError, match="left half-way"):
        snapshot(folder)
    empty = RunFolder.create(tmp_path / "empty")
    empty.write_manifest(Run(sweep={}))
    with pytest.raises(StoreError, match="holds no graded answers yet"):
        snapshot(empty)
