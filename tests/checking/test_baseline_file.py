"""Baseline files: what is written is read, small and in order; what is damaged is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaling_cli.checking.baseline_file import read_baseline, write_baseline
from scaling_cli.checking.snapshot import Snapshot
from scaling_cli.errors import StoreError
from tests.checking.made import made, snapshot_of


def assert_same(one: Snapshot, other: Snapshot) -> None:
    assert (one.run, one.scale, len(one.curves)) == (other.run, other.scale, len(other.curves))
    for a, b in zip(one.curves, other.curves, strict=True):
        for name in ("model", "task", "strategy", "params", "limit", "seed", "facts", "ks"):
            assert getattr(a, name) == getattr(b, name)
        assert a.question_ids == b.question_ids
        for tables, others in ((a.accuracy, b.accuracy), (a.costs, b.costs)):
            assert list(tables) == list(others)
            assert all(np.array_equal(tables[name], others[name]) for name in tables)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 99), st.text(max_size=20), st.text(max_size=20), st.none() | st.just(16))
def test_what_is_written_is_read(
    tmp_path: Path, seed: int, model: str, strategy: str, limit: int | None
) -> None:
    one = made(seed=seed, questions=6, model=model, strategy=strategy, limit=limit)
    single = {"first": one.accuracy["first"][:, :1], "best:logprob": one.accuracy["majority"]}
    written = snapshot_of(one, replace(one, accuracy=single, params='{"width": 4}'), run=strategy)
    size = write_baseline(tmp_path / "b.json", written)
    found = read_baseline(tmp_path / "b.json")
    assert_same(found.snapshot, written)
    assert not found.edited and size == (tmp_path / "b.json").stat().st_size


def test_a_question_is_a_line_and_a_change_is_one(tmp_path: Path) -> None:
    one = made()
    write_baseline(tmp_path / "a.json", snapshot_of(one))
    write_baseline(tmp_path / "same.json", snapshot_of(made()))
    table = one.accuracy["majority"].copy()
    table[7, 1] = 0.125
    changed = replace(one, accuracy={**one.accuracy, "majority": table})
    write_baseline(tmp_path / "b.json", snapshot_of(changed))
    lines, others = ((tmp_path / f"{name}.json").read_text().splitlines() for name in "ab")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "same.json").read_bytes()
    differ = [line for line, other in zip(lines, others, strict=True) if line != other]
    assert len(differ) == 2 and '"digest"' in differ[0] and "sums/test/" in differ[1]
    assert max(map(len, lines)) < 250 and sum("sums/test/" in line for line in lines) == 40


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_baseline(tmp_path / "b.json", snapshot_of(made(questions=6)))
    return tmp_path / "b.json"


def test_a_hand_that_changed_a_number_is_seen_and_spaces_are_not(file: Path) -> None:
    assert not read_baseline(changed(file, lambda content: None)).edited
    question = json.loads(file.read_text())["curves"][0]["questions"].popitem()[0]

    def lower(content: dict[str, Any]) -> None:
        content["curves"][0]["questions"][question]["accuracy"]["first"][0] = 0

    assert read_baseline(changed(file, lower)).edited


def curve(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content["curves"][0].__setitem__(key, value)


def number(group: str, name: str, row: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["curves"][0]["questions"]["sums/test/000000000002"][group][name] = row

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: c.update(scale_baseline=2), "version 2, this scale reads version 1"),
        (lambda c: c.update(scale_baseline=0), "version 0"),
        (lambda c: c.update(scale_baseline=True), "no scale_baseline version"),
        (lambda c: c.pop("scale_baseline"), "no scale_baseline version"),
        (lambda c: c.update(curves=[]), "no curves"),
        (lambda c: c.update(run=3), "run of the head is not text"),
        (lambda c: c.update(curves=[3]), "curves[0] is not an object"),
        (curve("model", None), "model of curves[0] is not text"),
        (curve("limit", 0), "limit or the seed"),
        (curve("seed", 0.5), "limit or the seed"),
        (curve("facts", []), "no facts"),
        (curve("questions", {}), "no questions"),
        (curve("ks", [1, 2, 2]), "do not rise"),
        (curve("ks", [1, True]), "not a list of whole numbers"),
        (curve("ks", [1, 2]), "does not hold a number for each k"),
        (number("accuracy", "majority", [0.5, 0.5]), "rows of different lengths"),
        (number("accuracy", "majority", [0.5, 1.5, 0.5]), "accuracy above 1"),
        (number("accuracy", "majority", [0.5, -0.5, 0.5]), "numbers of at least 0"),
        (number("accuracy", "majority", [0.5, None, 0.5]), "numbers of at least 0"),
        (number("accuracy", "majority", [0.5, True, 0.5]), "numbers of at least 0"),
        (number("accuracy", "majority", "0.5"), "does not hold a number for each k"),
        (number("accuracy", "weighted", [0.5, 0.5, 0.5]), "other curves than"),
        (number("cost", "tokens", [0, 0, 0]), "not a cost above 0"),
        (number("cost", "tokens", [1, 2, 10**400]), "numbers of at least 0"),
        (curve("questions", {"q": {"accuracy": {}, "cost": {}}}), "holds no accuracy"),
        (curve("questions", {"q": 3}), "q in curves[0] has no accuracy"),
    ],
)
def test_what_a_hand_broke_is_named(
    file: Path, change: Callable[[dict[str, Any]], None], named: str
) -> None:
    with pytest.raises(StoreError, match=re.escape(named)) as caught:
        read_baseline(changed(file, change))
    assert "b.json cannot be used as a baseline" in caught.value.message and caught.value.hint


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("\x00\xff", "it is not JSON"),
        ("[]", "not a JSON object"),
        ('{"scale_baseline": NaN}', "NaN, which is no number"),
        ('{"scale_baseline": -Infinity}', "-Infinity, which is no number"),
        ('{"run": 1, "run": 2}', "run stands in it twice"),
        ('{"a\\u001b[31m": 1, "a\\u001b[31m": 2}', r"a\x1b[31m stands in it twice"),
        ('{"x": 1e999}', "no scale_baseline version"),
    ],
)
def test_what_is_no_baseline_is_said(tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "b.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(StoreError, match=re.escape(named)):
        read_baseline(file)


def test_a_file_that_is_not_there_a_folder_and_one_too_large(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="no such file"):
        read_baseline(tmp_path / "none.json")
    with pytest.raises(StoreError, match="is a folder"):
        write_baseline(tmp_path, snapshot_of())
    monkeypatch.setattr("scaling_cli.checking.baseline_file.MOST_BYTES", 100)
    with pytest.raises(StoreError, match="larger than"):
        read_baseline(file)
