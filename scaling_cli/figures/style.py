"""The house style: one look for every figure, legible on paper and to the colour-blind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, cycle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5B5B5B")
"""Okabe and Ito's palette, yellow left out: it is not seen on white paper."""

LINES = {
    "first": (0, (1, 1.4)),
    "majority": "-",
    "best": (0, (5, 2)),
    "weighted": (0, (7, 2, 1.5, 2)),
    "best-majority": (0, (3, 1.5, 1, 1.5)),
    "coverage": (0, (1, 2.2)),
}
"""A selector is a dash pattern, a model is a colour: neither is told by hue alone."""


def line_of(selector: str) -> Any:
    """A selector's dash pattern, whoever scored for it."""
    return LINES[selector.partition(" by ")[0]]


DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (4, 1.5, 1, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

PAPER_WIDTH = 6.75
"""Inches: the text width of a two-column paper."""
NARROW = 4.5
"""Inches: a figure below this stands in one of two columns, and its words are small."""

SETTINGS: dict[str, Any] = {
    "figure.dpi": 150,
    "savefig.dpi": 200,
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "lines.linewidth": 1.5,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "svg.hashsalt": "scale",
    "svg.fonttype": "path",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this block."""
    import matplotlib as mpl

    mpl.use("Agg", force=False)
    with mpl.rc_context(SETTINGS):
        yield


def colour_of(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name, in the order given."""
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}


def marker_of(names: Sequence[str]) -> dict[str, str]:
    """A marker for each name, in the order given: where colours come again, others go with them."""
    return {
        name: MARKERS[(place + place // len(COLOURS)) % len(MARKERS)]
        for place, name in enumerate(names)
    }


def along(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How each name's line is marked: past the last colour, by hollow markers along it."""
    markers = marker_of(names)
    marks = {name: {"marker": markers[name], "ms": 4, "mfc": "white", "markevery": 0.09}
             for name in names}  # fmt: skip
    return {n: marks[n] if place >= len(COLOURS) else {} for place, n in enumerate(names)}


STROKES = ("x", "+", "1", "2")


def strokes_of(scorers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How a line is marked whose answers a verifier's scores choose: its colour is the model's,
    its dashes are the selector's. The first scorer is none."""
    marks = ({"marker": mark, "ms": 4.5, "markevery": 0.09} for mark in cycle(STROKES))
    return dict(zip(scorers, chain([{}], marks), strict=False))


def dashes_of(names: Sequence[str]) -> dict[str, Any]:
    """Solid while there are colours, then other dashes, for lines that are no selector's."""
    return {name: DASHES[place // len(COLOURS) % len(DASHES)] for place, name in enumerate(names)}


TOP = 1.04
"""Heights of the axes up to which labels stand beside them."""


def label_ends(
    axes: Axes, ends: Sequence[tuple[float, float, str, str]], *, size: float = 7.5
) -> None:
    """Write `(x, y, text, colour)` to the right of the axes, moved apart where they would touch.

    Needs the limits of the axes to be final.
    """
    if not ends:
        return
    low, high = axes.get_ylim()
    height = axes.get_window_extent().height
    gap = 1.47 * size / max(height * 72 / axes.figure.dpi, 1)
    to_unit = axes.transData + axes.transAxes.inverted()
    placed = sorted(
        ((float(to_unit.transform((x, y))[1]), x, y, text, colour) for x, y, text, colour in ends)
    )
    heights = spread([min(max(unit, 0.0), 1.0) for unit, *_ in placed], gap)
    # Words below the axes would stand on the tick labels.
    lift = max(0.01 - heights[0], 0.0)
    heights = [height + lift for height in heights]
    # Nor may a crowd at the top push words far above the axes, as long as there is room below.
    last = len(heights) - 1
    heights = [
        max(min(height, TOP - gap * (last - n)), min(0.01 + gap * n, height))
        for n, height in enumerate(heights)
    ]
    for at, (_, x, y, text, colour) in zip(heights, placed, strict=True):
        axes.annotate(
            text,
            xy=(x, min(max(y, low), high)),
            xycoords="data",
            xytext=(1.02, at),
            textcoords="axes fraction",
            color=colour,
            fontsize=size,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "lw": 0.5,
                "alpha": 0.6,
                "shrinkA": 1,
                "relpos": (0, 0.5),
                "shrinkB": 2,
            },
        )


MOST_TICKS = 5
"""Labels that the samples axis of a small panel can bear."""


def samples_axis(axes: Axes, most: int) -> None:
    """A logarithmic axis of k up to `most`, labelled at powers of two that are evenly apart."""
    from matplotlib.ticker import NullLocator

    octaves = max(most, 1).bit_length() - 1
    step = -(-octaves // (MOST_TICKS - 1)) or 1
    ticks = [1 << power for power in range(0, octaves + 1, step)]
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("samples k")


def short(model: str) -> str:
    """A model's name without the ending that says nothing here."""
    return model.removesuffix("-instruct")


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending places moved as little as needed so that neighbours are `gap` apart."""
    # Clusters that touch are merged and centred on their mean, as isotonic regression does.
    clusters: list[list[float]] = []
    for place in places:
        clusters.append([place])
        while len(clusters) > 1 and _start(clusters[-1], gap) < _start(
            clusters[-2], gap
        ) + gap * len(clusters[-2]):
            last = clusters.pop()
            clusters[-1] += last
    return [
        _start(cluster, gap) + gap * number
        for cluster in clusters
        for number in range(len(cluster))
    ]


def _start(cluster: Sequence[float], gap: float) -> float:
    return sum(cluster) / len(cluster) - gap * (len(cluster) - 1) / 2
