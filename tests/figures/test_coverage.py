"""The figure of coverage: each bank once, its band, axes that use their height, truncation said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scaling_cli.figures.coverage import coverage_figure
from scaling_cli.laws.coverage_law import fit_coverage
from scaling_cli.laws.fit import refusal
from scaling_cli.laws.resample import question_weights
from scaling_cli.laws.success import fit_success

SAMPLES = 32
FITS = {"coverage": fit_coverage, "success": fit_success}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def item(law: str, skill: float, model: str = "m", truncated: float = 0.0) -> Any:
    """A law fitted to 40 questions whose chances are about `skill`."""
    chance = np.clip(skill + np.linspace(-0.3, 0.3, 40), 0.02, 0.98)
    correct = np.random.default_rng(0).binomial(SAMPLES, chance)
    fit = FITS[law](correct, np.full(40, SAMPLES), question_weights(40, 200, 0))
    fields = {"model": model, "task": "t", "law": law, "questions": 40, "truncated": truncated}
    return fields, fit


def points(axes: Any) -> list[Any]:
    return [line for line in axes.lines if line.get_linestyle() == "None"]


@pytest.mark.parametrize("laws", [["coverage"], ["success"], ["coverage", "success"]])
def test_a_bank_has_its_points_and_band_once_whatever_laws_are_fitted(laws: list[str]) -> None:
    items = [item(law, 0.3) for law in laws]
    left, right, *_ = coverage_figure(items).axes
    fit = items[0][1]
    assert fit.band is not None and (fit.band[0] <= fit.observed).all()
    assert (fit.band[1] >= fit.observed).all() and (fit.band[1] > fit.band[0]).all()
    for axes in (left, right):
        assert len(points(axes)) == len(axes.collections) == 1
        assert len(axes.lines) == 1 + 2 * len(laws)
    band = left.collections[0].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((fit.band[0].min(), fit.band[1].max()))


@pytest.mark.parametrize("skill", [0.1, 0.5, 0.85])
def test_the_linear_axis_holds_every_point_and_wastes_at_most_half_its_height(skill: float) -> None:
    found = item("coverage", skill)
    left = coverage_figure([found]).axes[0]
    low, high = left.get_ylim()
    least = found[1].observed.min()
    assert low <= least and high > 1 and low >= 0
    assert least < 0.5 or (1 - least) / (1 - low) >= 0.5


def test_what_is_refused_or_cut_off_is_said() -> None:
    refused = refusal("success", "for a test")
    same = [item("coverage", 0.3), item("coverage", 0.5, "n", 0.01)]
    fields = {**same[0][0], "law": "success"}
    note = coverage_figure([*same, (fields, refused)]).axes[3].texts[0].get_text()
    assert "1 of 3 fits were refused" in note and "cut off" not in note
    cut = coverage_figure([same[0], item("coverage", 0.5, "n", 0.12)]).axes[3]
    assert "cut off by the token limit differ: m 0%, n 12%" in cut.texts[0].get_text()


def test_without_a_law_there_are_no_residuals() -> None:
    fields, fit = item("coverage", 0.3)
    refused = replace(fit, reason="for a test")
    assert not coverage_figure([(fields, refused)]).axes[2].get_visible()
    assert coverage_figure([(fields, fit)]).axes[2].get_visible()


def test_log_ticks_are_plain_numbers() -> None:
    right = coverage_figure([item("coverage", 0.3)]).axes[1]
    right.figure.canvas.draw()
    low, high = right.get_ylim()
    shown = [t for t in right.get_yticklabels() if low <= t.get_position()[1] <= high]
    assert len(shown) >= 2 and all("10" not in t.get_text() for t in shown)
