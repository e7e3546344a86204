"""`scale limits`: where voting ends, and which questions it can never get."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scaling_cli.cli.asking import (
    Extraction,
    GroupBy,
    Plots,
    ReadAs,
    Runs,
    Score,
    Unanswered,
    WeightBy,
    voting,
)
from scaling_cli.cli.output import Json, say, show, working

EPILOG = "Example: scale limits results/gsm8k-qwen-coder --k 64 --k 1024"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("limits", epilog=EPILOG)(limits)


def limits(
    runs: Runs,
    k: Annotated[
        list[int] | None,
        typer.Option("--k", min=1, help="Predict majority voting at this k; may be repeated."),
    ] = None,
    questions: Annotated[
        bool, typer.Option("--questions", help="One row a question: does voting ever get it?")
    ] = False,
    extraction: ReadAs = Extraction.lenient,
    unanswered: Annotated[
        Unanswered, typer.Option(help="Whether samples without an answer vote together.")
    ] = Unanswered.abstain,
    score: Annotated[
        Score | None, typer.Option(help="The score that weighted votes go by.")
    ] = None,
    weight_map: WeightBy = None,
    by: GroupBy = None,
    prior: Annotated[
        float, typer.Option(help="Imaginary votes for gold and each answer that was seen.")
    ] = 0.5,
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw the curves with their limits, and calibration.")
    ] = False,
    plots: Plots = Path("plots"),
    as_json: Json = False,
) -> None:
    """Where voting ends with ever more samples (k → ∞), and what a perfect verifier would win."""
    from scaling_cli import limits as law
    from scaling_cli.laws.selectors import Choice
    from scaling_cli.recorded import Ask
    from scaling_cli.store import RunFolder

    ask = Ask(
        extraction=extraction.value,
        by=None if by is None else by.value,
        choice=Choice(unanswered=unanswered.value, weight_map=""),
        score=None if score is None else score.value,
    )
    ask = voting(ask, weight_map)
    folders = [RunFolder.open(run) for run in runs]
    with working("drawing the votes again"):
        found = list(law.votings(folders, ask, prior=prior))
    rows: list[dict[str, Any]] = []
    for one in found:
        if questions:
            rows += law.question_table(one)
        elif k:
            rows += law.predicted_rows(one, k)
        else:
            rows += law.limit_rows(one)
    show(rows, as_json=as_json, columns=_columns(questions=questions, predicted=bool(k)))
    for one in found:
        for line in law.remarks(one):
            say(line)
    if plot:
        _plot(folders, ask, found, plots)


def _columns(*, questions: bool, predicted: bool) -> list[str]:
    if questions:
        return ["model", "question_id", "samples", "correct", "wins", "ends", "weighted_wins",
                "probability_gap", "exponent"]  # fmt: skip
    if predicted:
        return ["model", "task", "group", "selector", "k", "accuracy", "lo", "hi", "mc_error",
                "extrapolated"]  # fmt: skip
    return ["model", "task", "group", "selector", "k", "accuracy", "limit", "lo", "hi", "plug_in",
            "right", "undecided", "never", "coverage", "gap", "won_by_weights", "auroc",
            "auroc_within", "verifier_ceiling", "calibration_error"]  # fmt: skip


def _plot(folders: list[Any], ask: Any, found: list[Any], plots: Path) -> None:
    from dataclasses import replace

    from scaling_cli.figures.accuracy import accuracy_figure
    from scaling_cli.figures.calibration import calibration_figure
    from scaling_cli.figures.save import save
    from scaling_cli.limits import limit_rows
    from scaling_cli.summary import accuracy_rows

    where = plots / folders[0].name
    rows = [row for folder in folders for row in accuracy_rows(folder, replace(ask, caps=[]))]
    drawn = {row["selector"] for row in rows}
    ends = [row for one in found for row in limit_rows(one) if row["selector"] in drawn]
    for path in save(accuracy_figure(rows, limits=ends), where, "limits"):
        say(f"wrote {path}")
    scored = [one for one in found if one.weight is not None]
    if scored:
        for path in save(calibration_figure(scored), where, "calibration"):
            say(f"wrote {path}")
