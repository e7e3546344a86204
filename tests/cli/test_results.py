"""`scale status`, `accuracy` and `frontier` on a run, and what may be asked of them in vain."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("words", "named"),
    [
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
    assert named in scale(words[0], run, *words[1:]).mistake


def test_a_folder_without_a_run_and_a_run_without_answers(scale: Scale) -> None:
    for command in ("status", "accuracy", "frontier"):
        assert "holds no run" in scale(command, scale.folder).mistake
    assert scale.run(scale.write(options="die_after: 1")).code == 2
    run = scale.results / "s"
    assert "no graded answers yet" in scale("accuracy", run).mistake
    assert {row["state"] for row in scale("status", run, "--json").rows} == {"incomplete"}


def test_a_run_of_failures_only_is_shown(scale: Scale) -> None:
    assert scale.run(scale.write(options="fail_rate: 1.0")).code == 1
    rows = scale("accuracy", scale.results / "s", "--json").rows
    assert rows and all(row["accuracy"] == 0 and row["unanswered"] == 1 for row in rows)
    assert all(row["flops"] is None for row in rows)
