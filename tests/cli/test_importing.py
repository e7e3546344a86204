"""`scale import`, end to end: from other people's files to accuracy rows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.laws.accuracy import coverage
from scaling_cli.store import RunFolder

from .command import Scale

DATA = Path(os.environ.get("SCALE_SHARED", Path(__file__).parents[3] / "shared")) / "data"


def source(scale: Scale, rows: list[dict[str, Any]], name: str = "s.jsonl") -> Path:
    path = scale.folder / name
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def values(rows: list[dict[str, Any]], selector: str) -> dict[int, float]:
    return {row["k"]: row["accuracy"] for row in rows if row["selector"] == selector}


HALVES = [
    {"question_id": "a", "answer": answer, "gold": "1/2", "new_tokens": 10, "prompt_tokens": 4}
    for answer in ("0.5", r"\frac12", "3", "")
]


def test_answers_are_graded_by_value_and_the_shift_from_strings_is_shown(scale: Scale) -> None:
    out = scale.folder / "run"
    said = scale("import", "samples", source(scale, HALVES), "--out", out, "--model", "m", "--json")
    assert said.code == 0, said
    (row,) = said.rows
    assert (row["samples"], row["accuracy"], row["as_strings"], row["shift"]) == (4, 0.5, 0, 0.5)
    rows = scale("accuracy", out, "--json").rows
    assert values(rows, "first")[1] == 0.5
    # All four drawn: two equal votes for gold, one for 3, the empty answer abstains.
    assert values(rows, "majority")[4] == pytest.approx(1)
    as_class = scale("accuracy", out, "--unanswered", "class", "--selector", "majority", "--json")
    # Of six pairs one is right, three tie gold with a wrong vote once or the empty answer.
    assert values(as_class.rows, "majority")[2] == pytest.approx((1 + 4 * 0.5) / 6)


def test_the_same_source_again_changes_nothing_and_another_is_not_mixed_in(scale: Scale) -> None:
    out, path = scale.folder / "run", source(scale, HALVES)
    ask = ("import", "samples", path, "--out", out, "--model", "m")
    assert scale(*ask).code == 0
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and p.name != ".lock"}
    assert scale(*ask).code == 0
    assert before == {p: p.read_bytes() for p in before}
    assert str(scale.folder) not in (out / "run.json").read_text()
    other = source(scale, HALVES[:2], "t.jsonl")
    mistake = scale("import", "samples", other, "--out", out, "--model", "m").mistake
    assert "already holds m" in mistake
    assert scale("import", "samples", other, "--out", out, "--model", "n").code == 0
    assert {row["model"] for row in scale("accuracy", out, "--json").rows} == {"m", "n"}


def test_nothing_is_dropped_unsaid(scale: Scale) -> None:
    path = source(scale, [*HALVES, HALVES[0] | {"sample": 0}, {"answer": "lost"}])
    said = scale("import", "samples", path, "--out", scale.folder / "run", "--model", "m")
    assert "4 samples taken, 2 left out" in said.err
    assert "a second time" in said.err and "no question_id (first: s.jsonl, line 6)" in said.err


def test_a_source_without_a_model_or_a_sample_says_what_to_do(scale: Scale) -> None:
    path = source(scale, HALVES)
    assert "name its model" in scale("import", "samples", path, "--out", "run").mistake
    bad = source(scale, [{"x": 1}], "bad.jsonl")
    mistake = scale("import", "samples", bad, "--out", "run", "--model", "m").mistake
    assert "not one sample could be read: no question_id (1×)" in mistake


def test_one_model_of_several(scale: Scale) -> None:
    rows = [HALVES[0] | {"model": "a"}, HALVES[2] | {"model": "b"}]
    path, out = source(scale, rows), scale.folder / "run"
    (row,) = scale("import", "samples", path, "--out", out, "--only", "b", "--json").rows
    assert (row["model"], row["samples"]) == ("b", 1)
    said = scale("import", "samples", path, "--out", out, "--only", "c")
    assert "no samples of c" in said.mistake and "it holds a, b" in said.err


def test_counts_draw_coverage_and_nothing_that_votes(scale: Scale) -> None:
    rows = [{"question_id": str(i), "correct": i, "samples": 8} for i in range(9)]
    out = scale.folder / "run"
    said = scale("import", "counts", source(scale, rows), "--out", out, "--model", "m")
    assert "nothing that votes is drawn" in said.err
    found = scale("accuracy", out, "--json").rows
    assert {row["selector"] for row in found} == {"first", "coverage"}
    expected = coverage(range(9), [8] * 9, [1, 4]).mean(axis=0)  # type: ignore[arg-type]
    assert [values(found, "coverage")[k] for k in (1, 4)] == pytest.approx(expected)
    # Grading anew needs gold answers, which counts have not.
    assert "left as it is" in scale("grade", out).err


def test_scores_make_best_of_and_weighted_votes(scale: Scale) -> None:
    rows = [
        {"question_id": "a", "answer": a, "gold": "1", "scores": s}
        for a, s in (("1", [0.1, 0.9]), ("2", [0.9, 0.2]), ("2", [0.9, 0.3]))
    ]
    out = scale.folder / "run"
    assert scale("import", "samples", source(scale, rows), "--out", out, "--model", "m").code == 0
    ask = ("accuracy", out, "--k", 3, "--json", "--selector")
    for selector, score, expected in [
        ("best", "reward_last", 1), ("best", "reward_min", 0), ("weighted", "reward_last", 1),
        ("weighted", "reward_mean", 0), ("majority", "reward_last", 0),
    ]:  # fmt: skip
        (row,) = scale(*ask, selector, "--score", score).rows
        assert row["accuracy"] == expected, (selector, score)


def test_costs_follow_what_is_told(scale: Scale) -> None:
    rows = [{**row, "prompt_tokens": None} for row in HALVES]
    path = source(scale, rows)
    config = scale.folder / "config.json"
    config.write_text(json.dumps({
        "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 2,
        "num_key_value_heads": 1, "intermediate_size": 16, "vocab_size": 32,
    }))  # fmt: skip
    cases: list[tuple[list[Any], set[str]]] = [
        ([], {"tokens"}),
        (["--active-params", "3.6e9"], {"tokens", "flops_2nt"}),
        (["--config", config], {"tokens", "flops_2nt"}),
        (["--config", config, "--prompt-tokens", 20], {"tokens", "flops_2nt", "flops"}),
    ]
    for number, (options, known) in enumerate(cases):
        out = scale.folder / f"run{number}"
        assert scale("import", "samples", path, "--out", out, "--model", "m", *options).code == 0
        (row,) = scale("accuracy", out, "--k", 1, "--selector", "first", "--json").rows
        assert {a for a in ("tokens", "flops_2nt", "flops") if row[a] is not None} == known
        if "--active-params" in options:
            assert row["flops_2nt"] == pytest.approx(2 * 3.6e9 * 10)


GOLDEN = {
    "aime2025_gpt-oss-20b": ([73.667, 73.791, 88.671], [73.667, 84.240, 95.462], 73.703),
    "aime2025_Phi-4-reasoning": ([64.271, 64.754, 82.232], [64.271, 76.730, 91.850], 64.271),
    "math500_gpt-oss-20b": ([92.685, 92.716, 95.398], [92.685, 95.527, 97.739], 92.685),
    "math500_Phi-4-reasoning": ([87.833, 90.537, 94.469], [87.833, 94.305, 98.168], 87.835),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_published_tables_through_the_command_line(scale: Scale, name: str) -> None:
    path = DATA / "boinf" / f"analysis_{name}.jsonl"
    if not path.exists():
        pytest.skip("the public samples are not beside the project")
    voted, covered, as_class = GOLDEN[name]
    out = scale.folder / "run"
    ask = ("import", "boinf", path, "--out", out, "--model", "m", "--equality", "string")
    assert scale(*ask).code == 0
    ks = [option for k in (1, 2, 32) for option in ("--k", k)]
    rows = scale("accuracy", out, *ks, "--json").rows
    full = [row for row in rows if row["max_tokens"] == max(r["max_tokens"] for r in rows)]
    for selector, expected in (("majority", voted), ("coverage", covered)):
        measured = [100 * values(full, selector)[k] for k in (1, 2, 32)]
        # To the printed digit: half a unit of it, ends included.
        assert measured == pytest.approx(expected, abs=0.000_501)
    rows = scale("accuracy", out, "--k", 2, "--unanswered", "class", "--selector", "majority",
                 "--json").rows  # fmt: skip
    assert 100 * rows[-1]["accuracy"] == pytest.approx(as_class, abs=0.000_501)


def test_the_runs_manifest_names_its_source(scale: Scale) -> None:
    out = scale.folder / "run"
    scale("import", "samples", source(scale, HALVES), "--out", out, "--model", "m")
    run = RunFolder.open(out).read_manifest()
    assert list(run.data) == ["s.jsonl"] and run.data["s.jsonl"].startswith("sha256:")
    (cell,) = run.cells.values()
    assert cell.details["import"]["format"] == "samples"
    assert scale("status", out, "--json").rows[0]["done"] == 4


def test_values_that_cannot_be_read_are_said_with_their_place(scale: Scale) -> None:
    row = HALVES[0]
    rows = [
        {**row, "score": "high", "new_tokens": -1},
        {**row, "answer": ["0.5"], "correct": "perhaps", "score": float("nan")},
        {**row, "gold": "7", "scores": [0.5, "x"], "level": None},
    ]
    said = scale(
        "import", "samples", source(scale, rows), "--out", scale.folder / "r", "--model", "m"
    )
    assert said.code == 0 and "3 samples taken, 0 left out" in said.err
    for line in (
        "1 × score is not a number (first: s.jsonl, line 1)",
        "1 × new_tokens is not a whole number of at least 0 (first: s.jsonl, line 1)",
        "1 × answer is not text (first: s.jsonl, line 2)",
        "1 × correct is not true or false (first: s.jsonl, line 2)",
        "1 × scores is not a list of numbers (first: s.jsonl, line 3)",
        "1 × gold is not that of the question's first sample, which decides (first: question a, "
        "sample 2)",
    ):
        assert f"not used: {line}\n" in said.err, said.err
    assert said.err.count("not used") == 6


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([None, None], "m, t: no sample tells its length"),
        ([5, None], "m, t: 1 of 2 samples do not tell their length"),
        ([5, 6], "without --config the only costs are tokens"),
    ],
)
def test_what_can_be_charged_is_said(
    scale: Scale, lengths: list[int | None], expected: str
) -> None:
    rows = [{"question_id": "a", "answer": "1", "gold": "1", "new_tokens": n} for n in lengths]
    out = scale.folder / "r"
    ask = ("import", "samples", source(scale, rows), "--out", out, "--model", "m", "--task", "t")
    err = scale(*ask).err
    assert expected in err and (None not in lengths or "--config" not in err)
    if None in lengths:
        said = scale("frontier", out, "--axis", "tokens", "--no-draw")
        assert "no curve of t has a known tokens" in said.mistake
        assert "no axis is known: import" in said.err


def test_a_line_of_boinf_without_a_length_is_said(scale: Scale) -> None:
    rows = [{"problem_num": 1, "gold_answer": "1", "all_answers": [["1", 5], ["2"], ["1", "x"]]}]
    said = scale(
        "import", "boinf", source(scale, rows), "--out", scale.folder / "r", "--model", "m"
    )
    assert (
        "not used: 2 × no pair of an answer and its length (first: s.jsonl, line 1, answer 2)"
        in (said.err)
    )
