"""`scale status` and `scale accuracy`: what a run shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.asking import (
    Extraction,
    GroupBy,
    Ks,
    Plots,
    ReadAs,
    Runs,
    Score,
    Selectors,
    Unanswered,
    grouped,
    make_ask,
    open_runs,
    with_verifier,
    write_figure,
)
from scaling_cli.cli.output import Json, say, show

if TYPE_CHECKING:
    from scaling_cli.recorded import Ask
    from scaling_cli.store import RunFolder


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("status", epilog="Example: scale status results/quickstart")(status)
    app.command("accuracy", epilog="Example: scale accuracy results/quickstart --plot")(accuracy)


def status(runs: Runs, as_json: Json = False) -> None:
    """What each cell of a run holds and lacks."""
    from scaling_cli.running.tables import STATUS, status_rows
    from scaling_cli.store import RunFolder

    rows = [{"run": f.name, **row} for f in map(RunFolder.open, runs) for row in status_rows(f)]
    show(rows, as_json=as_json, columns=STATUS)


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
    columns = with_verifier(_COLUMNS, rows) + grouped(by)
    show(_brief(rows, k) if not as_json else rows, as_json=as_json, columns=columns)
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


def _brief(rows: list[dict[str, Any]], ks: list[int] | None) -> list[dict[str, Any]]:
    """Powers of two and the largest k: what a person wants to read."""
    if ks:
        return rows
    return [row for row in rows if row["k"] & (row["k"] - 1) == 0 or row["k"] == row["samples"]]
