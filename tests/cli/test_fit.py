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


def test_one_law_leaves_the_kept_table_alone(scale: Scale) -> None:
    run = counted(scale)
    said = scale("fit", run, "--law", "coverage")
    assert said.code == 0 and "coverage" in said.out and not (run / "fits.json").exists()


def test_mistakes_are_sentences(scale: Scale) -> None:
    run = counted(scale)
    assert "there is no law gravity" in scale("fit", run, "--law", "gravity").mistake
    assert "there is no axis miles" in scale("fit", run, "--axis", "miles").mistake
