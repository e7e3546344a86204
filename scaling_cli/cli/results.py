"""`scale status` and `scale accuracy`: what a run shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.asking import (
    By,
    Extraction,
    GroupBy,
    Intensity,
    Keep,
    Ks,
    PerHour,
    PerMillion,
    Plots,
    ReadAs,
    Runs,
    Score,
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
    from scaling_cli.recorded import Ask
    from scaling_cli.store import RunFolder


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("status", epilog="Example: scale status results/quickstart")(status)
    app.command("accuracy", epilog="Example: scale accuracy results/quickstart --plot")(accuracy)


def status(runs: Runs, as_json: Json = False) -> None:
    """What each cell of a run holds and lacks, and how its plan compares with what it took."""
    from scaling_cli.distinguish import beside_strategy
    from scaling_cli.running.tables import STATUS, status_rows
    from scaling_cli.store import RunFolder

    folders = [RunFolder.open(run) for run in runs]
    facts = {folder.path: _facts(folder) for folder in folders}
    rows = [
        {"run": f.name, **row, "plan": facts[f.path].get(row["cell"])}
        for f in folders
        for row in status_rows(f)
    ]
    columns = [*(["run"] if len(runs) > 1 else []), *STATUS]
    show(rows, as_json=as_json, columns=beside_strategy(columns, rows))
    plans = [row["plan"] for row in rows if row["plan"]]
    compared = [plan for plan in plans if plan["drawn"] or plan["scored"]]
    if compared and not as_json:
        columns = with_verifier(_facts_columns(compared), compared)
        show(compared, as_json=False, columns=columns, title="plan and fact, drawn since the plan")


def _facts(folder: RunFolder) -> dict[str, dict[str, Any]]:
    """Plan against fact by cell; a plan that cannot be read is said, and keeps nothing back."""
    from scaling_cli.errors import StoreError
    from scaling_cli.planning.fact import fact_rows

    try:
        return {row["cell"]: row for row in fact_rows(folder)}
    except StoreError as error:
        say(f"note: {error.message}: {error.hint}")
        return {}


_FACTS = ["model", "task", "strategy", "width", "missing", "drawn", "tokens_planned", "tokens",
          "flops_planned", "flops", "seconds_planned", "seconds", "half_width_planned",
          "half_width"]  # fmt: skip


_SCORED = ["scorings", "scored", "verifier_tokens_planned", "verifier_tokens"]


def _facts_columns(compared: list[dict[str, Any]]) -> list[str]:
    """What verifiers read too, where any was asked or planned for."""
    columns = list(_FACTS)
    if any(row["scorings"] or row["verifier_tokens"] for row in compared):
        place = columns.index("flops_planned")
        columns[place:place] = _SCORED
    return columns


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
    weight_map: WeightBy = None,
    keep: Keep = 8,
    by: GroupBy = None,
    intensity: Intensity = None,
    dollars_per_million: PerMillion = None,
    dollars_per_hour: PerHour = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw accuracy against k.")] = False,
    heatmap: Annotated[
        bool, typer.Option("--heatmap", help="Draw every question at every k, by --selector.")
    ] = False,
    plots: Plots = Path("plots"),
    as_json: Json = False,
) -> None:
    """Accuracy of every model, selector and k, over all subsets, with 95% intervals.

    The table is brief: powers of two and the largest k, at the whole token limit, unless --k and
    --cap ask for others. --json holds every k at every simulated token limit.
    """
    from scaling_cli.distinguish import beside_strategy
    from scaling_cli.errors import LawError
    from scaling_cli.ragged import ragged_remarks
    from scaling_cli.summary import accuracy_rows, rank_changes

    folders = open_runs(runs)
    # A program gets every token cap; a person asks for the ones to be shown.
    caps = cap or (None if as_json else [])
    ask = make_ask(folders, selector, k, caps, extraction, unanswered, by)
    ask = priced(ask, intensity, dollars_per_million, dollars_per_hour)
    ask = voting(ask, weight_map, keep)
    if score is not None:
        ask = replace(ask, score=score.value)
    with working("counting subsets"):
        rows = [row for folder in folders for row in accuracy_rows(folder, ask)]
    if not rows:
        raise LawError(
            "no cell has that many samples, or a score where one is needed",
            "leave --k and --selector out to see what there is",
        )
    columns = _columns(folders, by, ask)
    if any(row["mc_error"] for row in rows):
        columns.insert(columns.index("hi") + 1, "mc_error")
    columns = beside_strategy(with_verifier(columns, rows), rows)
    show(_brief(rows, k) if not as_json else rows, as_json=as_json, columns=columns)
    for line in [*ragged_remarks(rows), *rank_changes(folders, ask)]:
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


def _columns(folders: list[RunFolder], by: By | None, ask: Ask) -> list[str]:
    runs = ["run"] if len(folders) > 1 else []
    eflops = ["eflops"] if ask.pricing.intensity is not None else []
    dollars = ["dollars"] if ask.pricing.prices else []
    return [*runs, *_COLUMNS, *eflops, *dollars, *grouped(by)]


def _brief(rows: list[dict[str, Any]], ks: list[int] | None) -> list[dict[str, Any]]:
    """Powers of two and the largest k: what a person wants to read."""
    if ks:
        return rows
    return [row for row in rows if row["k"] & (row["k"] - 1) == 0 or row["k"] == row["samples"]]
