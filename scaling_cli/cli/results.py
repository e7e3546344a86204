"""`scale status`, `scale accuracy` and `scale frontier`: what a run shows."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.output import Json, say, show

if TYPE_CHECKING:
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
    plots: Plots = Path("plots"),
    as_json: Json = False,
) -> None:
    """Accuracy of every model, selector and k, over all subsets, with 95% intervals."""
    from scaling_cli.errors import LawError
    from scaling_cli.summary import accuracy_rows, rank_changes

    folders = _open(runs)
    # A program gets every token cap; a person asks for the ones to be shown.
    caps = cap or (None if as_json else [])
    ask = _ask(folders, selector, k, caps, extraction, unanswered, by)
    if score is not None:
        ask = replace(ask, score=score.value)
    rows = [row for folder in folders for row in accuracy_rows(folder, ask)]
    if not rows:
        raise LawError(
            "no cell has that many samples, or a score where one is needed",
            "leave --k and --selector out to see what there is",
        )
    show(_brief(rows, k) if not as_json else rows, as_json=as_json, columns=_COLUMNS + _group(by))
    for line in rank_changes(folders, ask):
        say(f"note: {line}")
    if plot:
        from scaling_cli.figures.accuracy import accuracy_figure

        _save(accuracy_figure(rows), plots / folders[0].name, "accuracy")


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
    plots: Plots = Path("plots"),
    draw: Annotated[bool, typer.Option(help="Draw the figures.")] = True,
    as_json: Json = False,
) -> None:
    """The compute-optimal configuration of every budget, with odds, and its figures."""
    from scaling_cli.frontier import frontier_tables

    folders = _open(runs)
    ask = _ask(folders, selector or ["first", "majority", "best"], None, None, extraction,
               Unanswered.abstain, by)  # fmt: skip
    tables = frontier_tables(folders, ask, axis)
    show([row for t in tables for row in t.rows()], as_json=as_json, columns=_FRONTIER + _group(by))
    for table in tables:
        for line in table.remarks:
            say(f"note: {line}")
    if draw:
        from scaling_cli.figures.frontier import error_figure, frontier_figure

        suffix = "" if axis == "flops" else f"-{axis}"
        folder = plots / folders[0].name
        _save(frontier_figure(tables), folder, f"frontier{suffix}{f'-by-{by.value}' if by else ''}")
        _save(error_figure(tables), folder, f"error{suffix}{f'-by-{by.value}' if by else ''}")


_FRONTIER = ["task", "model", "strategy", "selector", "k", "max_tokens", "cost", "accuracy", "lo",
             "hi", "odds", "tokens"]  # fmt: skip


def _group(by: By | None) -> list[str]:
    return ["group"] if by else []


def _open(runs: list[Path]) -> list[RunFolder]:
    from scaling_cli.store import RunFolder

    return [RunFolder.open(run) for run in runs]


def _ask(
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


def _save(figure: Any, folder: Path, name: str) -> None:
    from scaling_cli.figures.save import save

    for path in save(figure, folder, name):
        say(f"wrote {path}")
