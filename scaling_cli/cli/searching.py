"""`scale search`: whether searching is worth its compute."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.asking import (
    Extraction,
    Plots,
    ReadAs,
    Runs,
    Selectors,
    Unanswered,
    make_ask,
    open_runs,
    write_figure,
)
from scaling_cli.cli.output import Json, say, show, working

if TYPE_CHECKING:
    from scaling_cli.recorded import Ask
    from scaling_cli.store import RunFolder

NAMES = ["first_strategy", "first_selector", "second_strategy", "second_selector"]
PAIRS = [*NAMES, "at", "budgets", "difference", "lo", "hi", "smallest_difference", "questions",
         "verdict"]  # fmt: skip
BUDGETS = [*NAMES, "at", "difference", "lo", "hi", "smallest_difference", "questions_needed",
           "questions", "verdict"]  # fmt: skip
REPEATS = ["model", "strategy", "selector", "k", "runs", "questions", "accuracies",
           "error_of_questions", "error_of_runs", "share_of_runs"]  # fmt: skip


class Table(StrEnum):
    """What the rows of `scale search` are."""

    pairs = "pairs"
    budgets = "budgets"
    repeats = "repeats"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(
        "search",
        epilog="Example: scale search results/gsm8k-search results/gsm8k-qwen-coder "
        "--against 'sampling majority' --plot",
    )(search)


def search(
    runs: Runs,
    axis: Annotated[
        str, typer.Option(help="What is equal: flops (verifier included), flops_policy, …")
    ] = "flops",
    selector: Selectors = None,
    against: Annotated[
        str | None,
        typer.Option(help="Only pairs with this in a name: sampling, rebase by judge, …"),
    ] = None,
    detect: Annotated[
        float, typer.Option(help="The difference to be seen, as a fraction of the questions.")
    ] = 0.05,
    extraction: ReadAs = Extraction.lenient,
    view: Annotated[
        Table,
        typer.Option("--table", help="Rows: claims, every budget of each, or searches run twice."),
    ] = Table.pairs,
    plot: Annotated[bool, typer.Option("--plot", help="Draw accuracy against compute.")] = False,
    by_difficulty: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Draw it by difficulty too: pass@1 in this run's bank."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The model of that bank; the first one searched if not said.")
    ] = None,
    plots: Plots = Path("plots"),
    as_json: Json = False,
) -> None:
    """Whether one generator is better than another at equal compute, for every pair of them.

    The claim of a row is "the first is better than the second at equal compute". It is asked at
    every budget at which a search of the two was run, each side at its best inside the budget,
    chosen on other questions than it is scored on. `lo` and `hi` hold all differences of the
    table together with 95%, so the verdicts (supported, refuted, undecided) do too. The row is
    the budget that says most; `smallest_difference` is what these questions show with 80% power.
    Several runs are joined on their questions; searches that differ in the seed are averaged,
    and their variance is taken apart into runs and questions.
    """
    from scaling_cli.pairings import pairings

    folders = open_runs(runs)
    ask = make_ask(folders, selector or ["majority", "weighted"], None, None, extraction,
                   Unanswered.abstain, None)  # fmt: skip
    with working("comparing"):
        found = pairings(folders, ask, axis=axis, against=against, detect=detect)
    rows, columns = _table(found, view)
    several = len({one.model for one in found.pairs}) > 1 and view is not Table.repeats
    title = "" if view is Table.repeats else f"the first is better than the second at equal {axis}"
    show(rows, as_json=as_json, columns=["model"] * several + columns, title=title)
    for line in [*found.remarks, *(repeat.sentence() for repeat in found.repeats)]:
        say(f"note: {line}")
    if plot or by_difficulty is not None:
        _draw(folders, ask, axis, plots / folders[0].name, by_difficulty, model)


def _table(found: Any, view: Table) -> tuple[list[dict[str, Any]], list[str]]:
    if view is Table.repeats:
        return [repeat.row() for repeat in found.repeats], REPEATS
    if view is Table.budgets:
        return [row for one in found.pairs for row in one.budgets()], BUDGETS
    return [one.row() for one in found.pairs], PAIRS


def _draw(
    folders: list[RunFolder],
    ask: Ask,
    axis: str,
    folder: Path,
    by_difficulty: Path | None,
    model: str | None,
) -> None:
    from scaling_cli.difficulty import difficulty_of
    from scaling_cli.figures.searches import difficulty_figure, searches_figure
    from scaling_cli.repeats import joined
    from scaling_cli.searchlines import lines_of
    from scaling_cli.store import RunFolder

    # Solutions cut short afterwards are samples only: searches were run at one limit.
    lines = lines_of(joined(folders, replace(ask, caps=[])).curves)
    write_figure(searches_figure(lines), folder, "searches")
    if by_difficulty is not None:
        bins = difficulty_of(RunFolder.open(by_difficulty), ask, model or lines[0].model)
        write_figure(difficulty_figure(lines, bins, axis), folder, "searches-by-difficulty")
