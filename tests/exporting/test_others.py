"""lm-eval's logs, a datasets folder, metrics and DuckDB views: each read by its own reader."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.exporting import FORMATS, Source, metrics
from scaling_cli.importing import FORMATS as READERS
from scaling_cli.importing.record import Import, import_run
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from scaling_cli.summary import accuracy_rows
from tests.exporting.runs import HOSTILE, hostile, plain
from tests.small_run import small_run

ASK = Ask(selectors=("first", "coverage", "majority"), caps=[])


def export(folder: RunFolder, format: str, out: Path, *, texts: bool = False) -> None:
    FORMATS[format](Source(folder, texts), out)


# --- lm-eval ------------------------------------------------------------------------------------


def imported(path: Path, out: Path) -> list[dict[str, Any]]:
    folder = RunFolder.create(out)
    with folder.lock():
        import_run(READERS["lm-eval"], path, folder, Import("lm-eval"), lambda _: None)
    return accuracy_rows(folder, ASK)


@pytest.mark.parametrize("texts", [False, True], ids=["answers", "texts"])
def test_lm_eval_logs_are_imported_to_the_same_curves(tmp_path: Path, texts: bool) -> None:
    folder = plain(tmp_path)
    export(folder, "lm-eval", tmp_path / "out", texts=texts)
    folders = sorted((tmp_path / "out").iterdir())
    assert len(folders) == 4
    for one in folders:
        key = next(k for k in folder.cells("candidates") if one.name.endswith(f"__{k[:8]}"))
        ours = [row for row in accuracy_rows(folder, ASK) if row["cell"] == key]
        theirs = imported(one, tmp_path / "again" / one.name)
        single = {row["strategy"] for row in ours} == {"greedy"}
        theirs = theirs if not single else [r for r in theirs if r["selector"] == "first"]
        assert [(row["selector"], row["k"]) for row in theirs] == [
            (row["selector"], row["k"]) for row in ours
        ]
        assert [r["accuracy"] for r in theirs] == pytest.approx([r["accuracy"] for r in ours])
        assert {row["model"] for row in theirs} == {row["model"] for row in ours}
        (results,) = one.glob("results_*.json")
        content = json.loads(results.read_text())
        assert content["scale"]["resps"] == ("completions" if texts else "answers, boxed")
        (totals,) = content["results"].values()
        assert totals["exact_match,lenient"] == pytest.approx(ours[0]["accuracy"])


def test_hostile_completions_stay_one_line_each(tmp_path: Path) -> None:
    folder = hostile(tmp_path)
    export(folder, "lm-eval", tmp_path / "out", texts=True)
    folders = sorted((tmp_path / "out").glob("*sampling*"))
    for one in folders:
        (file,) = one.glob("samples_*.jsonl")
        lines = file.read_text(encoding="ascii").splitlines()
        replies = [reply for line in lines for reply in json.loads(line)["resps"][0]]
        assert len(lines) == 10 and replies[: len(HOSTILE)] == HOSTILE
        assert not re.search(r"[\x00-\x1f\x7f]", "".join(lines))
    imported(folders[0], tmp_path / "again")


def test_failed_samples_stay_in_the_denominator(tmp_path: Path) -> None:
    folder = small_run(tmp_path, {"small": {"skill": 1.0, "fail_rate": 0.3}})
    export(folder, "lm-eval", tmp_path / "out")
    ours = {
        r["strategy"]: r["accuracy"] for r in accuracy_rows(folder, ASK) if r["selector"] == "first"
    }
    (one,) = (tmp_path / "out").glob("*sampling*")
    theirs = [r for r in imported(one, tmp_path / "again") if r["selector"] == "first"]
    assert theirs[0]["accuracy"] == pytest.approx(ours["sampling"])
    assert theirs[0]["failed"] > 0.1


def test_names_never_leave_the_folder(tmp_path: Path) -> None:
    folder = small_run(tmp_path, {"../../evil/\x1b[0m model": {"skill": 1.0}})
    for format in FORMATS:
        export(folder, format, tmp_path / "out" / format)
    outside = {p.name for p in tmp_path.iterdir()}
    assert outside == {"out", "r", "sums.jsonl"}


# --- datasets -----------------------------------------------------------------------------------


def test_datasets_loads_every_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    folder = hostile(tmp_path)
    export(folder, "datasets", tmp_path / "out", texts=True)
    load = {"split": "test", "cache_dir": str(tmp_path / "cache")}
    assert set(datasets.get_dataset_config_names(str(tmp_path / "out"))) == {
        "cells", "questions", "samples", "accuracy",
    }  # fmt: skip
    samples = datasets.load_dataset(str(tmp_path / "out"), **load)
    assert len(samples) == 140 and samples[0]["correct"] in (True, False)
    cell = samples[0]["cell"]
    texts = [row["text"] for row in samples if row["cell"] == cell]
    assert texts == folder.read_part("bank", cell).column("text").to_pylist()
    accuracy = datasets.load_dataset(str(tmp_path / "out"), "accuracy", **load)
    assert accuracy["accuracy"][:] == folder.read_summary().column("accuracy").to_pylist()


# --- metrics ------------------------------------------------------------------------------------


def metrics_of(folder: RunFolder, out: Path) -> dict[str, Any]:
    export(folder, "metrics", out)
    content: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return content


def test_metrics_have_names_and_numbers_that_trackers_take(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    content = metrics_of(folder, tmp_path / "out")
    steps = [entry["step"] for entry in content["history"]]
    assert steps == sorted(set(steps)) == [1, 2, 3, 4, 5, 6]
    for entry in [*content["history"], {"metrics": content["summary"]}]:
        for name, value in entry["metrics"].items():
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)+", name), name
            assert len(name) <= 250 and math.isfinite(value)
    assert all(isinstance(v, str | int | float | bool | None) for v in content["config"].values())
    rows = accuracy_rows(folder, ASK)
    for row in rows:
        name = f"sums_jsonl/{row['model']}/{row['strategy']}/{row['selector']}/accuracy"
        assert content["history"][row["k"] - 1]["metrics"][name] == pytest.approx(row["accuracy"])


def test_two_curves_never_share_a_name(tmp_path: Path) -> None:
    folder = small_run(
        tmp_path, {"a b": {"skill": 0.0}, "a_b": {"skill": 2.0}, "7b": {"skill": 1.0}}
    )
    content = metrics_of(folder, tmp_path / "out")
    mine = {n: v for n, v in content["summary"].items() if n.endswith("greedy/first/accuracy")}
    assert len(mine) + len([n for n in content["summary"] if n.endswith("first_2/accuracy")]) >= 3
    rows = accuracy_rows(folder, ASK)
    curves = {(row["cell"], row["selector"]) for row in rows}
    names = {n.rpartition("/")[0] for n in content["summary"]}
    assert len([n for n in names if "best" not in n]) == len(curves)
    assert any(name.startswith("sums_jsonl/_7b/") for name in names)


LONG = st.text("abc /é", max_size=90)


@given(st.lists(st.tuples(*[LONG] * 6), min_size=1, max_size=6))
def test_names_of_any_words_are_short_and_differ(words: list[tuple[str, ...]]) -> None:
    """MLflow refuses a name of more than 250 characters, with the value's own name at its end."""
    parts = ("task", "model", "strategy", "selector", "params", "verifier")
    empty = dict.fromkeys(metrics.APART)
    rows = [
        {**empty, **dict(zip(parts, texts, strict=True)), "cell": str(number)}
        for number, texts in enumerate(words)
    ]
    names = [*metrics._names(rows).values()]
    assert len(set(names)) == len(rows)
    longest = max(map(len, metrics.VALUES))
    for name in names:
        assert len(f"{name}/") + longest <= 250 and "//" not in name
        assert not name.startswith("/") and not name.endswith("/")


