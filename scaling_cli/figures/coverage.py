"""Coverage in the papers' two forms, with the laws that passed their hold-out check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from scaling_cli.laws import coverage_law, success
from scaling_cli.laws.fit import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scaling_cli.types import FloatArray

Item = tuple[Mapping[str, Any], Fit]
BEYOND = 4.0
"""How far past the samples a law is drawn, dashed: extrapolated."""
STYLES = {"coverage": "-", "success": (0, (3, 1.2))}


def coverage_figure(found: Sequence[Item], *, title: str = "") -> Figure:
    """Left coverage against log k, right -log coverage in log-log; residuals beneath."""
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(_name(fields) for fields, fit in found if len(fit.x)))
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
        for fields, fit in found:
            if len(fit.x):
                name = _name(fields)
                _draw(left, right, below, fields, fit, colours[name], markers[name], marks[name])
        _axes(left, right, below)
        note.set_axis_off()
        note.text(0, 1, _words(found), va="top", fontsize=7, transform=note.transAxes, wrap=True)
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=9.5)
        ends = [(*_end(found, name), name, colours[name]) for name in names]
        right.set_xlim(right=right.get_xlim()[1])
        label_ends(right, [(x, -np.log(y), label, colour) for x, y, label, colour in ends if y > 0])
    drawn: Figure = figure
    return drawn


def _name(fields: Mapping[str, Any]) -> str:
    group = fields.get("group")
    name = f"{short(fields['model'])}, {fields['task']}"
    return name if group is None else f"{name}, {group}"


def _end(found: Sequence[Item], name: str) -> tuple[float, float]:
    fit = next(fit for fields, fit in found if _name(fields) == name and len(fit.x))
    inside = 1 - fit.observed > 1e-3
    place = np.flatnonzero(inside)[-1] if inside.any() else 0
    return float(fit.x[place]), float(fit.observed[place])


def _draw(
    left: Axes,
    right: Axes,
    below: Axes,
    fields: Mapping[str, Any],
    fit: Fit,
    colour: str,
    marker: str,
    marks: Mapping[str, Any],
) -> None:
    if fields["law"] == "coverage":
        # So many questions tell nothing finer than a tenth of one that is left.
        seen = (fit.observed > 0) & (1 - fit.observed > 0.1 / fields["questions"])
        points: dict[str, Any] = {
            "color": colour,
            "marker": marker,
            "ls": "",
            "ms": 2.6,
            "alpha": 0.8,
        }
        left.plot(fit.x, fit.observed, **points)
        right.plot(fit.x[seen], -np.log(fit.observed[seen]), **points)
    if fit.refused:
        return
    line: Any = STYLES[fields["law"]]
    for x, alpha in ((fit.x, 1.0), (np.geomspace(fit.x[-1], BEYOND * fit.x[-1], 20), 0.45)):
        y = _predict(fields["law"], fit, x)
        left.plot(x, y, color=colour, ls=line, lw=1.1, alpha=alpha)
        inside = (y > 0) & (1 - y > 0.1 / fields["questions"])
        right.plot(x[inside], -np.log(y[inside]), color=colour, ls=line, lw=1.1, alpha=alpha)
    below.plot(fit.x, 100 * fit.residuals, color=colour, ls=line, lw=0.9, **marks)


def _predict(law: str, fit: Fit, x: FloatArray) -> FloatArray:
    if law == "success":
        return success.predict(success.theta_of(fit), np.rint(x))
    return coverage_law.predict([fit.parameters[n].value for n in coverage_law.NAMES], x)


def _axes(left: Axes, right: Axes, below: Axes) -> None:
    for axes in (left, right, below):
        axes.set_xscale("log")
    left.set_ylim(0, 1.02)
    left.set_ylabel("coverage")
    left.set_xlabel("samples k")
    right.set_yscale("log")
    right.set_ylabel("−log coverage")
    right.set_xlabel("samples k")
    below.axhline(0, color="#8A8A8A", lw=0.7)
    below.set_ylabel("residual\n(points)")
    below.set_xlabel("samples k")


def _words(found: Sequence[Item]) -> str:
    """What the lines are, and what is not drawn."""
    kinds = {fields["law"] for fields, fit in found if not fit.refused and len(fit.x)}
    lines = ["points: exact coverage over all subsets; paler: extrapolated"]
    if "coverage" in kinds:
        lines.append("solid: exp(a·k^b)")
    if "success" in kinds:
        lines.append("dashed: success distribution")
    refused = sum(fit.refused for _, fit in found)
    if refused:
        lines.append(f"{refused} of {len(found)} fits were refused and are not drawn")
    return "\n".join(lines)
