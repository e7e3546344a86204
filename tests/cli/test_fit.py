"""`scale fit`: rows, refusals with their reasons, fits.json, the figure."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .command import Scale
from .test_importing import source


def counted(scale: Scale) -> Path:
    p = np.random.default_rng(0).beta(0.5, 1.0, 50)
    right = np.random.default_rng(1).binomial(64, p)
    rows = [{"question_id": str(i), "correct": int(c), "samples": 64} for i, c in enumerate(right)]
    out = scale.folder / "run"
    assert scale("import", "counts", source(scale, rows), "--out", out, "--model", "m").code == 0
    return out


def test_laws_are_fitted_or_refused_with_a_reason(scale: Scale) -> None:
    run = counted(scale)
    plots = scale.folder / "plots"
    said = scale("fit", run, "--json", "--plot", "--plots", plots)
    assert said.code == 0, said
    rows = {row["law"]: row for row in said.rows}
    assert set(rows) == {"coverage", "success", "voting", "compute", "size"}
    assert rows["coverage"]["holdout"]["k"] == 64
    b = rows["coverage"]["parameters"]["b"]
    assert b["lo"] < b["value"] < b["hi"] < 0
    exponent = rows["success"]["parameters"]["exponent"]
    assert exponent["lo"] < 0.5 < exponent["hi"]
    for law in ("voting", "compute", "size"):
        assert rows[law]["status"] == "refused" and rows[law]["reason"]
    assert (plots / "run" / "coverage.png").exists()
    kept = json.loads((run / "fits.json").read_text())["fits"]
    assert [row["law"] for row in kept] == ["coverage", "success", "voting", "compute", "size"]
    assert len(kept[0]["curve"]["x"]) == len(kept[0]["curve"]["observed"])


def test_coverage_is_predicted_at_any_k(scale: Scale) -> None:
    run = counted(scale)
    said = scale("fit", run, "--k", 512, "--k", 8, "--json")
    assert [(row["law"], row["k"], row["extrapolated"]) for row in said.rows] == [
        ("coverage", 8, False), ("coverage", 512, True),
        ("success", 8, False), ("success", 512, True),
    ]  # fmt: skip
    assert all(row["lo"] <= row["coverage"] <= row["hi"] for row in said.rows)
    assert not (run / "fits.json").exists()
    assert "each was refused" in scale("fit", run, "--k", 8, "--law", "voting").mistake


def test_three_sizes_have_a_law_with_a_hold_out_check(scale: Scale) -> None:
    rng, out = np.random.default_rng(0), scale.folder / "sizes"
    for size, ability in [(1e8, 0.15), (1e9, 0.45), (1e10, 0.85)]:
        p = rng.beta(4 * ability, 4 * (1 - ability), 60)
        rows = [
            {"question_id": str(q), "answer": "1" if rng.random() < p[q] else f"{2 + k % 3}",
             "gold": "1", "new_tokens": 100, "prompt_tokens": 50}
            for q in range(60)
            for k in range(16)
        ]  # fmt: skip
        scale("import", "samples", source(scale, rows), "--out", out, "--model", f"{size:g}",
              "--task", "t", "--active-params", size)  # fmt: skip
    (row,) = scale("fit", out, "--law", "size", "--axis", "flops_2nt", "--json").rows
    assert row["status"] == "fitted" and row["holdout"]["passed"], row
    assert 0.5 < row["parameters"]["slope"]["value"] < 1.5
    assert abs(row["holdout"]["predicted"] - row["holdout"]["observed"]) < 0.5


def test_one_law_leaves_the_kept_table_alone(scale: Scale) -> None:
    run = counted(scale)
    said = scale("fit", run, "--law", "coverage")
    assert said.code == 0 and "coverage" in said.out and not (run / "fits.json").exists()


def test_mistakes_are_sentences(scale: Scale) -> None:
    run = counted(scale)
    assert "there is no law gravity" in scale("fit", run, "--law", "gravity").mistake
    assert "there is no axis miles" in scale("fit", run, "--axis", "miles").mistake
