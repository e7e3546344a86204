"""Coverage in the papers' two forms, with the laws that passed their hold-out check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.figures.style import (
    PAPER_WIDTH,
    along,
    colour_of,
    house_style,
    label_ends,
    marker_of,
    short,
)
from scaling_cli.figures.truncation import truncated, truncation_lines
from scaling_cli.laws import coverage_law, success
from scaling_cli.laws.fit import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scaling_cli.types import FloatArray

Item = tuple[Mapping[str, Any], Fit]
BEYOND = 4.0
"""How far past the samples a law is drawn, dashed: extrapolated."""
ACROSS = 62
"""Characters of a line of the words beneath."""
STYLES = {"coverage": "-", "success": (0, (3, 1.2))}


def coverage_figure(found: Sequence[Item], *, title: str = "") -> Figure:
    """Left coverage against log k, right -log coverage in log-log, both with bands over
    questions; residuals beneath."""
    import matplotlib.pyplot as plt

    drawn = [item for item in found if len(item[1].x)]
    # A bank has its points and band once, whatever laws are fitted to it.
    banks = {_name(fields): (fields, fit) for fields, fit in reversed(drawn)}
    names = list(dict.fromkeys(_name(fields) for fields, _ in drawn))
    colours, markers, marks = colour_of(names), marker_of(names), along(names)
    with house_style():
        figure, grid = plt.subplots(
            2,
            2,
            figsize=(PAPER_WIDTH, 3.9),
            layout="constrained",
            gridspec_kw={"height_ratios": [3.2, 1], "width_ratios": [1, 1], "wspace": 0.12},
        )
        (left, right), (below, note) = grid
        for name in names:
            _draw_bank(left, right, *banks[name], colours[name], markers[name])
        for fields, fit in drawn:
            if not fit.refused:
                name = _name(fields)
                _draw_law(left, right, below, fields, fit, colours[name], marks[name])
        _axes(left, right, below, drawn)
        below.set_visible(any(not fit.refused for _, fit in drawn))
        note.set_axis_off()
        note.text(0, 1, _words(found), va="top", fontsize=7, transform=note.transAxes)
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=9.5)
        ends = [(*_end(*banks[name]), name, colours[name]) for name in names]
        right.set_xlim(right=right.get_xlim()[1])
        label_ends(right, [(x, -np.log(y), label, colour) for x, y, label, colour in ends if y > 0])
    made: Figure = figure
    return made


def _name(fields: Mapping[str, Any]) -> str:
    group = fields.get("group")
    name = f"{short(fields['model'])}, {fields['task']}"
    return name if group is None else f"{name}, {group}"


def _finest(fields: Mapping[str, Any]) -> float:
    """So many questions tell nothing finer than a tenth of one that is left."""
    return 0.1 / float(fields["questions"])


def _end(fields: Mapping[str, Any], fit: Fit) -> tuple[float, float]:
    """The last point that the right panel shows."""
    inside = (fit.observed > 0) & (1 - fit.observed > _finest(fields))
    place = np.flatnonzero(inside)[-1] if inside.any() else 0
    return float(fit.x[place]), float(fit.observed[place])


def _draw_bank(
    left: Axes, right: Axes, fields: Mapping[str, Any], fit: Fit, colour: str, marker: str
) -> None:
    """What was recorded: points, and the band over questions."""
    finest = _finest(fields)
    seen = (fit.observed > 0) & (1 - fit.observed > finest)
    points: dict[str, Any] = {
        "color": colour, "marker": marker, "ls": "", "ms": 2.6, "alpha": 0.8,
    }  # fmt: skip
    left.plot(fit.x, fit.observed, **points)
    right.plot(fit.x[seen], -np.log(fit.observed[seen]), **points)
    if fit.band is None or not seen.any():
        return
    lo, hi = fit.band
    shade: dict[str, Any] = {"color": colour, "alpha": 0.10, "lw": 0}
    left.fill_between(fit.x, lo, hi, **shade)
    # A band that reaches coverage 0 or 1 would have no end on a log axis.
    ends = [-np.log(np.clip(end[seen], finest, 1 - finest)) for end in (hi, lo)]
    right.fill_between(fit.x[seen], *ends, **shade)


def _draw_law(
    left: Axes,
    right: Axes,
    below: Axes,
    fields: Mapping[str, Any],
    fit: Fit,
    colour: str,
    marks: Mapping[str, Any],
) -> None:
    line: Any = STYLES[fields["law"]]
    for x, alpha in ((fit.x, 1.0), (np.geomspace(fit.x[-1], BEYOND * fit.x[-1], 20), 0.45)):
        y = _predict(fields["law"], fit, x)
        left.plot(x, y, color=colour, ls=line, lw=1.1, alpha=alpha)
        inside = (y > 0) & (1 - y > _finest(fields))
        right.plot(x[inside], -np.log(y[inside]), color=colour, ls=line, lw=1.1, alpha=alpha)
    below.plot(fit.x, 100 * fit.residuals, color=colour, ls=line, lw=0.9, **marks)


def _predict(law: str, fit: Fit, x: FloatArray) -> FloatArray:
    if law == "success":
        return success.predict(success.theta_of(fit), np.rint(x))
    return coverage_law.predict([fit.parameters[n].value for n in coverage_law.NAMES], x)


def _axes(left: Axes, right: Axes, below: Axes, drawn: Sequence[Item]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axes in (left, right, below):
        axes.set_xscale("log")
        axes.set_xlabel("samples k")
    lowest = min((float(fit.observed.min()) for _, fit in drawn), default=0.0)
    # From 0 where that wastes no more than half of the height, else from a round number.
    left.set_ylim(0 if lowest < 0.5 else np.floor(20 * (lowest - 0.5 * (1 - lowest))) / 20, None)
    left.set_ylim(top=1 + 0.02 * (1 - left.get_ylim()[0]))
    left.set_ylabel("coverage")
    right.set_yscale("log")
    right.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    right.yaxis.set_minor_formatter(NullFormatter())
    right.set_ylabel("−log coverage")
    below.axhline(0, color="#8A8A8A", lw=0.7)
    below.set_ylabel("residual\n(points)")


def _words(found: Sequence[Item]) -> str:
    """What the lines are, what is not drawn, and what must be said of the models."""
    kinds = {fields["law"] for fields, fit in found if not fit.refused and len(fit.x)}
    lines = ["points: exact coverage over all subsets; bands: 95% over questions"]
    if "coverage" in kinds:
        lines.append("solid: exp(a·k^b); paler: extrapolated")
    if "success" in kinds:
        lines.append("dashed: success distribution; paler: extrapolated")
    refused = sum(fit.refused for _, fit in found)
    if refused:
        lines.append(f"{refused} of {len(found)} fits were refused and are not drawn")
    cut = truncation_lines(truncated([fields for fields, _ in found]))
    return "\n".join([*lines, *(part for line in cut for part in wrap(line, ACROSS))])
