"""`scale check` and `scale baseline`: exit codes, reports, confirmation, what is refused."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from scaling_cli.checking.pairs import ALLOWED
from scaling_cli.cli.check import Allow
from scaling_cli.store import RunFolder
from tests.cli.command import Said, Scale

GOOD, BAD = "spread: 0.5", "spread: 0.5, length_of_wrong: 3.0"


def sampled(scale: Scale, name: str, *words: str, options: str = GOOD) -> Path:
    said = scale.run(scale.write("s", models="small", options=options), "--set", f"name={name}",
                     *words)  # fmt: skip
    assert said.code == 0, said.err
    return scale.results / name


@pytest.fixture
def before(scale: Scale) -> Path:
    return sampled(scale, "before", "--set", "engine.skill=3.0")


@pytest.fixture
def file(scale: Scale, before: Path) -> Path:
    assert scale("baseline", before, "-o", scale.folder / "b.json").code == 0
    return scale.folder / "b.json"


@pytest.fixture
def bad(scale: Scale) -> Path:
    return sampled(scale, "bad", "--set", "engine.skill=-3.0", "--set", "seeds=[5]", options=BAD)


def test_a_baseline_is_written_and_told(scale: Scale, before: Path) -> None:
    said = scale("baseline", before, "-o", scale.folder / "x" / "b.json", "--json",
                 "--cap", "64", "--axis", "tokens", "--selector", "majority")  # fmt: skip
    assert [(row["selector"], row["limit"], row["costs"]) for row in said.rows] == [
        ("majority", limit, ["tokens"]) for limit in (64, None)
    ]
    assert "kB" in said.err and (scale.folder / "x" / "b.json").stat().st_size > 1000
    again = scale("baseline", before, "-o", scale.folder / "y.json", "--cap", "64",
                  "--axis", "tokens", "--selector", "majority")  # fmt: skip
    assert again.code == 0 and "majority" in again.out
    assert (scale.folder / "y.json").read_bytes() == (scale.folder / "x/b.json").read_bytes()


def test_unchanged_passes_and_says_what_would_have_been_seen(
    scale: Scale, file: Path, before: Path
) -> None:
    for baseline in (file, before):
        said = scale("check", before, "--baseline", baseline)
        assert said.code == 0 and "equal" in said.out
        power, verdict = said.err.splitlines()
        assert power.startswith("8 questions of sums.jsonl show with 80% power a drop of")
        assert verdict.startswith("no regression: the run repeats the baseline")


def test_a_regression_exits_1_and_is_written_everywhere(
    scale: Scale, file: Path, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = scale.folder / "step.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    xml, summary = scale.folder / "r" / "c.xml", scale.folder / "r" / "c.md"
    words = ["check", bad, "--baseline", file, "--junit", xml, "--markdown", summary, "--github"]
    said = scale(*words)
    assert said.code == 1 and "::error title=scale check::small · sampling" in said.out
    assert said.err.splitlines()[-1].startswith("regression: less accurate at")
    suite = ET.parse(xml).getroot()[0]
    assert said.out.count("::error") == 10  # the most that are shown
    assert "and 6 more places" in said.out and suite.attrib["failures"] == "15"
    assert summary.read_text().startswith("### ❌ scale check: regression")
    assert step.read_text() == f"{summary.read_text()}\n"
    rows = scale(*words, "--json")
    assert rows.code == 1 and "::error" in rows.err
    worse = [row for row in rows.rows if row["verdict"] in ("worse", "dearer")]
    assert len(worse) == int(suite.attrib["failures"])
    assert {"difference", "lo", "hi", "smallest_difference", "at", "axis"} <= set(rows.rows[0])


def test_tolerances_axis_and_selectors_are_heeded(scale: Scale, file: Path, bad: Path) -> None:
    words = ["check", bad, "--baseline", file, "--json"]
    tokens = scale(*words, "--axis", "tokens", "--selector", "majority")
    assert {row["axis"] for row in tokens.rows} == {"tokens"}
    assert {row["selector"] for row in tokens.rows} == {"majority", None}
    put_up = scale(*words, "--tolerance", "0.95", "--cost-tolerance", "0.95").rows
    fallen, left = (
        [row for row in rows if row["verdict"] in ("worse", "dearer")]
        for rows in (scale(*words).rows, put_up)
    )
    assert {row["what"] for row in fallen} == {"accuracy", "cost"} and len(left) < len(fallen)
    assert all(row["difference"] < -0.95 for row in left)  # greedy answers, all lost
    for wrong in (["--tolerance", "1.5"], ["--axis", "joules"], ["--axis", "seconds"]):
        assert scale("check", bad, "--baseline", file, *wrong).mistake


def test_a_fall_that_fresh_samples_show_again_is_confirmed(
    scale: Scale, file: Path, bad: Path
) -> None:
    words = ["check", bad, "--baseline", file, "--confirm",
             "--data", f"sums.jsonl={scale.folder / 'sums.jsonl'}"]  # fmt: skip
    said = scale(*words)
    assert said.code == 1 and "sampling again" in said.err
    assert said.err.splitlines()[-1].startswith("regression: ") and "bad-confirm-" in said.err
    (again,) = (path for path in scale.results.iterdir() if "confirm" in path.name)
    cells = RunFolder(again).read_manifest().cells.values()
    seeds = {cell.seed for cell in cells if cell.details["temperature"]}
    assert len(seeds) == 1 and not {0, 5} & seeds
    # Asked again, nothing is drawn again and the verdict stands.
    repeated = scale(*words)
    assert repeated.code == 1 and "starting fake" not in repeated.err
    assert repeated.err.splitlines()[-1] == said.err.splitlines()[-1]


def test_a_fall_that_does_not_come_again_passes(scale: Scale, file: Path, bad: Path) -> None:
    good = scale.write("good", models="small", options=GOOD)
    good.write_text(good.read_text().replace("skill: 0.5", "skill: 3.0"))
    # A greedy answer is not drawn anew by a seed: here it comes from the better engine.
    words = ["check", bad, "--baseline", file, "--confirm", "--sweep", good]
    said = scale(*words)
    assert said.code == 0 and "of the first look not confirmed" in said.err
    rows = scale(*words, "--json").rows
    assert "unconfirmed" in {row["verdict"] for row in rows}


def test_nothing_is_sampled_again_where_nothing_fell(
    scale: Scale, file: Path, before: Path
) -> None:
    said = scale("check", before, "--baseline", file, "--confirm")
    assert said.code == 0 and "sampling again" not in said.err
    assert [path.name for path in scale.results.iterdir()] == ["before"]


def refused(said: Said, scale: Scale) -> str:
    """The mistake, which is in the reports too."""
    suite = ET.parse(scale.folder / "c.xml").getroot()[0]
    assert suite.attrib["errors"] == "1" and suite.find("testcase/error") is not None
    assert "cannot compare" in (scale.folder / "c.md").read_text()
    return said.mistake


def test_what_cannot_be_compared_exits_2_and_says_which(
    scale: Scale, file: Path, before: Path
) -> None:
    reports = ["--junit", scale.folder / "c.xml", "--markdown", scale.folder / "c.md"]
    other = sampled(scale, "other", "--set", "temperature=0.3", "--set", "prompt=brief")
    named = refused(scale("check", other, "--baseline", file, *reports), scale)
    assert "sampler: temperature" in named and "prompt: prompt" in named
    allowed = [*("--allow", "sampler"), *("--allow", "prompt")]
    assert scale("check", other, "--baseline", file, *allowed).code in (0, 1)
    few = sampled(scale, "few", "--limit", "6")
    assert "2 only in the baseline" in refused(
        scale("check", few, "--baseline", file, *reports), scale
    )
    assert scale("check", few, "--baseline", file, "--allow", "questions").code in (0, 1)
    three = sampled(scale, "three", "--limit", "3")
    assert "compared on 3 questions" in refused(
        scale("check", three, "--baseline", file, "--allow", "questions", *reports), scale
    )
    file.write_text(file.read_text().replace('"first": [1]', '"first": [0]', 1))
    assert "changed by hand" in refused(scale("check", before, "--baseline", file, *reports), scale)
    assert scale("check", before, "--baseline", file, "--allow", "edited").code in (0, 1)
    file.write_text(json.dumps({"scale_baseline": 7}))
    assert "version 7" in refused(scale("check", before, "--baseline", file, *reports), scale)
    assert "no such file" in refused(
        scale("check", before, "--baseline", scale.folder / "none", *reports), scale
    )


def test_a_run_being_written_an_empty_one_and_none(scale: Scale, file: Path, before: Path) -> None:
    with RunFolder(before).lock("scale run"):
        assert "is being written" in scale("check", before, "--baseline", file).mistake
        assert "is being written" in scale("baseline", before, "-o", file).mistake
    assert "holds no run" in scale("check", scale.folder, "--baseline", file).mistake
    run = RunFolder(before).read_manifest()
    empty = RunFolder.create(scale.results / "empty")
    empty.write_manifest(run)
    assert "no graded answers" in scale("check", empty.path, "--baseline", file).mistake


def test_an_imported_run_is_checked_but_not_sampled_again(scale: Scale) -> None:
    def imported(name: str, right: int) -> Path:
        rows = [
            {"question_id": f"q{i}", "sample": s, "answer": "1" if s < right else "2", "gold": "1",
             "new_tokens": 10 + i}
            for i in range(12)
            for s in range(8)
        ]  # fmt: skip
        source = scale.folder / f"{name}.jsonl"
        source.write_text("\n".join(map(json.dumps, rows)))
        out = scale.results / name
        said = scale("import", "samples", source, "--out", out, "--model", "m", "--task", "t")
        assert said.code == 0, said.err
        return out

    before, now = imported("theirs", 8), imported("later", 3)
    words = ["check", now, "--baseline", before, "--axis", "tokens"]
    assert scale(*words).code == 1
    assert "cannot be sampled again" in scale(*words, "--confirm").mistake


def test_hostile_names_cannot_move_the_cursor_or_leave_a_cell(scale: Scale, file: Path) -> None:
    evil = "\x1b[2J[red]<b>|@all"
    run, named = scale.results / "before", json.dumps({"model": evil})[1:-1]
    file.write_text(file.read_text().replace('"model": "small"', named))
    said = scale("check", run, "--baseline", file, "--allow", "edited", "--allow", "model")
    assert said.code == 0 and "\x1b" not in said.out + said.err
    manifest = run / "run.json"
    manifest.write_text(manifest.read_text().replace('"model": "small"', named))
    said = scale("check", run, "--baseline", file, "--allow", "edited",
                 "--markdown", scale.folder / "c.md")  # fmt: skip
    assert said.code == 0 and r"\x1b[2J[red]<b>|@all" in said.out
    assert "\x1b" not in said.out + said.err and "@all" not in (scale.folder / "c.md").read_text()


def test_searches_and_scored_banks_are_checked_too(scale: Scale) -> None:
    words = ["--set", "engine={name: fake, steps: 3}", "--set", "greedy=false", "--set",
             "strategies=[sampling, {name: beam, n: [2, 4], m: 2}, {name: dvts, n: 6, m: 2}]",
             "--set", "verifiers=[oracle, {name: judge, model: j, prompt: step}]"]  # fmt: skip
    before = sampled(scale, "before", *words)
    now = sampled(scale, "now", *words, "--set", "seeds=[3]")
    for run in (before, now):
        score = ("score", run, "--verifier", "judge", "--model", "j", "--engine", "fake")
        assert scale(*score, "--label", "later").code == 0
    told = scale("baseline", before, "-o", scale.folder / "b.json", "--json").rows
    assert not any("upper bound" in row["selector"] for row in told)
    found = {(row["strategy"], row["selector"], tuple(row["ks"])) for row in told}
    assert {("beam", "majority:judge", (2,)), ("beam", "majority:judge", (4,)),
            ("dvts", "best:judge", (2, 4, 6)), ("sampling", "best:judge", (1, 2, 4, 6)),
            ("sampling", "best:logprob", (1, 2, 4, 6))} <= found  # fmt: skip
    rows = scale("check", now, "--baseline", scale.folder / "b.json", "--json",
                 "--junit", scale.folder / "c.xml").rows  # fmt: skip
    names = [(row["strategy"], row["params"], row["what"], row["selector"], row["k"])
             for row in rows]  # fmt: skip
    assert len(set(names)) == len(names)
    assert {name[3] for name in names if name[:3] == ("sampling", "{}", "cost")} == {
        "first, majority, best:logprob", "best:judge", "best:later"}  # fmt: skip
    cases = [dict(case.attrib) for case in ET.parse(scale.folder / "c.xml").iter("testcase")]
    assert len({tuple(sorted(case.items())) for case in cases}) == len(rows)
    refused = scale(*score, "--label", "judge", "--model", "k").mistake
    assert "scored by another verifier called judge" in refused
    # As a run that an older version scored under one name twice.
    document = (now / "run.json").read_text()
    (now / "run.json").write_text(document.replace('"later"', '"judge"'))
    twice = scale("check", now, "--baseline", scale.folder / "b.json").mistake
    assert "two verifiers of small are called judge" in twice
    nothing = scale("baseline", before, "-o", scale.folder / "c.json", "--selector", "nonsense")
    assert "nonsense" in nothing.mistake


def test_everything_that_may_be_allowed_has_its_word() -> None:
    assert {one.value for one in Allow} == set(ALLOWED)
