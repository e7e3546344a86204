"""`scale status`, `scale accuracy` and `scale frontier`: what a run shows."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.output import Json, say, show

if TYPE_CHECKING:
    from scaling_cli.frontier import FrontierTable
    from scaling_cli.store import RunFolder
    from scaling_cli.summary import Ask

Runs = Annotated[list[Path], typer.Argument(help="Runs' folders, such as results/quickstart.")]
Selectors = Annotated[
    list[str] | None, typer.Option("--selector", help="Only this selector; may be repeated.")
]
Ks = Annotated[list[int] | None, typer.Option("--k", help="Only this k; may be repeated.")]
Plots = Annotated[Path, typer.Option("--plots", help="The folder that figures go into.")]


class Extraction(StrEnum):
    """How answers are read."""

    lenient = "lenient"
    strict = "strict"


class Unanswered(StrEnum):
    """What samples without an answer do in a vote."""

    abstain = "abstain"
    vote = "class"


class Score(StrEnum):
    """What is known of a sample's worth; step scores in four reductions."""

    logprob_mean = "logprob_mean"
    reward_last = "reward_last"
    reward_min = "reward_min"
    reward_mean = "reward_mean"
    reward_product = "reward_product"


class By(StrEnum):
    """Columns by which questions can be grouped."""

    level = "level"
    subject = "subject"


class Table(StrEnum):
    """What the rows of `scale frontier` are."""

    frontier = "frontier"
    crossings = "crossings"


class Crossings(StrEnum):
    """Crossings of two configurations that are said."""

    none = "none"
    neighbours = "neighbours"
    all = "all"


