"""The figures of runs by the names people give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scaling_cli.errors import LawError
from scaling_cli.recorded import Ask
from scaling_cli.selection import Selection
from scaling_cli.store import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[[Sequence[RunFolder], Ask, str], Any]


def draw(
    kind: str, folders: Sequence[RunFolder], ask: Ask, axis: str, sides: Sequence[Selection] = ()
) -> Figure:
    """A figure of that kind; `sides` are the two selections that a comparison is of."""
    if kind == "compare":
        return _compare(ask, axis, sides)
    if kind not in FIGURES:
        raise LawError(f"there is no figure {kind}", f"valid: {', '.join(FIGURES)}, compare")
    figure: Figure = FIGURES[kind](folders, ask, axis)
    return figure


def _frontier(folders: Sequence[RunFolder], ask: Ask, axis: str) -> Figure:
    from scaling_cli.figures.frontier import frontier_figure
    from scaling_cli.frontiers import frontier_tables

    return frontier_figure(frontier_tables(folders, ask, axis))


def _error(folders: Sequence[RunFolder], ask: Ask, axis: str) -> Figure:
    from scaling_cli.figures.frontier import error_figure
    from scaling_cli.frontiers import frontier_tables

    return error_figure(frontier_tables(folders, ask, axis))


def _accuracy(folders: Sequence[RunFolder], ask: Ask, axis: str) -> Figure:
    from scaling_cli.figures.accuracy import accuracy_figure
    from scaling_cli.summary import accuracy_rows

    return accuracy_figure([row for folder in folders for row in accuracy_rows(folder, ask)])


def _heatmap(folders: Sequence[RunFolder], ask: Ask, axis: str) -> Figure:
    """Of the sampled curves of one task by one selector: majority, where several are asked for."""
    from scaling_cli.figures.heatmap import heatmap_figure
    from scaling_cli.summary import series

    selector = "majority" if len(ask.selectors) > 1 else ask.selectors[0]
    only = replace(ask, selectors=(selector,))
    found = [one for folder in folders for one in series(folder, only) if len(one.ks) > 1]
    tasks = {one.fields["task"] for one in found}
    if len(tasks) != 1:
        raise LawError(
            f"a heatmap is of one task, and the runs hold {selector} curves of {len(tasks)}",
            "name runs of one task, and a selector they have",
        )
    return heatmap_figure(found)


def _coverage(folders: Sequence[RunFolder], ask: Ask, axis: str) -> Figure:
    from scaling_cli.figures.coverage import coverage_figure
    from scaling_cli.fits import fit_runs

    return coverage_figure(fit_runs(folders, ask, ("coverage", "success"), axis, lambda line: None))


def _compare(ask: Ask, axis: str, sides: Sequence[Selection]) -> Figure:
    from scaling_cli.comparisons import compare_selections
    from scaling_cli.figures.compare import compare_figure

    if len(sides) != 2:
        raise LawError(f"a comparison is of two, not of {len(sides)}", "name two runs")
    return compare_figure(compare_selections(sides[0], sides[1], ask, axis=axis).matched)


FIGURES: dict[str, Draw] = {
    "frontier": _frontier,
    "error": _error,
    "accuracy": _accuracy,
    "heatmap": _heatmap,
    "coverage": _coverage,
}
