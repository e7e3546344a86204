"""Worked examples: where they come from, and what they never are."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.errors import TaskError
from scaling_cli.tasks import shots as module
from scaling_cli.tasks.data import Item, TaskData, to_data
from scaling_cli.tasks.shots import take_shots

TEST = to_data("gsm8k", "test", "r", [Item(f"q{n}", "1") for n in range(3)])


@dataclass(frozen=True)
class Choice:
    name: str = "gsm8k"
    data: Path | None = None
    seed: int = 0
    options: Any = ()
    prompt: str = "few-shot"
    shots: int = 4
    shots_file: Path | None = None
    shots_seed: int = 0


def file(tmp_path: Path, texts: list[str]) -> Path:
    rows = [{"question": text, "answer": f"so {text}\n#### 1"} for text in texts]
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def pool(monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> None:
    items = [Item(text, "1", solution=f"so {text}\n#### 1") for text in texts]

    def load(name: str, *, split: str) -> TaskData:
        return to_data(name, split, "r", items)

    monkeypatch.setattr(module, "load", load)


def test_examples_of_the_train_split_are_drawn_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    pool(monkeypatch, [f"train {n}" for n in range(50)])
    four, five = take_shots(Choice(), TEST), take_shots(Choice(shots=5), TEST)
    assert five[:4] == four and len(set(four)) == 4
    assert take_shots(Choice(shots_seed=1), TEST) != four
    assert all(shot.id.startswith("gsm8k/train/") for shot in four)
    assert all(shot.solution == f"so {shot.text}\n#### 1" for shot in four)


def test_a_train_split_that_holds_test_questions_gives_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool(monkeypatch, ["q0", " q1 ", "q2", "new"])
    assert [shot.text for shot in take_shots(Choice(shots=1), TEST)] == ["new"]
    with pytest.raises(TaskError, match="2 worked examples asked, 1 are there"):
        take_shots(Choice(shots=2), TEST)


def test_a_file_of_as_many_as_asked_is_taken_in_its_order(tmp_path: Path) -> None:
    path = file(tmp_path, ["b", "a", "c"])
    for count in (0, 3):
        taken = take_shots(Choice(shots=count, shots_file=path), TEST)
        assert [shot.text for shot in taken] == ["b", "a", "c"]


def test_a_longer_file_is_a_pool(tmp_path: Path) -> None:
    path = file(tmp_path, ["q0", *(f"train {n}" for n in range(40))])
    taken = take_shots(Choice(shots_file=path), TEST)
    assert len(taken) == 4 and all(shot.text.startswith("train") for shot in taken)
    assert take_shots(Choice(shots_file=path, shots_seed=1), TEST) != taken


def test_a_file_whose_example_is_asked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="is one of the questions asked"):
        take_shots(Choice(shots=2, shots_file=file(tmp_path, ["q1", "a"])), TEST)


def test_a_whole_data_set_is_not_a_prompt(tmp_path: Path) -> None:
    path = file(tmp_path, [f"train {n}" for n in range(99)])
    with pytest.raises(TaskError, match="holds 99 worked examples"):
        take_shots(Choice(shots=0, shots_file=path), TEST)


def test_none_asked_none_taken() -> None:
    assert take_shots(Choice(shots=0), TEST) == ()
    assert take_shots(Choice(shots=0, prompt="boxed"), TEST) == ()


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="style boxed takes no worked examples"):
        take_shots(Choice(prompt="boxed"), TEST)
    for choice in (Choice(data=tmp_path / "a.jsonl"), Choice(name="mine")):
        with pytest.raises(TaskError, match="is not said") as caught:
            take_shots(choice, replace(TEST, name=choice.name))
        assert "shots_file" in caught.value.hint


def test_a_file_of_the_questions_asked_is_not_called_too_short(tmp_path: Path) -> None:
    path = file(tmp_path, ["q0", "q1", "q2"])
    with pytest.raises(TaskError, match=r"all but 0 are questions asked, and 2 are wanted"):
        take_shots(Choice(shots=2, shots_file=path), TEST)
