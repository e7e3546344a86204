"""Claimed chances against how often they come true, and how many claims each bin holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.figures.calibration import GREY, wilson
from scaling_cli.figures.style import COLOURS, PAPER_WIDTH, house_style
from scaling_cli.laws.calibration import Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Claims:
    """One panel: what claimed the chances, its bins, and words for the corner."""

    name: str
    bins: Reliability
    words: str = ""


def reliability_figure(claims: Sequence[Claims], *, width: float = PAPER_WIDTH) -> Figure:
    """A panel a set of claims; on the diagonal chances come true as often as they say.

    The bars of a bin are 95% intervals that take its cases for independent.
    """
    import matplotlib.pyplot as plt

    with house_style():
        figure, (tops, bottoms) = plt.subplots(
            2,
            len(claims),
            figsize=(width, 3.4),
            squeeze=False,
            sharex=True,
            sharey="row",
            layout="constrained",
            gridspec_kw={"height_ratios": [3.2, 1]},
        )
        for place, (one, top, bottom) in enumerate(zip(claims, tops, bottoms, strict=True)):
            _panel(top, bottom, one, COLOURS[place % len(COLOURS)])
        tops[0].set_ylabel("is truly the best")
        bottoms[0].set_ylabel("cases")
    drawn: Figure = figure
    return drawn


def _panel(top: Axes, bottom: Axes, one: Claims, colour: str) -> None:
    found, held = one.bins, one.bins.samples > 0
    top.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls=(0, (4, 3)))
    lo, hi = wilson(found.accuracy[held], found.samples[held])
    top.vlines(found.score[held], lo, hi, color=colour, lw=1, alpha=0.6)
    top.plot(found.score[held], found.accuracy[held], "o-", color=colour, ms=3.5, lw=1.1)
    top.set_xlim(0, 1)
    top.set_ylim(-0.03, 1.03)
    top.set_title(one.name, fontsize=8)
    top.text(0.03, 0.97, one.words, transform=top.transAxes, va="top", fontsize=7)
    width = np.diff(found.edges)
    bottom.bar(found.edges[:-1], found.samples, width, align="edge", color=colour, alpha=0.45)
    bottom.set_xlabel("claimed odds")
