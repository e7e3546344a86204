"""`scale report`: one page to send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scaling_cli.cli.asking import Extraction, ReadAs, Runs, Selectors, open_runs
from scaling_cli.cli.output import Json, say, show


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("report", epilog="Example: scale report results/gsm8k-qwen-coder -o report.html")(
        report
    )


def report(
    runs: Runs,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write; it is replaced.")
    ] = Path("report.html"),
    budget: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="What a question may cost in the answer; without it, enough for the best."
        ),
    ] = None,
    axis: Annotated[
        str | None,
        typer.Option(help="The cost of the answer: flops, flops_2nt, tokens, …; the page has all."),
    ] = None,
    questions: Annotated[
        int | None,
        typer.Option(min=0, help="List only the first so many questions of each task."),
    ] = None,
    texts: Annotated[
        bool, typer.Option(help="Show what questions say and models wrote, where it is at hand.")
    ] = True,
    selector: Selectors = None,
    extraction: ReadAs = Extraction.lenient,
    as_json: Json = False,
) -> None:
    """One page to send: the answer, figures to explore, every question, the ledger, the sources.

    A single HTML file that loads nothing: it opens from a mail, light or dark, and prints. It
    holds the questions and what the models wrote where the run does; --no-texts leaves them out.
    """
    from scaling_cli.reporting import Budget, Wanted, report_data, write_page

    folders = open_runs(runs)
    for folder in folders:
        if (writer := folder.writer()) is not None:
            say(f"note: {folder.path} is being written by {writer}: the page has what is there now")
    wanted = Wanted(
        budget=Budget(budget, axis),
        selectors=tuple(selector) if selector else None,
        questions=questions,
        texts=texts,
        extraction=extraction.value,
    )
    model = report_data(folders, wanted)
    size = write_page(out, model, texts=texts)
    if as_json:
        show([_row(out, size, task) for task in model["tasks"]], as_json=True)
    for task in model["tasks"]:
        if len(model["tasks"]) > 1 and not as_json:
            typer.echo(f"{task['task']} ({', '.join(task['runs'])}):")
        if not as_json:
            typer.echo("\n".join(task["answer"]["sentences"] or [task["answer"]["how"]]))
        for note in [] if task["graded"] else task["notes"]:
            say(f"note: {task['task']}: {note}")
    say(f"wrote {out} ({size / 1e6:.1f} MB)")


def _row(out: Path, size: int, task: dict[str, Any]) -> dict[str, Any]:
    """What a program is told of one task."""
    told = {key: task[key] for key in ("task", "runs", "questions", "graded", "axis", "dominated")}
    return {"report": str(out), "bytes": size, **told, "sentences": task["answer"]["sentences"]}