# --- DuckDB -------------------------------------------------------------------------------------


def test_views_stand_on_the_parts_and_move_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hostile(tmp_path / "here")
    out = tmp_path / "here" / "exports" / "it's"
    export(folder, "duckdb", out)
    moved = tmp_path / "there" / "deep er"
    shutil.copytree(tmp_path / "here", moved)
    shutil.rmtree(tmp_path / "here")
    monkeypatch.chdir(moved / "exports" / "it's")
    with duckdb.connect() as connection:
        connection.execute(Path("views.sql").read_text())
        count = "select model, strategy, count(*) from samples group by all order by all"
        assert connection.execute(count).fetchall() == [
            ("large", "greedy", 10), ("large", "sampling", 60),
            ("small", "greedy", 10), ("small", "sampling", 60),
        ]  # fmt: skip
        accuracy = (
            "select a.cell, a.accuracy, avg((s.verdict = 'correct')::int) from accuracy a "
            "join samples s using (cell) where a.selector = 'first' and a.k = 1 group by all"
        )
        pairs = connection.execute(accuracy).fetchall()
        assert len(pairs) == 4 and all(a == pytest.approx(b) for _, a, b in pairs)
        texts = connection.execute("select text from completions").fetchall()
        assert set(HOSTILE) <= {text for (text,) in texts}
        assert connection.execute("select count(*) from questions").fetchone() == (10,)


def test_odd_names_stay_strings_of_sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "o'neill'); drop view cells; --\n\x1b[0m"
    folder = small_run(tmp_path, {name: {"skill": 1.0}})
    export(folder, "duckdb", tmp_path / "out")
    monkeypatch.chdir(tmp_path / "out")
    with duckdb.connect() as connection:
        connection.execute(Path("views.sql").read_text())
        found = connection.execute("select distinct model from samples").fetchall()
    assert found == [(name,)]
