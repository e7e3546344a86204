"""Searches and sampling against compute: the policy's and everyone's, and by difficulty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.difficulty import binned
from scaling_cli.figures.frontier import AXIS_NAMES
from scaling_cli.figures.style import (
    PAPER_WIDTH,
    colour_of,
    dashes_of,
    house_style,
    label_ends,
    marker_of,
    short,
)
from scaling_cli.searchlines import Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDES = ("flops_policy", "flops")
SIZE = 6.8
SPAN = 30
"""An axis that spans less is labelled between the powers of ten too."""
LINE_HEIGHT = 0.155
"""Inches a label needs."""


def searches_figure(lines: Sequence[Line], *, width: float = PAPER_WIDTH) -> Figure:
    """Accuracy against the policy's FLOPs and against all FLOPs: a row of panels a task and model.

    A colour is a generator, a marker a verifier; upper bounds are dotted and hollow.
    """
    import matplotlib.pyplot as plt

    rows = _panels(lines)
    heights = [max(2.4, LINE_HEIGHT * len(mine) + 0.3) for mine in rows.values()]
    across, tall = width + 1.0, sum(heights) + 0.5 * len(rows)  # the labels stand outside
    with house_style():
        figure, grid = plt.subplots(
            len(rows),
            2,
            figsize=(across, tall),
            height_ratios=heights,
            sharey="row",
            squeeze=False,
        )
        figure.subplots_adjust(
            left=0.07, right=0.73, wspace=0.06, hspace=0.45, bottom=0.5 / tall, top=1 - 0.3 / tall
        )
        for ((task, model), mine), pair in zip(rows.items(), grid, strict=True):
            shared = _shared(mine)
            for axis, axes in zip(SIDES, pair, strict=True):
                _panel(axes, mine, lines, axis, shared, whiskers=True)
                axes.set_xlabel(AXIS_NAMES[axis].split(" (")[0])
            pair[0].set_title(f"{task}, {short(model)} ({len(shared)} questions)")
            pair[0].set_ylabel("accuracy")
            label_ends(pair[1], _ends(mine, lines, shared), size=SIZE)
        _footnote(figure, lines)
    drawn: Figure = figure
    return drawn


def difficulty_figure(
    lines: Sequence[Line], rates: Mapping[str, float], axis: str, *, width: float = PAPER_WIDTH
) -> Figure:
    """Accuracy against compute in each bin of questions, easy ones first (Snell et al. 2024,
    figure 3); the first task and model of the lines."""
    import matplotlib.pyplot as plt

    mine = next(iter(_panels(lines).values()))
    bins = binned(rates, _shared(mine))
    with house_style():
        figure, grid = plt.subplots(
            1, len(bins), figsize=(width, 2.1), sharey=True, squeeze=False
        )  # fmt: skip
        figure.subplots_adjust(left=0.075, right=0.995, wspace=0.1, top=0.8, bottom=0.2)
        for (name, questions), axes in zip(bins, grid[0], strict=True):
            _panel(axes, mine, lines, axis, questions)
            axes.set_title(f"{name}\n({len(questions)} questions)", fontsize=7)
            axes.set_ylim(-0.03, 1.03)
            axes.tick_params(labelsize=6.5)
        grid[0][0].set_ylabel("accuracy")
        figure.supxlabel(AXIS_NAMES.get(axis, axis), fontsize=7.5, y=0.0)
        _legend(figure, mine, lines)
    drawn: Figure = figure
    return drawn


def _panels(lines: Sequence[Line]) -> dict[tuple[str, str], list[Line]]:
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault((line.task, line.model), []).append(line)
    return found


def _panel(
    axes: Axes,
    mine: Sequence[Line],
    everyone: Sequence[Line],
    axis: str,
    only: Sequence[str],
    *,
    whiskers: bool = False,
) -> None:
    axes.set_xscale("log")
    for line in mine:
        cost, accuracy = line.points(axis, only)
        look = _look(line, everyone)
        if whiskers:
            axes.vlines(cost, *line.whiskers(axis, only), color=look["color"], lw=0.7, alpha=0.45)
        axes.plot(cost, accuracy, **look)
    _ticks(axes, *(((1, 2, 5), 0.0) if whiskers else ((1, 4), 0.15)))


def _ticks(axes: Axes, subs: tuple[int, ...], edge: float) -> None:
    """Powers of ten, and where these are too few to read a scale by, `subs` times them.

    `edge` is the part of the axis at either end where a label would reach into the next panel.
    """
    from matplotlib.ticker import LogFormatterSciNotation, NullFormatter

    low, high = np.log10(axes.get_xlim())
    powers = 10.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
    narrow = high - low < np.log10(SPAN)
    ticks = np.outer(powers, subs if narrow else (1,)).ravel()
    margin = edge * (high - low)
    inside = (np.log10(ticks) >= low + margin) & (np.log10(ticks) <= high - margin)
    axes.set_xticks(ticks[inside])
    axes.xaxis.set_major_formatter(
        LogFormatterSciNotation(labelOnlyBase=False, minor_thresholds=(10, 10))
    )
    axes.xaxis.set_minor_formatter(NullFormatter())


def _look(line: Line, everyone: Sequence[Line]) -> dict[str, Any]:
    """Colour by generator, marker by verifier; dotted and hollow where it is a bound."""
    colour = _colours(everyone)[line.strategy]
    marker = marker_of(list(dict.fromkeys(str(one.verifier) for one in everyone)))
    return {
        "color": colour,
        "marker": marker[str(line.verifier)],
        "ms": 4.2,
        "mec": colour,
        "mfc": "white" if line.bound else colour,
        "mew": 0.9,
        "ls": (0, (1, 1.6)) if line.bound else dashes_of(_strategies(everyone))[line.strategy],
        "lw": 1.0 if line.bound else 1.4,
        "zorder": 2 if line.bound else 3,
    }


def _colours(lines: Sequence[Line]) -> dict[str, str]:
    return colour_of(_strategies(lines))


def _strategies(lines: Sequence[Line]) -> list[str]:
    return list(dict.fromkeys(line.strategy for line in lines))


def _ends(
    mine: Sequence[Line], everyone: Sequence[Line], only: Sequence[str]
) -> list[tuple[float, float, str, str]]:
    ends = []
    for line in mine:
        cost, accuracy = line.points("flops", only)
        if len(cost):
            ends.append((cost[-1], accuracy[-1], line.label, _colours(everyone)[line.strategy]))
    return ends


def _shared(mine: Sequence[Line]) -> list[str]:
    """The questions that all lines answered: lines over others could not be held together."""
    everyone = [set(line.question_ids) for line in mine]
    return [question for question in mine[0].question_ids if all(question in q for q in everyone)]


def _legend(figure: Figure, mine: Sequence[Line], everyone: Sequence[Line]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], label=line.label, **_look(line, everyone)) for line in mine]
    columns = min(4, len(handles))
    figure.legend(
        handles=handles, ncols=columns, loc="upper center", bbox_to_anchor=(0.5, -0.03),
        fontsize=6.5, handlelength=2.6, columnspacing=1.2,
    )  # fmt: skip


def _footnote(figure: Figure, lines: Sequence[Line]) -> None:
    """What the marks mean."""
    selectors = ", ".join(dict.fromkeys(line.selector for line in lines if line.verifier))
    text = (
        "colour: generator · marker: verifier"
        + (f", its scores choose ({selectors})" if selectors else "")
        + " · dotted and hollow: upper bounds, which know the right answer and are no method"
        + " · whiskers: 95% over questions; differences are paired and known better (scale search)"
    )
    size = SIZE - 0.5
    across = int(figure.get_figwidth() * 72 / (0.53 * size))
    figure.text(0.01, -0.01, "\n".join(wrap(text, across)), fontsize=size, color="#444444",
                va="top", linespacing=1.25)  # fmt: skip
