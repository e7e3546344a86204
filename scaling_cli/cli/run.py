"""`scale run` and `scale grade`: fill a run's bank, and read its answers again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaling_cli.cli.output import Json, say, show, working

if TYPE_CHECKING:
    from scaling_cli.running.run import Outcome
    from scaling_cli.store import RunFolder
    from scaling_cli.sweep import Sweep

SweepFile = Annotated[Path, typer.Argument(help="A sweep file, such as sweeps/quickstart.yaml.")]
Results = Annotated[
    Path, typer.Option("--results", help="The folder that holds one folder per run.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the sweep file."),
]
Data = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="TASK=FILE", help="Take a task's questions from a local file."),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Ask at most so many questions.")]


class Equality(StrEnum):
    """What makes two answers one."""

    math = "math"
    string = "string"


class Source(StrEnum):
    """What is graded again."""

    answers = "answers"
    texts = "texts"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        "run",
        epilog="Example: scale run sweeps/gsm8k-qwen-coder.yaml --data gsm8k=gsm8k_test.jsonl",
    )(run)
    app.command("grade", epilog="Example: scale grade results/quickstart --equality string")(grade)


def run(
    sweep: SweepFile,
    results: Results = Path("results"),
    data: Data = None,
    override: Set = None,
    limit: Limit = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what is missing and what it would cost.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Sample what a sweep still lacks. Running it again resumes, extends, or does nothing."""
    from scaling_cli.cli.sweeps import read_sweep

    loaded = read_sweep(sweep, data=data, override=override, limit=limit)
    if dry_run:
        _show_plan(loaded, results / loaded.name, as_json=as_json)
        return
    _run(loaded, results / loaded.name, as_json=as_json)


def _run(sweep: Sweep, path: Path, *, as_json: bool) -> None:
    from scaling_cli.distinguish import beside_strategy
    from scaling_cli.running.tables import STATUS, status_rows

    folder, outcome = sample(sweep, path)
    say(f"{outcome.drawn} tokens sampled; results in {path}")
    rows = status_rows(folder)
    show(rows, as_json=as_json, columns=beside_strategy(STATUS, rows), title=sweep.name)
    for call, error in outcome.failed[:5]:
        say(f"failed: {call}: {error}")
    if outcome.failed:
        say(f"{len(outcome.failed)} samples failed and stay in the denominator; run again to retry")
        raise typer.Exit(1)


def sample(sweep: Sweep, path: Path) -> tuple[RunFolder, Outcome]:
    """Draw what the run at `path` lacks, with weights fetched and progress shown."""
    from scaling_cli.cli.display import shown
    from scaling_cli.cli.pulling import ensure_weights
    from scaling_cli.planning.kept import before_sampling
    from scaling_cli.recorded import Ask
    from scaling_cli.running.prepare import copies, prepare
    from scaling_cli.running.run import run_cells
    from scaling_cli.store import RunFolder, run_folders
    from scaling_cli.summary import accuracy_rows

    folder = RunFolder.create(path)
    with folder.lock():
        ensure_weights(sweep)
        say(f"preparing {sweep.name}")
        prepared = prepare(sweep)
        for line in copies(prepared):
            say(f"note: {line}")
        if failure := before_sampling(prepared, sweep, folder, run_folders(path.parent)):
            say(f"note: {failure}")
        try:
            with shown() as progress:
                outcome = run_cells(prepared, sweep, folder, progress)
        except KeyboardInterrupt:
            say("stopped: what was recorded is kept; the same command goes on")
            raise typer.Exit(130) from None
        ask = Ask(sweep.selectors, sweep.ks, sweep.caps, sweep.extraction, sweep.equality)
        folder.write_summary(accuracy_rows(folder, ask))
    return folder, outcome


def _show_plan(sweep: Sweep, path: Path, *, as_json: bool) -> None:
    from scaling_cli.distinguish import beside_strategy
    from scaling_cli.running.tables import plan_rows
    from scaling_cli.store import RunFolder

    with working(f"preparing {sweep.name}"):
        rows = plan_rows(sweep, RunFolder(path))
    columns = ["model", "task", "strategy", "width", "verifier", "temperature", "max_tokens",
               "samples", "recorded", "missing", "unscored", "tokens", "verifier_tokens",
               "flops", "basis"]  # fmt: skip
    if not any(row["unscored"] for row in rows):
        columns.remove("unscored")
    columns = beside_strategy(columns, rows)
    show(rows, as_json=as_json, columns=columns, title=f"{sweep.name}: what is still to be drawn")


def grade(
    run: Annotated[Path, typer.Argument(help="A run's folder, such as results/quickstart.")],
    equality: Annotated[
        Equality, typer.Option(help="When two answers are the same.")
    ] = Equality.math,
    source: Annotated[
        Source,
        typer.Option("--from", help="Keep the answers, or read them out of the texts again."),
    ] = Source.answers,
    as_json: Json = False,
) -> None:
    """Grade a run's recorded answers again, without sampling."""
    from scaling_cli.running.regrade import regrade
    from scaling_cli.store import RunFolder

    folder = RunFolder.open(run)
    with folder.lock():
        rows = regrade(folder, equality.value, say, source.value)
    show(rows, as_json=as_json, title=f"{folder.name}, graded under {equality.value} equality")
