"""`scale frontier`: what each budget buys, and how surely."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.asking import (
    Axis,
    Extraction,
    GroupBy,
    Intensity,
    Keep,
    PerHour,
    PerMillion,
    Plots,
    ReadAs,
    Runs,
    Selectors,
    Unanswered,
    WeightBy,
    grouped,
    make_ask,
    open_runs,
    priced,
    voting,
    with_verifier,
    write_figure,
)
from scaling_cli.cli.output import Json, say, show, working

if TYPE_CHECKING:
    from scaling_cli.frontiers import FrontierTable


class Table(StrEnum):
    """What the rows of `scale frontier` are."""

    frontier = "frontier"
    crossings = "crossings"


class Crossings(StrEnum):
    """Crossings of two configurations that are said."""

    none = "none"
    neighbours = "neighbours"
    all = "all"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(
        "frontier", epilog="Example: scale frontier results/quickstart --axis flops --plots plots"
    )(frontier)


def frontier(
    runs: Runs,
    axis: Axis = "flops",
    intensity: Intensity = None,
    dollars_per_million: PerMillion = None,
    dollars_per_hour: PerHour = None,
    selector: Selectors = None,
    extraction: ReadAs = Extraction.lenient,
    weight_map: WeightBy = None,
    keep: Keep = 8,
    by: GroupBy = None,
    view: Annotated[
        Table, typer.Option("--table", help="Rows: points of the frontier, or all crossings.")
    ] = Table.frontier,
    crossings: Annotated[
        Crossings,
        typer.Option(help="Which are said: of neighbours on the frontier, or all."),
    ] = Crossings.neighbours,
    width: Annotated[
        float, typer.Option(min=3.0, help="Inches a figure is wide; 3.3 is one of two columns.")
    ] = 6.75,
    plots: Plots = Path("plots"),
    draw: Annotated[bool, typer.Option(help="Draw the figures.")] = True,
    as_json: Json = False,
) -> None:
    """The compute-optimal configuration of every budget, with odds, crossings and figures.

    `accuracy` is that of all questions, `lo` and `hi` the band on the frontier; `cross_fitted`
    is the accuracy of a point chosen on one half of the questions and scored on the other, and
    `curse` how much better it looked where it was chosen.
    """
    from scaling_cli.distinguish import beside_strategy
    from scaling_cli.frontiers import frontier_tables

    folders = open_runs(runs)
    ask = make_ask(folders, selector or ["first", "majority", "best"], None, None, extraction,
               Unanswered.abstain, by)  # fmt: skip
    ask = priced(ask, intensity, dollars_per_million, dollars_per_hour)
    with working("drawing the questions again"):
        tables = frontier_tables(folders, voting(ask, weight_map, keep), axis)
    if view is Table.frontier:
        rows = [row for t in tables for row in t.rows()]
        # What tells cells apart is shown where only one of them is on the frontier, too.
        points = [fields for t in tables for fields in t.fields]
        columns = beside_strategy(with_verifier(_FRONTIER, rows), points)
    else:
        rows, columns = _overtaking_rows(tables), _CROSSINGS
    show(rows, as_json=as_json, columns=columns + grouped(by))
    if not rows and view is Table.frontier:
        say("hint: no answer is right at any budget; scale accuracy shows what was answered")
    for table in tables:
        for line in [*table.remarks, *_overtakings(table, crossings)]:
            say(f"note: {line}" if table.group is None else f"note: {table.group}: {line}")
    if draw:
        from scaling_cli.figures.frontier import error_figure, frontier_figure

        suffix = "" if axis == "flops" else f"-{axis}"
        folder = plots / folders[0].name
        suffix += f"-by-{by.value}" if by else ""
        write_figure(frontier_figure(tables, width=width), folder, f"frontier{suffix}")
        write_figure(error_figure(tables, width=width), folder, f"error{suffix}")


_FRONTIER = ["task", "model", "strategy", "selector", "k", "max_tokens", "cost", "accuracy", "lo",
             "hi", "odds", "cross_fitted", "curse", "tokens"]  # fmt: skip


def _overtakings(table: FrontierTable, wanted: Crossings) -> list[str]:
    """The crossings as sentences, by default of those that follow one another on it."""
    if wanted is Crossings.none:
        return []
    said = [c for c in table.crossings if c.neighbours or wanted is Crossings.all]
    return [one.sentence(table.axis) for one in said]


def _overtaking_rows(tables: list[FrontierTable]) -> list[dict[str, Any]]:
    """Every crossing of two configurations, and which of them are beaten at every budget."""
    return [
        {
            "task": table.task,
            "group": table.group,
            **one.row(),
            "first_dominated": one.first in table.dominated,
            "second_dominated": one.second in table.dominated,
            "sentence": one.sentence(table.axis),
        }
        for table in tables
        for one in table.crossings
    ]


_CROSSINGS = ["task", "first_model", "first_strategy", "first_selector", "second_model",
              "second_strategy", "second_selector", "budget", "lo", "hi", "always"]  # fmt: skip
