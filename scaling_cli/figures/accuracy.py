"""Accuracy against k: one panel a model, one line a selector, bands over questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scaling_cli.distinguish import telling
from scaling_cli.figures.style import (
    PAPER_WIDTH,
    colour_of,
    house_style,
    label_ends,
    line_of,
    samples_axis,
    short,
)
from scaling_cli.figures.truncation import note, truncation_lines
from scaling_cli.ragged import ragged_remarks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]


def accuracy_figure(rows: Sequence[Row], *, title: str = "", limits: Sequence[Row] = ()) -> Figure:
    """The curves at the full token cap; greedy accuracy is a thin line across, and a curve's
    limit a dotted one with its interval at the right edge."""
    import matplotlib.pyplot as plt

    models = list(dict.fromkeys(row["model"] for row in rows))
    tasks = list(dict.fromkeys(map(_task, rows)))
    colours = colour_of(models)
    with house_style():
        figure, grid = plt.subplots(
            len(tasks),
            len(models),
            figsize=(PAPER_WIDTH * max(1.0, len(models) / 3), 2.5 * len(tasks) + 0.3),
            sharey="row",
            squeeze=False,
            layout="constrained",
            gridspec_kw={"wspace": 0.05},
        )
        for task, line in zip(tasks, grid, strict=True):
            for model, axes in zip(models, line, strict=True):
                part = [r for r in rows if r["model"] == model and _task(r) == task]
                _panel(axes, part, colours[model])
                _draw_limits(axes, _ends_of(limits, model, task), colours[model])
                axes.set_title(f"{short(model)}\n{task}", fontsize=8)
            line[0].set_ylabel("accuracy")
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=9.5)
        _label(figure, grid, rows, models, tasks, limits)
        _footnote(figure, rows, models, tasks)
    drawn: Figure = figure
    return drawn


def _footnote(
    figure: Figure, rows: Sequence[Row], models: Sequence[str], tasks: Sequence[str]
) -> None:
    """Panels side by side are compared: unequal truncation must be said beside them, and where
    a curve's end is over fewer questions than its beginning."""
    rates: dict[str, dict[str, float]] = {task: {} for task in tasks}
    for task in tasks:
        for model in models:
            part = [row for row in rows if row["model"] == model and _task(row) == task]
            for curve in _curves(part)[:1]:  # at the model's own limit
                rates[task][model] = float(curve[0]["truncated"] or 0)
    shown = [row for row in rows if row["strategy"] != "greedy"]
    note(figure, [*truncation_lines(rates), *ragged_remarks(shown)])


def _task(row: Row) -> str:
    """A line of panels: a task, or a group of its questions."""
    return row["task"] if row.get("group") is None else f"{row['task']}, {row['group']}"


def _panel(axes: Axes, rows: Sequence[Row], colour: str) -> None:
    samples_axis(axes, max((row["k"] for row in rows), default=1))
    for curve in _curves(rows):
        ks = [row["k"] for row in curve]
        # A curve of one point would be a line of no length.
        axes.plot(
            ks, [r["accuracy"] for r in curve], color=colour, ls=line_of(curve[0]["selector"]),
            marker="o" if len(ks) == 1 else None,
        )  # fmt: skip
        axes.fill_between(
            ks, [r["lo"] for r in curve], [r["hi"] for r in curve], color=colour, alpha=0.10, lw=0
        )
    greedy = _greedy(rows)
    if greedy is not None:
        axes.axhline(greedy["accuracy"], color="#444444", lw=0.8, ls=(0, (4, 3)))


def _ends_of(limits: Sequence[Row], model: str, task: str) -> list[Row]:
    return [row for row in limits if row["model"] == model and _task(row) == task]


def _draw_limits(axes: Axes, limits: Sequence[Row], colour: str) -> None:
    right = axes.get_xlim()[1]
    for number, row in enumerate(limits):
        axes.axhline(row["limit"], color=colour, lw=0.9, ls=line_of(row["selector"]), alpha=0.55)
        at = right / 1.12 ** (1 + number)
        axes.plot([at, at], [row["lo"], row["hi"]], color=colour, lw=1.1, alpha=0.75)


def _curves(rows: Sequence[Row]) -> list[list[Row]]:
    """The curves at the largest cap, one a selector and cell, by k."""
    sampled = [row for row in rows if row["strategy"] != "greedy"]
    if not sampled:
        return []
    cap = max(row["max_tokens"] for row in sampled)
    full = [row for row in sampled if row["max_tokens"] == cap]
    curves: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in full:
        # Cells of another temperature or seed are curves of their own.
        curves[row["selector"], row["run"], row["cell"]].append(row)
    return [sorted(curve, key=lambda row: int(row["k"])) for curve in curves.values()]


def _called(curves: Sequence[Sequence[Row]]) -> list[str]:
    """Each curve by its selector, and by what else tells it from the others."""
    rows = [curve[0] for curve in curves]
    settings = telling(rows, ["selector", "strategy", "verifier"])
    several = len({row["strategy"] for row in rows}) > 1
    return [
        ", ".join([row["selector"], *([row["strategy"]] if several else []), *_set(row, settings)])
        for row in rows
    ]


def _set(row: Row, settings: Sequence[str]) -> list[str]:
    words = {"temperature": "T = {:g}", "seed": "seed {}", "max_tokens": "{} tokens"}
    return [words.get(name, "{}").format(row[name]) for name in settings]


def _greedy(rows: Sequence[Row]) -> Row | None:
    greedy = [row for row in rows if row["strategy"] == "greedy"]
    return max(greedy, key=lambda row: row["max_tokens"]) if greedy else None


def _label(
    figure: Figure,
    grid: Any,
    rows: Sequence[Row],
    models: Sequence[str],
    tasks: Sequence[str],
    limits: Sequence[Row] = (),
) -> None:
    """Labels go on once the layout is final, since they are placed by it."""
    colours = colour_of(models)
    for task, line in zip(tasks, grid, strict=True):
        for model, axes in zip(models, line, strict=True):
            part = [r for r in rows if r["model"] == model and _task(r) == task]
            curves = _curves(part)
            ends = [
                (c[-1]["k"], c[-1]["accuracy"], name, colours[model])
                for c, name in zip(curves, _called(curves), strict=True)
            ]
            greedy = _greedy(part)
            if greedy is not None and ends:
                ends.append((max(e[0] for e in ends), greedy["accuracy"], "greedy", "#444444"))
            ends += [
                (max(e[0] for e in ends), row["limit"], f"{row['selector']} limit", colours[model])
                for row in _ends_of(limits, model, task)
                if ends
            ]
            # Room for the words, which the layout does not know of.
            axes.set_xlim(right=axes.get_xlim()[1])
            label_ends(axes, ends)
