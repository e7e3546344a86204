"""Our estimators beside what theory says of the same law: lines, dots, and where they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scaling_cli.figures.style import PAPER_WIDTH, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scaling_cli.types import FloatArray, IntArray

GREY = "#5B5B5B"


@dataclass(frozen=True, slots=True)
class Checked:
    """One curve: `ours[k]` with its standard error, and `theory[k]` on ks of its own."""

    name: str
    colour: str
    dashes: Any
    ks: IntArray
    ours: FloatArray
    error: FloatArray
    theory_ks: IntArray
    theory: FloatArray


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves on one pair of axes. `ends` are levels, as (name, colour, accuracy), and `fits` laws
    drawn through a curve, as (name, colour, ks, accuracy)."""

    title: str
    curves: tuple[Checked, ...]
    ends: tuple[tuple[str, str, float], ...] = ()
    fits: tuple[tuple[str, str, IntArray, FloatArray], ...] = ()


def theory_figure(panels: Sequence[Panel]) -> Figure:
    """One panel beside the other, accuracy against k."""
    import matplotlib.pyplot as plt

    with house_style():
        figure, grid = plt.subplots(
            1,
            len(panels),
            figsize=(PAPER_WIDTH * len(panels) / 3 + 0.6, 2.9),
            layout="constrained",
            squeeze=False,
        )
        for axes, panel in zip(grid[0], panels, strict=True):
            _draw(axes, panel)
        grid[0][0].set_ylabel("accuracy")
    drawn: Figure = figure
    return drawn


def _draw(axes: Axes, panel: Panel) -> None:
    for curve in panel.curves:
        colour = curve.colour
        lo, hi = curve.ours - 2 * curve.error, curve.ours + 2 * curve.error
        axes.fill_between(curve.ks, lo, hi, color=colour, alpha=0.18, lw=0)
        axes.plot(curve.ks, curve.ours, color=colour, ls=curve.dashes, label=curve.name)
        axes.plot(
            curve.theory_ks, curve.theory, "o", ms=3.2, mfc="white", mec=colour, mew=0.9, zorder=3
        )
    for name, colour, ks, values in panel.fits:
        axes.plot(ks, values, color=colour, lw=0.9, ls=(0, (1, 1.2)), label=name)
    for name, colour, level in panel.ends:
        axes.axhline(level, color=colour, lw=0.8, ls=(0, (4, 3)))
        axes.annotate(
            name,
            (0.985, level),
            xycoords=("axes fraction", "data"),
            xytext=(0, -3),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=6.5,
            color=colour,
        )
    axes.plot([], [], "o", ms=3.2, mfc="white", mec=GREY, mew=0.9, label="theory")
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xlabel("k")
    axes.set_title(panel.title, fontsize=8.5)
    axes.legend(fontsize=6.5, handlelength=2.2, borderaxespad=0.2)
