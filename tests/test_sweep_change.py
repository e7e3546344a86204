"""Files and limits given on the command line change only what they name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scaling_cli.errors import SweepError
from scaling_cli.sweep import (
    EngineSpec,
    ModelSpec,
    Settings,
    Sweep,
    TaskSpec,
    data_files,
    sweep_to_dict,
    with_data,
    with_limit,
)

SWEEP = Sweep(
    name="x", models=(ModelSpec("small"),), tasks=(TaskSpec("gsm8k"), TaskSpec("math500"))
)


def test_data_goes_to_the_task_named() -> None:
    changed = with_data(SWEEP, {"math500": Path("m.jsonl"), "other": Path("o.jsonl")})
    assert [task.data for task in changed.tasks] == [None, Path("m.jsonl")]
    assert replace(changed, tasks=SWEEP.tasks) == SWEEP


def test_data_options_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a=b.jsonl"
    file.write_text("{}")
    assert data_files([f"gsm8k={file}"], SWEEP) == {"gsm8k": file}


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("gsm8k", "is not TASK=FILE"),
        ("gsm8k=", "is not TASK=FILE"),
        ("gsm9k=x.jsonl", "no task gsm9k"),
        ("gsm8k=/no/such.jsonl", "is not a file"),
        ("gsm8k=.", "is not a file"),
    ],
)
def test_a_wrong_data_option_is_refused(option: str, says: str) -> None:
    with pytest.raises(SweepError, match=says):
        data_files([option], SWEEP)


def test_a_limit_leaves_a_question() -> None:
    assert {task.questions for task in with_limit(SWEEP, 5).tasks} == {(("first", 5),)}
    with pytest.raises(SweepError, match="leaves no question"):
        with_limit(SWEEP, 0)


def test_no_absolute_path_is_written_down() -> None:
    task = TaskSpec("/home/me/my.jsonl", data=Path("/home/me/my.jsonl"), shots_file=Path("s.jsonl"))
    model = ModelSpec("/home/me/w.gguf", path=Path("/home/me/w.gguf"))
    written = sweep_to_dict(replace(SWEEP, models=(model,), tasks=(task,)))
    assert "/home" not in str(written)
    assert written["models"] == [{"name": "w.gguf", "path": "w.gguf"}]
    assert written["tasks"][0]["shots_file"] == "s.jsonl"


def test_settings_inside_options_are_a_mapping_again() -> None:
    options = (("limits", Settings(a=(1, Settings(b=2)))),)
    assert hash(EngineSpec("vllm", options)) == hash(EngineSpec("vllm", options))
    written = sweep_to_dict(replace(SWEEP, engine=EngineSpec("vllm", options)))
    assert written["engine"] == {"name": "vllm", "limits": {"a": [1, {"b": 2}]}}
