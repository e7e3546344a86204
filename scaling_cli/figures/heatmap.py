"""Every question at every k: which ones more samples win, and which they lose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.figures.style import PAPER_WIDTH, house_style, samples_axis, short
from scaling_cli.figures.truncation import note_truncation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scaling_cli.summary import Series
    from scaling_cli.types import FloatArray

COLOURS = "cividis"
"""Even to the eye, and read alike by the colour-blind and on grey paper."""


def heatmap_figure(
    curves: Sequence[Series], *, title: str = "", width: float = PAPER_WIDTH
) -> Figure:
    """One panel a curve, one row a question, the easiest on top; colour is its exact accuracy.

    All panels have the questions in one order: by their mean single-sample accuracy over the
    curves, so a row is the same question across. Only questions all curves share are shown.
    """
    import matplotlib.pyplot as plt

    order = question_order(curves)
    height = min(1.6 + 0.035 * len(order), 7.5)
    with house_style():
        figure, line = plt.subplots(
            1, len(curves), figsize=(width, height), squeeze=False, sharey=True,
            layout="constrained",
        )  # fmt: skip
        for axes, one in zip(line[0], curves, strict=True):
            image = _panel(axes, one, order)
        line[0][0].set_ylabel(f"{len(order)} questions, easiest on top")
        bar = figure.colorbar(image, ax=list(line[0]), fraction=0.03, pad=0.02)
        bar.set_label("accuracy")
        bar.outline.set_linewidth(0.5)
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=9.5)
        cut = {one.fields["model"]: float(one.rates["truncated"] or 0) for one in curves}
        note_truncation(figure, {curves[0].fields["task"]: cut})
    drawn: Figure = figure
    return drawn


def question_order(curves: Sequence[Series]) -> list[str]:
    """The shared questions, the easiest first by one sample's mean accuracy over the curves."""
    shared = set(curves[0].question_ids).intersection(*(one.question_ids for one in curves))
    ease: dict[str, list[float]] = {name: [] for name in shared}
    for one in curves:
        for name, value in zip(one.question_ids, one.values[:, 0], strict=True):
            if name in shared:
                ease[name].append(float(value))
    return sorted(shared, key=lambda name: (-float(np.mean(ease[name])), name))


def _panel(axes: Axes, one: Series, order: Sequence[str]) -> object:
    places = {name: place for place, name in enumerate(one.question_ids)}
    table = one.values[[places[name] for name in order]]
    image = axes.pcolormesh(
        edges(np.asarray(one.ks, np.float64)),
        np.arange(len(order) + 1),
        table,
        cmap=COLOURS,
        vmin=0,
        vmax=1,
        rasterized=True,
    )
    samples_axis(axes, one.ks[-1])
    axes.set_ylim(len(order), 0)
    axes.set_yticks([])
    axes.grid(visible=False)
    name = f"{short(one.fields['model'])}\n{one.fields['task']}, {one.fields['selector']}"
    axes.set_title(name, fontsize=8)
    return image


def edges(ks: FloatArray) -> FloatArray:
    """Edges of the columns on a log axis: between neighbours at their geometric middle."""
    if len(ks) == 1:
        return np.array([ks[0] / 1.2, ks[0] * 1.2])
    middle = np.sqrt(ks[:-1] * ks[1:])
    return np.concatenate([[ks[0] ** 2 / middle[0]], middle, [ks[-1] ** 2 / middle[-1]]])
