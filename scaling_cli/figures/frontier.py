"""Accuracy and error against compute, the frontier marked and its odds underneath."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.figures.odds import caption, draw_odds, names_of, strips
from scaling_cli.figures.style import (
    NARROW,
    PAPER_WIDTH,
    along,
    colour_of,
    house_style,
    label_ends,
    line_of,
    marker_of,
    strokes_of,
)
from scaling_cli.frontiers import FrontierTable, curve_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray

TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
DENSE_TICKS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Where an error axis is labelled: a short one can bear more."""

BAND = 0.08
"""Opacity of a curve's band: light enough that lines and grid are seen through three of them."""

AXIS_NAMES = {
    "flops": "FLOPs per question (prompt and verifier included)",
    "flops_policy": "policy FLOPs per question",
    "flops_uncached": "FLOPs per question, every call paying its whole context",
    "flops_engine": "FLOPs per question, given the engine's cache",
    "flops_2nt": "2·N·T FLOPs per question",
    "tokens": "new tokens per question",
    "seconds": "seconds of calls per question, under the run's load",
    "eflops": "equivalent FLOPs per question (cache traffic included)",
    "dollars": "dollars per question",
}


def frontier_figure(tables: Sequence[FrontierTable], *, width: float = PAPER_WIDTH) -> Figure:
    """Accuracy against cost on a log axis: a panel a task, odds underneath on the same axis."""
    heights = [2.9 * _scale(width), max(0.16 * max(len(strips(table)) for table in tables), 0.3)]
    with house_style():
        figure, grid = _panels(tables, width, heights)
        for table, axes, below in zip(tables, grid[0], grid[1], strict=True):
            _draw(axes, table, width, error=False)
            axes.set_ylabel("accuracy")
            draw_odds(below, table, _colours(table), _names(table, width), _size(width))
            below.set_xlabel(_axis_name(table.axis, width))
        _footnote(figure, tables, width)
    return figure


def error_figure(tables: Sequence[FrontierTable], *, width: float = PAPER_WIDTH) -> Figure:
    """Error against cost, both logarithmic: where a power law would be a straight line."""
    with house_style():
        figure, grid = _panels(tables, width, [2.5 * _scale(width)])
        for table, axes in zip(tables, grid[0], strict=True):
            _draw(axes, table, width, error=True)
            axes.set_ylabel("error")
            axes.set_xlabel(_axis_name(table.axis, width))
        _footnote(figure, tables, width)
    return figure


def _panels(
    tables: Sequence[FrontierTable], width: float, heights: Sequence[float]
) -> tuple[Figure, NDArray[Any]]:
    """A column of axes for each table, `heights` inches high, with room for the words beside."""
    import matplotlib.pyplot as plt

    narrow = width < NARROW
    left, beside, top, bottom = 0.5, 0.95 if narrow else 1.6, 0.3, 0.42
    across = width * max(1.0, 0.72 * len(tables))
    panel = across / len(tables) - left - beside
    high = top + sum(heights) + 0.08 * (len(heights) - 1) + bottom
    figure, grid = plt.subplots(
        len(heights),
        len(tables),
        figsize=(across, high),
        height_ratios=heights,
        sharex="col",
        squeeze=False,
    )
    figure.subplots_adjust(
        left=left / across,
        right=1 - beside / across,
        top=1 - top / high,
        bottom=bottom / high,
        hspace=0.08 * len(heights) / sum(heights),
        wspace=(left + beside) / panel,
    )
    return figure, grid


def _scale(width: float) -> float:
    return 0.72 if width < NARROW else 1.0


def _size(width: float) -> float:
    return 6.5 if width < NARROW else 7.5


def _models(table: FrontierTable) -> list[str]:
    return list(dict.fromkeys(name[0] for name in table.names))


def _colours(table: FrontierTable) -> dict[str, str]:
    return colour_of(_models(table))


def _strokes(table: FrontierTable) -> dict[str, dict[str, Any]]:
    """A bank scored by several verifiers has several lines of one colour and dash."""
    return strokes_of(sorted({"", *(name[2].partition(" by ")[2] for name in table.names)}))


def _search_markers(table: FrontierTable) -> dict[str, dict[str, Any]]:
    """Searches of one model have its colour: a marker tells them apart."""
    found = [name[1] for name in table.names if name[1] not in ("greedy", "sampling")]
    markers = marker_of(list(dict.fromkeys(found)))
    return {search: {"marker": marker, "ms": 3.2} for search, marker in markers.items()}


def _names(table: FrontierTable, width: float) -> dict[str, str]:
    return names_of(_models(table), narrow=width < NARROW)


def _axis_name(axis: str, width: float) -> str:
    name = AXIS_NAMES.get(axis, axis)
    return name.split(" (")[0].split(",")[0] if width < NARROW else name


