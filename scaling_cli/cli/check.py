"""`scale check`: a run against its baseline, for CI."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.asking import Selectors
from scaling_cli.cli.output import Json, say, show
from scaling_cli.cli.run import Data, sample
from scaling_cli.errors import ScaleError

if TYPE_CHECKING:
    from scaling_cli.checking.check import Checked
    from scaling_cli.checking.places import Terms
    from scaling_cli.checking.snapshot import Snapshot
    from scaling_cli.store import RunFolder

COLUMNS = ["verdict", "what", "model", "strategy", "selector", "k", "at", "baseline", "run",
           "difference", "lo", "hi", "smallest_difference"]  # fmt: skip


class Allow(StrEnum):
    """What may differ between a run and its baseline."""

    questions = "questions"
    model = "model"
    prompt = "prompt"
    task = "task"
    sampler = "sampler"
    engine = "engine"
    grading = "grading"
    verifier = "verifier"
    strategy = "strategy"
    samples = "samples"
    missing = "missing"
    edited = "edited"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(
        "check", epilog="Example: scale check results/today --baseline .ci/baseline.json --confirm"
    )(check)


def check(
    run: Annotated[Path, typer.Argument(help="The folder of the run to be judged.")],
    baseline: Annotated[
        Path, typer.Option(help="A file that `scale baseline` wrote, or another run's folder.")
    ],
    axis: Annotated[str, typer.Option(help="The cost that is matched: flops, tokens, …")] = "flops",
    selector: Selectors = None,
    tolerance: Annotated[
        float, typer.Option(help="A drop of accuracy to put up with, as a fraction of questions.")
    ] = 0.0,
    cost_tolerance: Annotated[
        float, typer.Option(help="A rise of cost to put up with, as a share of it.")
    ] = 0.0,
    allow: Annotated[
        list[Allow] | None, typer.Option(help="Let this differ and compare all the same; repeat.")
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Sample a fallen run again, and ask for it twice.")
    ] = False,
    sweep: Annotated[
        Path | None, typer.Option(help="The sweep to sample again, if not as the run records it.")
    ] = None,
    data: Data = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a summary in Markdown.")] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Print annotations, and add to the step's summary.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Whether a run got worse than its baseline: exit code 0 no, 1 yes, 2 cannot compare.

    Paired over questions, at equal compute, everywhere on the curves at once: `lo` and `hi` are
    one-sided 95% bounds for all places together. A cost that has risen is a regression too,
    unless accuracy at that cost has risen with it. A run that has not changed fails at most one
    time in twenty, with --confirm one in a hundred.
    """
    from scaling_cli.checking.places import Terms

    selectors = None if selector is None else tuple(selector)
    allowed = tuple(one.value for one in allow or ())
    reports = _Reports(junit, markdown, github, as_json)
    try:
        terms = Terms(axis, selectors, allowed, tolerance, cost_tolerance)
        found = _judged(run, baseline, terms, (sweep, data or []) if confirm else None)
    except ScaleError as error:
        reports.write_error(error)
        raise
    reports.write(found)
    _print(found, as_json)
    if found.regressions:
        raise typer.Exit(1)


def _judged(
    run: Path, baseline: Path, terms: Terms, again: tuple[Path | None, list[str]] | None
) -> Checked:
    from scaling_cli.checking.check import check, confirm
    from scaling_cli.checking.opening import open_baseline, snapshot_like
    from scaling_cli.checking.sentences import power_lines
    from scaling_cli.store import RunFolder

    folder, before = RunFolder.open(run), open_baseline(baseline, terms)
    now = snapshot_like(folder, before.snapshot)
    found = check(now, before.snapshot, terms, edited=before.edited)
    for line in [*(f"note: {note}" for note in found.notes), *power_lines(found)]:
        say(line)
    if again is None or not found.regressions:
        return found
    say(f"{len(found.regressions)} places fell: sampling again")
    second = snapshot_like(_sampled_again(folder, now, *again), before.snapshot)
    return confirm(found, check(second, before.snapshot, terms, edited=before.edited))


def _sampled_again(
    folder: RunFolder, now: Snapshot, file: Path | None, data: list[str]
) -> RunFolder:
    from scaling_cli.checking.again import afresh, files_of, recorded_sweep
    from scaling_cli.cli.sweeps import read_sweep

    if file is not None:
        loaded = read_sweep(file, data=data)
    else:
        with recorded_sweep(folder, files_of(data)) as recorded:
            loaded = read_sweep(recorded)
    again, outcome = sample(*afresh(loaded, now, folder))
    if outcome.failed:
        say(f"note: {len(outcome.failed)} of the fresh samples failed and count as wrong")
    return again


class _Reports:
    """Where the verdict is written besides the terminal."""

    def __init__(
        self, junit: Path | None, markdown: Path | None, github: bool, as_json: bool
    ) -> None:
        self._junit, self._markdown, self._github = junit, markdown, github
        # GitHub reads commands from either stream; JSON must stand alone on its own.
        self._stream = sys.stderr if as_json else sys.stdout

    def write(self, found: Checked) -> None:
        from scaling_cli.checking.annotations import workflow_commands
        from scaling_cli.checking.junit import junit
        from scaling_cli.checking.markdown import markdown_summary

        self._write(junit(found), markdown_summary(found), workflow_commands(found))

    def write_error(self, error: ScaleError) -> None:
        from scaling_cli.checking.annotations import annotation_error
        from scaling_cli.checking.junit import junit_error
        from scaling_cli.checking.markdown import markdown_error

        told = error.message, error.hint
        self._write(junit_error(*told), markdown_error(*told), [annotation_error(*told)])

    def _write(self, xml: str, summary: str, commands: list[str]) -> None:
        for path, text in ((self._junit, xml), (self._markdown, summary)):
            if path is not None:
                _save(path, text)
        if self._github:
            print("\n".join(commands), file=self._stream, flush=True)
            if step := os.environ.get("GITHUB_STEP_SUMMARY"):
                with Path(step).open("a", encoding="utf-8") as file:
                    file.write(f"{summary}\n")


def _save(path: Path, text: str) -> None:
    from scaling_cli.store.atomic import replace_file

    def write(file: IO[bytes]) -> None:
        file.write(text.encode())

    replace_file(path, write)


def _print(found: Checked, as_json: bool) -> None:
    from scaling_cli.checking.printable import visible
    from scaling_cli.checking.sentences import describe, telling, verdict_line

    rows: list[dict[str, Any]] = [*found.rows] if as_json else telling(found.rows)
    limits = ["limit"] if any(row["limit"] is not None for row in found.rows) else []
    names = f"{visible(found.run)} against {visible(found.baseline)}"
    title = f"accuracy at equal {found.terms.axis}, and cost: {names}"
    show(rows, as_json=as_json, columns=[*COLUMNS, *limits], title=title)
    for row in found.regressions:
        say(f"{row['verdict']}: {describe(row)}")
    say(verdict_line(found))
