"""Sampling a run again: the same sweep, other seeds, a folder beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scaling_cli.checking.again import afresh, files_of, recorded_sweep
from scaling_cli.checking.pairs import NotComparable
from scaling_cli.errors import SweepError
from scaling_cli.store import Run, RunFolder
from scaling_cli.sweep import ModelSpec, Sweep, TaskSpec
from tests.checking.made import made, snapshot_of

SWEEP = Sweep(name="a", models=(ModelSpec("m"),), tasks=(TaskSpec("t"),), seeds=(0, 1))


def test_seeds_and_folder_follow_from_what_was_sampled(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "results" / "a")
    first, other = snapshot_of(made(seed=1)), snapshot_of(made(seed=2))
    sweep, path = afresh(SWEEP, first, folder)
    assert len(set(sweep.seeds)) == 2 and not {0, 1} & set(sweep.seeds)
    assert path.parent == folder.path.parent and path.name == sweep.name
    assert path.name.startswith("a-confirm-") and sweep.models == SWEEP.models
    assert afresh(SWEEP, first, folder) == (sweep, path)
    assert afresh(SWEEP, other, folder)[0].seeds != sweep.seeds
    long = RunFolder(tmp_path / ("n" * 120))
    assert len(afresh(SWEEP, first, long)[1].name) < 80


def test_a_recorded_sweep_is_one_again_with_files_put_back(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "a")
    told = {"name": "a", "models": [{"name": "m"}], "min_p": 1e-5,
            "tasks": [{"name": "x.jsonl", "data": "x.jsonl"}, {"name": "t"}]}  # fmt: skip
    folder.write_manifest(Run(sweep=told))
    (tmp_path / "mine.jsonl").touch()
    files = files_of([f"x.jsonl={tmp_path / 'mine.jsonl'}"])
    with recorded_sweep(folder, files) as path:
        read = yaml.safe_load(path.read_text())
        assert read["tasks"] == [
            {"name": "x.jsonl", "data": str(tmp_path / "mine.jsonl")}, {"name": "t"}]  # fmt: skip
        assert read["min_p"] == 1e-5 and read["models"] == told["models"]
    assert not path.exists()


def test_what_was_not_sampled_here_cannot_be_sampled_again(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "a")
    folder.write_manifest(Run(sweep={"name": "a", "imported": True}))
    with pytest.raises(NotComparable, match="was not sampled here"), recorded_sweep(folder, {}):
        pass
    for wrong in ("x.jsonl", f"x={tmp_path / 'none'}"):
        with pytest.raises(SweepError, match="names no file"):
            files_of([wrong])
