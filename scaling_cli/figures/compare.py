"""The difference of two selections against k or cost, with the band that holds all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scaling_cli.figures.frontier import AXIS_NAMES
from scaling_cli.figures.style import COLOURS, PAPER_WIDTH, house_style
from scaling_cli.matched import Matched

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHADE = {"better": COLOURS[0], "worse": COLOURS[1], "undecided": COLOURS[6]}
MARK = {"better": "^", "worse": "v", "undecided": "o"}


def compare_figure(matched: Sequence[Matched], *, width: float = PAPER_WIDTH) -> Figure:
    """A panel a comparison, points of accuracy up and down from no difference."""
    import matplotlib.pyplot as plt

    across = min(len(matched), 2)
    down = -(-len(matched) // across)
    with house_style():
        figure, grid = plt.subplots(
            down,
            across,
            figsize=(width, 1.9 * down + 0.3),
            squeeze=False,
            layout="constrained",
            sharey=True,
        )
        for axes in grid.flat[len(matched) :]:
            axes.set_visible(False)
        for one, axes in zip(matched, grid.flat, strict=False):
            _panel(axes, one)
        figure.supylabel("difference, points", fontsize=8.5)
        figure.text(
            0.01, -0.005, "shaded: holds the whole curve with 95% · ▲ better  ▼ worse  ● undecided",
            fontsize=6.8, color="#444444", va="top",
        )  # fmt: skip
    drawn: Figure = figure
    return drawn


def _panel(axes: Axes, one: Matched) -> None:
    places = one.places.tolist()
    shown = places if one.by == "k" else places[:: max((len(places) - 1) // 2, 1)]
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(shown, [f"{place:.2g}" if one.by != "k" else f"{place:g}" for place in shown])
    axes.set_xlabel("samples k" if one.by == "k" else AXIS_NAMES.get(one.by, one.by).split(" (")[0])
    law = one.law
    axes.axhline(0, color="#222222", lw=0.8)
    axes.fill_between(one.places, 100 * law.lo, 100 * law.hi, color=COLOURS[6], alpha=0.18, lw=0)
    axes.plot(one.places, 100 * law.difference, color=COLOURS[6], lw=1.2)
    for place, value, lo, hi, verdict in zip(
        one.places, law.difference, law.lo, law.hi, law.verdicts(), strict=True
    ):
        axes.plot([place] * 2, [100 * lo, 100 * hi], color=SHADE[verdict], lw=0.8)
        axes.plot(place, 100 * value, MARK[verdict], color=SHADE[verdict], ms=4.5)
    names = [name.replace("-instruct", "") for name in (one.first, one.second)]
    axes.set_title(f"{names[0]}\n− {names[1]}", fontsize=7, fontweight="normal")
