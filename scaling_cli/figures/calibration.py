"""Calibration of scores: accuracy against score in bins, and how many samples each bin holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.figures.style import PAPER_WIDTH, colour_of, house_style, short
from scaling_cli.figures.truncation import note_truncation, truncated
from scaling_cli.laws.calibration import Reliability, auroc, auroc_within, pooled, reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scaling_cli.limits import Voting

GREY = "#8A8A8A"


def calibration_figure(votings: Sequence[Voting], *, title: str = "") -> Figure:
    """One panel a cell: the diagonal is a score that means what it says."""
    import matplotlib.pyplot as plt

    colours = colour_of(list(dict.fromkeys(one.fields["model"] for one in votings)))
    columns = min(3, len(votings))
    lines = -(-len(votings) // columns)
    with house_style():
        figure, grid = plt.subplots(
            2 * lines,
            columns,
            figsize=(PAPER_WIDTH * max(columns, 2) / 3, 3.3 * lines),
            squeeze=False,
            sharex=True,
            layout="constrained",
            gridspec_kw={"height_ratios": [3, 1] * lines},
        )
        for place, one in enumerate(votings):
            line, column = 2 * (place // columns), place % columns
            top, bottom = grid[line][column], grid[line + 1][column]
            _panel(top, bottom, one, colours[one.fields["model"]])
            if column == 0:
                top.set_ylabel("accuracy")
                bottom.set_ylabel("samples")
        for place in range(len(votings), lines * columns):
            line, column = 2 * (place // columns), place % columns
            grid[line][column].remove()
            grid[line + 1][column].remove()
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=9.5)
        note_truncation(figure, truncated([one.fields for one in votings]))
    drawn: Figure = figure
    return drawn


def _panel(top: Axes, bottom: Axes, one: Voting, colour: str) -> None:
    assert one.weight is not None
    correct, score = pooled(one.bank.answer_class, one.weight)
    found = reliability(correct, score)
    top.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls=(0, (4, 3)))
    held = found.samples > 0
    lo, hi = wilson(found.accuracy[held], found.samples[held])
    top.vlines(found.score[held], lo, hi, color=colour, lw=1, alpha=0.6)
    top.plot(found.score[held], found.accuracy[held], "o-", color=colour, ms=3.5, lw=1.1)
    top.set_ylim(-0.03, 1.03)
    top.set_xlim(0, 1)
    group = one.fields["group"]
    name = f"{short(one.fields['model'])}\n{one.fields['task']}"
    top.set_title(name if group is None else f"{name}, {group}", fontsize=8)
    top.text(0.03, 0.97, _numbers(one, found), transform=top.transAxes, va="top", fontsize=7)
    width = np.diff(found.edges)
    bottom.bar(found.edges[:-1], found.samples, width, align="edge", color=colour, alpha=0.45)
    bottom.set_xlabel("score as a weight")


def wilson(accuracy: np.ndarray, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95% interval of a bin's accuracy, its samples taken for independent."""
    z, n = 1.96, samples
    middle = (accuracy + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(accuracy * (1 - accuracy) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


def _numbers(one: Voting, found: Reliability) -> str:
    assert one.weight is not None
    within = auroc_within(one.bank.answer_class, one.weight)
    inside = "–" if np.isnan(within).all() else f"{np.nanmean(within):.2f}"
    overall = auroc(*pooled(one.bank.answer_class, one.weight))
    return f"AUROC {overall:.2f}\ninside questions {inside}\ncalibration error {found.error:.2f}"