ReadAs = Annotated[Extraction, typer.Option(help="Read boxed answers only, or any.")]
GroupBy = Annotated[By | None, typer.Option("--by", help="Split the questions.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("status", epilog="Example: scale status results/quickstart")(status)
    app.command("accuracy", epilog="Example: scale accuracy results/quickstart --plot")(accuracy)
    app.command(
        "frontier", epilog="Example: scale frontier results/quickstart --axis flops --plots plots"
    )(frontier)


def status(runs: Runs, as_json: Json = False) -> None:
    """What each cell of a run holds and lacks."""
    from scaling_cli.running.tables import status_rows
    from scaling_cli.store import RunFolder

    rows = [{"run": f.name, **row} for f in map(RunFolder.open, runs) for row in status_rows(f)]
    columns = ["model", "task", "strategy", "questions", "samples", "done", "failed", "accuracy",
               "truncated", "tokens", "cache_hit_rate", "state"]  # fmt: skip
    show(rows, as_json=as_json, columns=columns)


def accuracy(
    runs: Runs,
    selector: Selectors = None,
    k: Ks = None,
    cap: Annotated[
        list[int] | None, typer.Option("--cap", help="Simulated token limit; may be repeated.")
    ] = None,
    extraction: ReadAs = Extraction.lenient,
    unanswered: Annotated[
        Unanswered, typer.Option(help="Whether samples without an answer vote together.")
    ] = Unanswered.abstain,
    score: Annotated[
        Score | None, typer.Option(help="The score that best-of and weighted votes go by.")
    ] = None,
    by: GroupBy = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw accuracy against k.")] = False,
    heatmap: Annotated[
        bool, typer.Option("--heatmap", help="Draw every question at every k, by --selector.")
    ] = False,
    plots: Plots = Path("plots"),
    as_json: Json = False,
) -> None:
    """Accuracy of every model, selector and k, over all subsets, with 95% intervals."""
    from scaling_cli.errors import LawError
    from scaling_cli.summary import accuracy_rows, rank_changes

    folders = open_runs(runs)
    # A program gets every token cap; a person asks for the ones to be shown.
    caps = cap or (None if as_json else [])
    ask = make_ask(folders, selector, k, caps, extraction, unanswered, by)
    if score is not None:
        ask = replace(ask, score=score.value)
    rows = [row for folder in folders for row in accuracy_rows(folder, ask)]
    if not rows:
        raise LawError(
            "no cell has that many samples, or a score where one is needed",
            "leave --k and --selector out to see what there is",
        )
    show(_brief(rows, k) if not as_json else rows, as_json=as_json, columns=_COLUMNS + grouped(by))
    for line in rank_changes(folders, ask):
        say(f"note: {line}")
    if plot:
        from scaling_cli.figures.accuracy import accuracy_figure

        write_figure(accuracy_figure(rows), plots / folders[0].name, "accuracy")
    if heatmap:
        _heatmaps(folders, ask, plots)


def _heatmaps(folders: list[RunFolder], ask: Ask, plots: Path) -> None:
    """One figure a task: its sampled curves side by side."""
    from scaling_cli.figures.heatmap import heatmap_figure
    from scaling_cli.summary import Series, series

    wanted = "majority" if len(ask.selectors) > 1 else ask.selectors[0]
    tasks: dict[str, list[Series]] = {}
    for folder in folders:
        for one in series(folder, replace(ask, selectors=(wanted,), ks=None, caps=[], by=None)):
            if one.fields["strategy"] != "greedy" and len(one.ks) > 1:
                tasks.setdefault(one.fields["task"], []).append(one)
    for task, curves in tasks.items():
        name = "heatmap" if len(tasks) == 1 else f"heatmap-{Path(task).stem}"
        write_figure(heatmap_figure(curves), plots / folders[0].name, name)
    if not tasks:
        say(f"no sampled cell has a {wanted} curve to draw question by question")


_COLUMNS = ["model", "task", "strategy", "selector", "k", "max_tokens", "questions", "accuracy",
            "lo", "hi", "truncated", "unanswered", "tokens", "flops"]  # fmt: skip


def frontier(
    runs: Runs,
    axis: Annotated[
        str, typer.Option(help="The cost: flops, flops_uncached, flops_2nt, tokens, seconds, …")
    ] = "flops",
    selector: Selectors = None,
    extraction: ReadAs = Extraction.lenient,
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
    from scaling_cli.frontier import frontier_tables

    folders = open_runs(runs)
    ask = make_ask(folders, selector or ["first", "majority", "best"], None, None, extraction,
               Unanswered.abstain, by)  # fmt: skip
    tables = frontier_tables(folders, ask, axis)
    if view is Table.frontier:
        rows, columns = [row for t in tables for row in t.rows()], _FRONTIER
    else:
        rows, columns = _overtaking_rows(tables), _CROSSINGS
    show(rows, as_json=as_json, columns=columns + grouped(by))
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


def grouped(by: By | None) -> list[str]:
    return ["group"] if by else []


def open_runs(runs: list[Path]) -> list[RunFolder]:
    from scaling_cli.store import RunFolder

    return [RunFolder.open(run) for run in runs]


def make_ask(
    folders: list[RunFolder],
    selectors: list[str] | None,
    ks: list[int] | None,
    caps: list[int] | None,
    extraction: Extraction,
    unanswered: Unanswered,
    by: By | None,
) -> Ask:
    from scaling_cli.errors import LawError
    from scaling_cli.laws.selectors import SELECTORS, Choice
    from scaling_cli.summary import Ask

    for name in selectors or []:
        if name not in SELECTORS:
            raise LawError(f"there is no selector {name}", f"valid: {', '.join(SELECTORS)}")
    cells = folders[0].read_manifest().cells.values()
    equality = next((str(cell.details.get("equality", "math")) for cell in cells), "math")
    return Ask(
        selectors=selectors or ("first", "coverage", "majority", "best"),
        ks=ks,
        caps=caps,
        extraction=extraction.value,
        equality=equality,
        by=None if by is None else by.value,
        choice=Choice(unanswered=unanswered.value, weight_map=""),
    )


def _brief(rows: list[dict[str, Any]], ks: list[int] | None) -> list[dict[str, Any]]:
    """Powers of two and the largest k: what a person wants to read."""
    if ks:
        return rows
    return [row for row in rows if row["k"] & (row["k"] - 1) == 0 or row["k"] == row["samples"]]


def write_figure(figure: Any, folder: Path, name: str) -> None:
    from scaling_cli.figures.save import save

    for path in save(figure, folder, name):
        say(f"wrote {path}")
