"""`scale recommend`: what to run for a budget."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scaling_cli.cli.asking import (
    Axis,
    Extraction,
    Intensity,
    Keep,
    PerHour,
    PerMillion,
    ReadAs,
    Runs,
    Selectors,
    Unanswered,
    WeightBy,
    make_ask,
    open_runs,
    priced,
    voting,
    with_verifier,
)
from scaling_cli.cli.output import Json, say, show, working

ROWS = ["task", "budget", "model", "strategy", "selector", "k", "max_tokens", "cost",
        "cross_fitted", "lo", "hi", "odds", "gain", "gain_lo", "gain_hi"]  # fmt: skip
SENSITIVITY = ["assumption", "survives", "model", "strategy", "selector", "k", "max_tokens",
               "cross_fitted", "odds_of_choice", "behind", "note"]  # fmt: skip


class Table(StrEnum):
    """The tables of `scale recommend`."""

    choice = "choice"
    sensitivity = "sensitivity"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(
        "recommend", epilog="Example: scale recommend results/quickstart --budget 1e12 --axis flops"
    )(recommend)


def recommend(
    runs: Runs,
    budget: Annotated[
        float, typer.Option(help="What a question may cost, in the axis's unit: 1e14.")
    ],
    axis: Axis = "flops",
    intensity: Intensity = None,
    dollars_per_million: PerMillion = None,
    dollars_per_hour: PerHour = None,
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    selector: Selectors = None,
    extraction: ReadAs = Extraction.lenient,
    weight_map: WeightBy = None,
    keep: Keep = 8,
    view: Annotated[
        Table | None, typer.Option("--table", help="Only this one; JSON: choice if not said.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What to run for a budget, what it is worth, how surely, and whether that depends on taste.

    `cross_fitted` is the accuracy on questions that the choice was not made on, `odds` the share
    of draws of the questions in which its configuration is the best, `gain` what twice the
    budget adds. The second table asks whether the choice survives other assumptions.
    """
    from scaling_cli.recommendations import recommend as recommended

    folders = open_runs(runs)
    ask = make_ask(folders, selector or ["first", "majority", "best"], None, None, extraction,
                   Unanswered.abstain, None)  # fmt: skip
    ask = priced(ask, intensity, dollars_per_million, dollars_per_hour)
    ask = voting(ask, weight_map, keep)
    with working("drawing the questions again"):
        found = recommended(folders, ask, axis, budget, task)
    rows = [row for one in found for row in one.rows]
    tests = [row for one in found for row in one.sensitivity]
    for one in found if not as_json else []:
        typer.echo("\n".join(one.sentences) + "\n")
    if view is not Table.sensitivity:
        show(rows, as_json=as_json, columns=with_verifier(ROWS, rows))
    if view is Table.sensitivity or (view is None and not as_json):
        typer.echo("", err=as_json)
        columns = (["task"] if len(found) > 1 else []) + with_verifier(SENSITIVITY, tests)
        show(tests, as_json=as_json, columns=columns, title="does the choice survive?")
    for one in found:
        for line in one.remarks:
            say(f"note: {line}")
