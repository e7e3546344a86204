"""Accuracy and error against compute, the frontier marked and its odds underneath."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.figures.style import (
    LINES,
    PAPER_WIDTH,
    colour_of,
    house_style,
    label_ends,
    marker_of,
    short,
)
from scaling_cli.frontier import FrontierTable, curve_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scaling_cli.types import FloatArray

TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
DENSE_TICKS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Where an error axis is labelled: a short one can bear more."""

AXIS_NAMES = {
    "flops": "FLOPs per question (prompt and verifier included)",
    "flops_policy": "policy FLOPs per question",
    "flops_uncached": "FLOPs per question, every call paying its whole context",
    "flops_engine": "FLOPs per question, given the engine's cache",
    "flops_2nt": "2·N·T FLOPs per question",
    "tokens": "new tokens per question",
    "seconds": "seconds of calls per question, under the run's load",
}


def frontier_figure(tables: Sequence[FrontierTable]) -> Figure:
    """Accuracy against cost on a log axis: a panel a task, odds of each model underneath."""
    import matplotlib.pyplot as plt

    with house_style():
        figure, grid = plt.subplots(
            2,
            len(tables),
            figsize=(PAPER_WIDTH * max(1.0, 0.72 * len(tables)), 4.4),
            height_ratios=[5, 1],
            sharex="col",
            squeeze=False,
        )
        figure.subplots_adjust(
            left=0.09, right=0.76, top=0.86, bottom=0.18, hspace=0.12, wspace=0.75
        )
        for table, axes, strip in zip(tables, grid[0], grid[1], strict=True):
            _draw(axes, table, error=False)
            axes.set_ylabel("accuracy")
            _odds(strip, table)
            strip.set_xlabel(AXIS_NAMES.get(table.axis, table.axis))
        _footnote(figure, tables)
    drawn: Figure = figure
    return drawn


def error_figure(tables: Sequence[FrontierTable]) -> Figure:
    """Error against cost, both logarithmic: where a power law would be a straight line."""
    import matplotlib.pyplot as plt

    with house_style():
        figure, grid = plt.subplots(
            1,
            len(tables),
            figsize=(PAPER_WIDTH * max(1.0, 0.72 * len(tables)), 3.7),
            squeeze=False,
        )
        figure.subplots_adjust(left=0.09, right=0.76, top=0.84, bottom=0.24, wspace=0.75)
        for table, axes in zip(tables, grid[0], strict=True):
            _draw(axes, table, error=True)
            axes.set_ylabel("error")
            axes.set_xlabel(AXIS_NAMES.get(table.axis, table.axis))
        _footnote(figure, tables)
    drawn: Figure = figure
    return drawn


def _draw(axes: Axes, table: FrontierTable, *, error: bool) -> None:
    models = list(dict.fromkeys(name[0] for name in table.names))
    colours, markers = colour_of(models), marker_of(models)
    turn = _error if error else _itself
    axes.set_xscale("log")
    if error:
        axes.set_yscale("log")
    ends = []
    for number, (model, strategy, selector) in enumerate(table.names):
        cost, accuracy, lo, hi = curve_of(table, number)
        if not len(cost):
            continue  # never right: there is nothing to draw
        colour = colours[model]
        if strategy == "greedy" or selector == "first":
            # One answer is a point, not a curve: that of the whole token limit.
            hollow = strategy == "greedy"
            axes.plot(
                cost[-1:],
                turn(accuracy)[-1:],
                marker=markers[model],
                ms=5.5,
                mec=colour,
                mfc="white" if hollow else colour,
                ls="none",
                zorder=4,
            )
            continue
        axes.plot(cost, turn(accuracy), color=colour, ls=LINES[selector], zorder=3)
        axes.fill_between(cost, turn(lo), turn(hi), color=colour, alpha=0.10, lw=0)
        ends.append((cost[-1], float(turn(accuracy)[-1]), f"{short(model)} {selector}", colour))
    _mark(axes, table, turn)
    title = table.task if table.group is None else f"{table.task}, {table.group}"
    axes.set_title(f"{title} ({table.questions} questions)")
    if error:
        from matplotlib.ticker import NullFormatter

        axes.yaxis.set_minor_formatter(NullFormatter())
        low = max(float(turn(table.accuracy).min()) * 0.9, 1e-3)
        axes.set_ylim(low, 1.02)
        ticks = [tick for tick in (TICKS if low < 0.2 else DENSE_TICKS) if tick >= low]
        axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    else:
        axes.set_ylim(0, min(1.0, float(table.hi.max()) * 1.05))
    label_ends(axes, ends)


def _error(accuracy: FloatArray) -> FloatArray:
    """Error on a log axis; none at all would be infinitely far down."""
    return np.asarray(np.maximum(1 - accuracy, 1e-3))


def _itself(accuracy: FloatArray) -> FloatArray:
    return accuracy


def _mark(axes: Axes, table: FrontierTable, turn: Callable[[FloatArray], FloatArray]) -> None:
    """The frontier: a grey staircase under everything, since a budget buys what lies left of it."""
    if not len(table.optimal):
        return
    cost, accuracy = table.points.cost[table.optimal], table.accuracy[table.optimal]
    right = [*cost, float(table.points.cost.max())]
    axes.step(right, turn(np.array([*accuracy, accuracy[-1]])), where="post", color="#222222",
              lw=3.5, alpha=0.18, zorder=1, solid_capstyle="butt")  # fmt: skip


def _odds(strip: Axes, table: FrontierTable) -> None:
    """How often each model holds the best configuration when the questions are drawn again."""
    models = list(dict.fromkeys(name[0] for name in table.names))
    colours = colour_of(models)
    shares = np.array(
        [
            table.odds[:, [i for i, name in enumerate(table.names) if name[0] == model]].sum(axis=1)
            for model in models
        ]
    )
    strip.stackplot(
        table.budgets, shares, colors=[colours[model] for model in models], alpha=0.75, lw=0
    )
    strip.set_ylim(0, 1)
    strip.set_yticks([0, 1], ["0", "1"])
    strip.set_ylabel("odds", rotation=90)
    strip.grid(False)


def _footnote(figure: Figure, tables: Sequence[FrontierTable]) -> None:
    lines = [
        "shaded: 95% over questions · filled point: one sample · hollow point: greedy"
        " · grey: frontier"
    ]
    lines += [remark for t in tables for remark in t.remarks if "token limit" in remark]
    figure.text(0.01, 0.005, "\n".join(lines), fontsize=6.8, color="#444444", va="bottom")
