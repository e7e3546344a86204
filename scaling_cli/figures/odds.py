"""The strip underneath a frontier: how often each configuration is the best inside a budget."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.figures.style import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from scaling_cli.configurations import Name
    from scaling_cli.frontiers import FrontierTable
    from scaling_cli.types import FloatArray

SHOWN = 0.1
"""A configuration that nowhere has these odds is counted among the others."""
SIZE = re.compile(r"\d+(\.\d+)?[bm]", re.IGNORECASE)
OTHERS = "#8A8A8A"


def strips(table: FrontierTable) -> list[tuple[Name | None, FloatArray]]:
    """A row for each configuration worth showing, by the budget it leads at; None: the others."""
    if not len(table.budgets):
        return []
    top = table.odds.max(axis=0)
    shown = [int(number) for number in np.flatnonzero(top >= SHOWN)]
    shown.sort(key=lambda number: (int(np.argmax(table.odds[:, number])), number))
    rows: list[tuple[Name | None, FloatArray]] = [
        (table.names[number], table.odds[:, number]) for number in shown
    ]
    rest = 1 - table.odds[:, shown].sum(axis=1)
    return [*rows, (None, rest)] if rest.max() > 0.02 else rows


def draw_odds(
    strip: Axes,
    table: FrontierTable,
    colours: Mapping[str, str],
    names: Mapping[str, str],
    size: float,
) -> None:
    """Rows of bars whose height is the odds, each with its configuration's name beside it."""
    rows = strips(table)
    edges = np.append(table.budgets, table.points.cost.max())
    for place, (name, odds) in enumerate(rows):
        base = len(rows) - 1 - place
        colour = OTHERS if name is None else colours[name[0]]
        text = "others" if name is None else caption(name, names)
        strip.axhline(base, color="#CCCCCC", lw=0.5, zorder=1)
        strip.fill_between(
            edges, base, base + 0.88 * np.append(odds, odds[-1]), step="post", color=colour,
            alpha=0.85, lw=0, zorder=2,
        )  # fmt: skip
        strip.annotate(
            text, xy=(1.02, base + 0.4), xycoords=("axes fraction", "data"), color=colour,
            fontsize=size, va="center", annotation_clip=False,
        )  # fmt: skip
    strip.set_ylim(-0.05, max(len(rows), 1))
    strip.set_yticks([])
    strip.set_ylabel("odds")
    strip.grid(False, axis="y")


def caption(name: Name, names: Mapping[str, str]) -> str:
    """A configuration as a figure names it."""
    model, generator, selector = name
    how = "one sample" if selector == "first" else selector
    if generator == "greedy":
        return f"{names[model]} greedy"
    return f"{names[model]} {how}" + ("" if generator == "sampling" else f", {generator}")


def names_of(models: Sequence[str], *, narrow: bool) -> dict[str, str]:
    """What a figure calls its models: in a narrow one their sizes, where these tell them apart."""
    sizes = [[part for part in model.split("-") if SIZE.fullmatch(part)] for model in models]
    firsts = [parts[0] for parts in sizes if parts]
    if narrow and len(set(firsts)) == len(models):
        return dict(zip(models, firsts, strict=True))
    return {model: short(model) for model in models}
