"""`scale status`, `accuracy` and `frontier` on a run, and what may be asked of them in vain."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.command import Scale


@pytest.fixture
def run(scale: Scale) -> Path:
    assert scale.run(scale.write()).code == 0
    return scale.results / "s"


def test_accuracy_by_level(scale: Scale, run: Path) -> None:
    rows = scale("accuracy", run, "--by", "level", "--selector", "first", "--json").rows
    assert {(row["group"], row["questions"]) for row in rows} == {("1", 4), ("2", 4)}


def test_ks_caps_and_selectors_narrow_the_rows(scale: Scale, run: Path) -> None:
    said = scale(
        "accuracy", run, "--k", "2", "--cap", "32", "--selector", "majority",
        "--selector", "weighted", "--json",
    )  # fmt: skip
    rows = said.rows
    assert {row["k"] for row in rows} == {2} and {row["max_tokens"] for row in rows} == {32, 120}
    assert {row["selector"] for row in rows} == {"majority", "weighted"}


def test_frontier_writes_both_figures_in_both_formats(scale: Scale, run: Path) -> None:
    plots = scale.folder / "plots"
    said = scale("frontier", run, "--axis", "tokens", "--by", "level", "--plots", plots, "--json")
    assert said.code == 0 and {row["axis"] for row in said.rows} == {"tokens"}
    names = {path.name for path in (plots / "s").iterdir()}
    kinds = ("frontier-tokens-by-level", "error-tokens-by-level")
    assert names == {f"{kind}.{end}" for kind in kinds for end in ("svg", "png")}
    scale("frontier", run, "--no-draw", "--plots", scale.folder / "none")
    assert not (scale.folder / "none").exists()


def test_frontier_says_how_sure_it_is(scale: Scale, run: Path) -> None:
    said = scale("frontier", run, "--no-draw", "--json")
    for row in said.rows:
        assert row["lo"] <= row["accuracy"] <= row["hi"] and 0 <= row["odds"] <= 1
        assert row["cross_fitted"] is None or -1 <= row["curse"] <= 1
    crossings = scale("frontier", run, "--no-draw", "--table", "crossings", "--json").rows
    near = [one["sentence"] for one in crossings if one["neighbours"]]
    assert near and all(f"note: {one}\n" in said.err for one in near)
    assert "winner's curse" in said.err
    for asked, wanted in (("all", len(crossings)), ("none", 0)):
        err = scale("frontier", run, "--no-draw", "--crossings", asked).err
        assert sum(one["sentence"] in err for one in crossings) == wanted


PRICED = [
    [
        "--axis",
        "dollars",
        "--dollars-per-million",
        "small=0.1,0.4",
        "--dollars-per-million",
        "large=1,4,0.1",
    ],
    ["--axis", "dollars", "--dollars-per-hour", "2.5/16"],
    ["--axis", "eflops", "--intensity", "295"],
]


@pytest.mark.parametrize("priced", PRICED, ids=" ".join)
def test_dollars_and_equivalent_flops_wherever_there_is_an_axis(
    scale: Scale, run: Path, priced: list[str]
) -> None:
    axis = priced[1]
    rows = scale("accuracy", run, *priced[2:], "--json").rows
    whole = [row for row in rows if row["max_tokens"] == 120]
    assert whole and all(row[axis] > 0 for row in whole)
    points = scale("frontier", run, "--plots", scale.folder / "plots", *priced, "--json").rows
    assert points and all(row["cost"] == pytest.approx(row[axis]) for row in points)
    assert all(row["cost"] > 0 for row in points)
    assert (scale.folder / "plots" / "s" / f"frontier-{axis}.png").exists()
    dearest = max(row[axis] for row in whole)
    chosen = scale("recommend", run, "--budget", dearest, *priced, "--json").rows
    assert axis in chosen[0]["sentence"] and chosen[0]["cost"] <= dearest
    matched = scale("compare", f"{run}:small", f"{run}:large", *priced, "--table", "verdicts")
    assert matched.code == 0 and (f"matched {axis}" in matched.err or f"no {axis}" in matched.err)
    fitted = scale("fit", run, "--law", "compute", *priced, "--json").rows
    assert fitted and not any(f"the {axis} of" in (row["reason"] or "") for row in fitted)


def test_several_runs_are_told_apart(scale: Scale, run: Path) -> None:
    assert scale.run(scale.write("t", models="small")).code == 0
    for words in (["status"], ["accuracy", "--selector", "first"]):
        out = scale(words[0], run, scale.results / "t", *words[1:]).out
        assert out.split()[0] == "run" and " t " in out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["frontier", "--axis", "dollars"], "price"),
        (["frontier", "--axis", "eflops"], "bytes? of memory|bandwidth"),
        (["fit", "--axis", "dollars", "--dollars-per-million", "cheap"], "cheap"),
        (["recommend", "--budget", "1", "--axis", "dollars"], "price"),
        (["accuracy", "--k", "99"], "that many samples"),
        (["accuracy", "--k", "99", "--plot"], "that many samples"),
        (["accuracy", "--k", "0"], "at least 1"),
        (["accuracy", "--cap", "0"], "at least 1"),
        (["accuracy", "--selector", "median"], "median"),
        (["frontier", "--selector", "coverage"], "coverage"),
        (["frontier", "--axis", "joules"], "joules"),
        (["frontier", "--axis", "flops_verifier"], "log axis"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_shown_is_said(
    scale: Scale, run: Path, words: list[str], named: str
) -> None:
    assert re.search(named, scale(words[0], run, *words[1:]).mistake)


def test_a_folder_without_a_run_and_a_run_without_answers(scale: Scale) -> None:
    for command in ("status", "accuracy", "frontier"):
        assert "holds no run" in scale(command, scale.folder).mistake
    assert scale.run(scale.write(options="die_after: 1")).code == 2
    run = scale.results / "s"
    assert "no graded answers yet" in scale("accuracy", run).mistake
    assert {row["state"] for row in scale("status", run, "--json").rows} == {"incomplete"}


def test_the_monte_carlo_error_is_shown_where_there_is_one(scale: Scale, tmp_path: Path) -> None:
    rows = [
        {"question_id": str(q), "answer": str((q + s) % 3), "gold": "0", "score": 0.1 + 0.02 * s}
        for q in range(40) for s in range(16)
    ]  # fmt: skip
    source, out = scale.folder / "x.jsonl", scale.folder / "scored"
    source.write_text("\n".join(map(json.dumps, rows)))
    assert scale("import", "samples", source, "--out", out, "--model", "m").code == 0
    assert "mc_error" not in scale("accuracy", out, "--selector", "majority").out
    assert "mc_error" in scale("accuracy", out, "--selector", "weighted", "--k", "8").out
    (row,) = scale("accuracy", out, "--selector", "weighted", "--k", "8", "--json").rows
    assert 0 < row["mc_error"] <= 1e-3


SUMMARISED = [
    ["accuracy"], ["frontier"], ["limits"], ["fit"], ["recommend", "--budget", "1e9"],
    ["exchange", "--small", "small", "--large", "large"], ["baseline", "-o", "b.json"],
    ["search"], ["grade"],
]  # fmt: skip


@pytest.mark.parametrize("words", SUMMARISED, ids=lambda words: words[0])
def test_a_run_that_is_only_a_summary_says_how_its_answers_come_back(
    scale: Scale, run: Path, words: list[str]
) -> None:
    published = scale.folder / "published"
    published.mkdir()
    for name in ("run.json", "summary.parquet"):
        shutil.copy(run / name, published)
    said = scale(words[0], published, *words[1:])
    assert "holds only a summary" in said.mistake and "candidates/" in said.err
    assert "scale run fills" not in said.err
    assert {r["state"] for r in scale("status", published, "--json").rows} == {"summary only"}


def test_an_imported_summary_names_the_import_and_is_not_left_out_beside_others(
    scale: Scale, run: Path
) -> None:
    rows = [{"question_id": "a", "answer": "1", "gold": "1"}] * 2
    source, out = scale.folder / "x.jsonl", scale.folder / "imported"
    source.write_text("\n".join(map(json.dumps, rows)))
    assert scale("import", "samples", source, "--out", out, "--model", "m").code == 0
    shutil.rmtree(out / "candidates")
    for command in (["accuracy", out], ["limits", run, out], ["compare", run, out]):
        said = scale(*command)
        assert "holds only a summary" in said.mistake
        assert f"scale import samples x.jsonl --out {out}" in said.err


def test_a_run_of_failures_only_is_shown(scale: Scale) -> None:
    assert scale.run(scale.write(options="fail_rate: 1.0")).code == 1
    rows = scale("accuracy", scale.results / "s", "--json").rows
    assert rows and all(row["accuracy"] == 0 and row["unanswered"] == 1 for row in rows)
    assert all(row["flops"] is None for row in rows)


def test_a_frontier_of_wrong_answers_alone_says_so(scale: Scale) -> None:
    samples = scale.folder / "wrong.jsonl"
    row = {"sample": 0, "answer": "1", "correct": False, "new_tokens": 9}
    samples.write_text("".join(json.dumps({"question_id": q, **row}) + "\n" for q in "ab"))
    out = scale.results / "wrong"
    told = ("--model", "m", "--task", "t", "--active-params", "1e9")
    assert scale("import", "samples", samples, "--out", out, *told).code == 0
    said = scale("frontier", out, "--axis", "tokens", "--plots", scale.folder)
    assert said.code == 0 and "no answer is right at any budget" in said.err


def test_rows_of_several_temperatures_and_seeds_are_told_apart(scale: Scale) -> None:
    file = scale.write()
    changes = ["temperature=[0.5, 1.0]", "seeds=[0, 1]", "samples=2"]
    sets = [word for change in changes for word in ("--set", change)]
    said = scale.run(file, *sets, "--limit", "2")
    assert said.code == 0 and {"temperature", "seed"} <= set(said.out.split())
    rows = scale("accuracy", scale.results / "s", "--json").rows
    sampled = {(r["temperature"], r["seed"]) for r in rows if r["strategy"] == "sampling"}
    assert sampled == {(0.5, 0), (0.5, 1), (1.0, 0), (1.0, 1)}
    assert {row["prompt"] for row in rows} == {"boxed"}
    head = scale("frontier", scale.results / "s", "--no-draw").out.splitlines()[0].split()
    assert {"temperature", "seed"} <= set(head)


def test_a_sweep_of_one_temperature_does_not_show_it(scale: Scale) -> None:
    scale.run(scale.write(), "--limit", "2")
    head = scale("accuracy", scale.results / "s").out.splitlines()[0].split()
    assert not {"temperature", "seed", "cell", "prompt"} & set(head)