def _draw(axes: Axes, table: FrontierTable, width: float, *, error: bool) -> None:
    colours, markers = _colours(table), marker_of(_models(table))
    marks, searches, strokes = along(_models(table)), _search_markers(table), _strokes(table)
    names = _names(table, width)
    turn = _error if error else _itself
    axes.set_xscale("log")
    if error:
        axes.set_yscale("log")
    ends = []
    for number, name in enumerate(table.names):
        model, strategy, selector = name
        curve = curve_of(table, number)
        if not len(curve[0]):
            continue  # never right: there is nothing to draw
        cost, (accuracy, lo, hi) = curve[0], map(turn, curve[1:])
        colour = colours[model]
        if strategy == "greedy" or selector == "first":
            # One answer is a point, not a curve: that of the whole token limit.
            fill = "white" if strategy == "greedy" else colour
            axes.vlines(cost[-1:], lo[-1:], hi[-1:], color=colour, lw=0.8, zorder=3.5)
            axes.plot(cost[-1:], accuracy[-1:], marker=markers[model], ms=5.5,
                      mec=colour, mfc=fill, ls="none", zorder=4)  # fmt: skip
            continue
        # A search has a point for each width it was run at: a line alone would not be seen.
        bank = strokes[selector.partition(" by ")[2]] or marks[model]
        marked = bank if strategy == "sampling" else searches[strategy]
        dashes = line_of(selector)
        axes.fill_between(cost, lo, hi, color=colour, alpha=BAND, lw=0, zorder=0.5)
        for edge in (lo, hi):  # the edge tells whose band it is where two overlap
            axes.plot(cost, edge, color=colour, ls=dashes, lw=0.5, alpha=0.5, zorder=2)
        axes.plot(cost, accuracy, color=colour, ls=dashes, zorder=3, **marked)
        ends.append((cost[-1], float(accuracy[-1]), caption(name, names), colour))
    _mark(axes, table, turn)
    title = table.task if table.group is None else f"{table.task}, {table.group}"
    axes.set_title(f"{title} ({table.questions} questions)")
    if error:
        _end_error_axis(axes, table)
    else:
        axes.set_ylim(0, min(1.0, float(table.hi.max()) * 1.05))
    label_ends(axes, ends, size=_size(width))


def _end_error_axis(axes: Axes, table: FrontierTable) -> None:
    """From the lowest error shown to 1, with ticks that a short logarithmic axis can bear."""
    from matplotlib.ticker import NullFormatter

    # A band that reaches no error at all would have no end on this axis.
    lowest, band = (float(_error(end).min()) for end in (table.accuracy, table.hi))
    low = max(0.5 * lowest, 0.95 * band, 1e-3)
    axes.set_ylim(low, 1.02)
    ticks = [tick for tick in (TICKS if low < 0.2 else DENSE_TICKS) if tick >= low]
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axes.yaxis.set_minor_formatter(NullFormatter())


def _error(accuracy: FloatArray) -> FloatArray:
    """Error on a log axis; none at all would be infinitely far down."""
    return np.asarray(np.maximum(1 - accuracy, 1e-3))


def _itself(accuracy: FloatArray) -> FloatArray:
    return accuracy


def _mark(axes: Axes, table: FrontierTable, turn: Callable[[FloatArray], FloatArray]) -> None:
    """The frontier under everything, as a staircase, since a budget buys what lies left of it:
    its band, itself, and what it is worth on questions it was not chosen on."""
    if not len(table.optimal):
        return
    found = table.law.points
    edges = np.append(table.budgets, table.points.cost.max())
    accuracy, lo, hi, fresh = (
        turn(np.array([*column, column[-1]]))
        for column in zip(*((p.accuracy, p.lo, p.hi, p.fresh) for p in found), strict=True)
    )
    axes.fill_between(edges, lo, hi, step="post", color="#222222", alpha=0.09, lw=0, zorder=0)
    axes.step(edges, accuracy, where="post", color="#222222",
              lw=3.5, alpha=0.22, zorder=1, solid_capstyle="butt")  # fmt: skip
    axes.step(edges, fresh, where="post", color="#222222", lw=0.8, ls=(0, (1, 1.5)), zorder=2)


def _footnote(figure: Figure, tables: Sequence[FrontierTable], width: float) -> None:
    """What the marks mean, and what must be said of the models: as wide as the figure."""
    single = {
        strategy == "greedy" for t in tables for _, strategy, how in t.names if how == "first"
    }
    words = [
        "grey: frontier · bands and whiskers: 95% over questions · dotted: cross-fitted"
        + (" · filled point: one sample" if False in single else "")
        + (" · hollow: greedy" if True in single else "")
    ]
    words += [remark for t in tables for remark in t.remarks if "token limit" in remark]
    if width < NARROW:
        words += [", ".join(f"{b}: {a}" for a, b in _names(tables[0], width).items() if a != b)]
    size = _size(width) - 0.7
    across = int(figure.get_figwidth() * 72 / (0.56 * size))
    lines = [line for text in words for line in wrap(text, across)]
    figure.text(
        0.01, -0.005, "\n".join(lines), fontsize=size, color="#444444", va="top", linespacing=1.25
    )
