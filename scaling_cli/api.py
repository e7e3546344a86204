"""What the command line does, as ten functions: rows are dictionaries, figures matplotlib's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scaling_cli.arguments import (
    CHOOSING,
    KEEP,
    By,
    Extraction,
    Kind,
    RunLike,
    Score,
    Selector,
    Unanswered,
    WeightMap,
    ask_of,
    load_runs,
    opened,
    priced,
    selection_of,
    without_loop,
)
from scaling_cli.errors import LawError
from scaling_cli.store import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "accuracy", "check", "compare", "fit", "frontier", "import_", "load", "plot", "recommend",
    "run",
]  # fmt: skip

Row = dict[str, Any]


def load(run: RunLike) -> RunFolder:
    """A run's folder, opened; StoreError where there is none.

    `folder.read_manifest()` says what it holds, `folder.sample_bank(cell)` gives a cell's graded
    answers as arrays, `folder.read_part(kind, cell)` any of its tables as Arrow.
    """
    return opened(run)


def run(
    sweep: str | Path,
    *,
    results: str | Path = "results",
    data: Mapping[str, str | Path] | None = None,
    settings: Mapping[str, Any] | None = None,
    limit: int | None = None,
) -> list[Row]:
    """Sample what a sweep file still lacks, as `scale run` does; a row a cell.

    `data` maps tasks to local files, `settings` overrides keys of the sweep file, `limit` asks at
    most so many questions. Progress goes to stderr. In a notebook the work is done in a thread
    of its own, since the notebook's event loop is taken.
    """
    from typer import Exit

    from scaling_cli.cli.run import sample
    from scaling_cli.cli.sweeps import read_sweep
    from scaling_cli.running.tables import status_rows

    loaded = read_sweep(
        Path(sweep),
        data=[f"{task}={file}" for task, file in (data or {}).items()],
        override=[f"{key}={json.dumps(value)}" for key, value in (settings or {}).items()],
        limit=limit,
    )
    try:
        folder, _ = without_loop(lambda: sample(loaded, Path(results) / loaded.name))
    except Exit:  # the command's answer to an interrupt
        raise KeyboardInterrupt from None
    return status_rows(folder)


def accuracy(
    *runs: RunLike,
    selectors: Sequence[Selector] | None = None,
    ks: Sequence[int] | None = None,
    caps: Sequence[int] | None = (),
    extraction: Extraction = "lenient",
    unanswered: Unanswered = "abstain",
    score: Score | None = None,
    weight_map: WeightMap | None = None,
    keep: int = KEEP,
    by: By | None = None,
) -> list[Row]:
    """Accuracy of every model, selector and k over all subsets, with 95% intervals and costs.

    `caps` are simulated token limits beside the real one; None takes powers of two. Here and
    below `weight_map` says how the selector "weighted" makes votes in [0, 1] of scores (None: exp
    of a mean log-probability, any other score as it is), and `keep` how many of the best scored
    vote in "best-majority".
    """
    from scaling_cli.summary import accuracy_rows

    folders = load_runs(runs)
    ask = ask_of(folders, selectors, ks, caps, extraction, unanswered, by, weight_map, keep)
    ask = replace(ask, score=score)
    rows = [row for folder in folders for row in accuracy_rows(folder, ask)]
    if not rows:
        raise LawError(
            "no cell has that many samples, or a score where one is needed",
            "leave ks and selectors out to see what there is",
        )
    return rows


def frontier(
    *runs: RunLike,
    axis: str = "flops",
    selectors: Sequence[Selector] = CHOOSING,
    extraction: Extraction = "lenient",
    weight_map: WeightMap | None = None,
    keep: int = KEEP,
    by: By | None = None,
    dollars_per_million: Sequence[str] = (),
    dollars_per_hour: Sequence[str] = (),
    intensity: float | None = None,
) -> list[Row]:
    """The compute-optimal configuration of every budget, with its band and odds.

    `dollars_per_million` ("[MODEL=]PROMPT,NEW[,CACHED]"), `dollars_per_hour`
    ("[MODEL=]DOLLARS/CALLS") and `intensity` (FLOPs per byte) are what the axes dollars and
    eflops need, here and below.
    """
    from scaling_cli.frontiers import frontier_tables

    folders = load_runs(runs)
    ask = ask_of(
        folders, selectors, None, None, extraction, by=by, weight_map=weight_map, keep=keep
    )
    tables = frontier_tables(
        folders, priced(ask, intensity, dollars_per_million, dollars_per_hour), axis
    )
    return [row for table in tables for row in table.rows()]


def fit(
    *runs: RunLike,
    laws: Sequence[str] | None = None,
    axis: str = "flops",
    unanswered: Unanswered = "abstain",
    by: By | None = None,
) -> list[Row]:
    """The papers' laws with intervals and a hold-out check; `status` says which are refused.

    Unlike `scale fit` this leaves the run's fits.json alone.
    """
    from scaling_cli.fits import LAWS, fit_rows, fit_runs

    folders = load_runs(runs)
    ask = ask_of(folders, CHOOSING, None, (), unanswered=unanswered, by=by)
    return fit_rows(fit_runs(folders, ask, laws or LAWS, axis, lambda line: None))


def recommend(
    *runs: RunLike,
    budget: float,
    axis: str = "flops",
    task: str | None = None,
    selectors: Sequence[Selector] = CHOOSING,
    extraction: Extraction = "lenient",
    weight_map: WeightMap | None = None,
    keep: int = KEEP,
    dollars_per_million: Sequence[str] = (),
    dollars_per_hour: Sequence[str] = (),
    intensity: float | None = None,
) -> list[Row]:
    """What to run for a budget a question, and a second row for twice the budget; each with the
    `sentence` that says it."""
    from scaling_cli.recommendations import recommend as recommended

    folders = load_runs(runs)
    ask = priced(
        ask_of(folders, selectors, None, None, extraction, weight_map=weight_map, keep=keep),
        intensity,
        dollars_per_million,
        dollars_per_hour,
    )
    return [row for one in recommended(folders, ask, axis, budget, task) for row in one.rows]


def compare(
    first: RunLike,
    second: RunLike,
    *,
    axis: str = "flops",
    detect: float = 0.05,
    selectors: Sequence[Selector] = CHOOSING,
    extraction: Extraction = "lenient",
    weight_map: WeightMap | None = None,
    keep: int = KEEP,
    dollars_per_million: Sequence[str] = (),
    dollars_per_hour: Sequence[str] = (),
    intensity: float | None = None,
) -> list[Row]:
    """First minus second at every k and every budget that both reach: difference, band, verdict.

    A side is a run, or "RUN:MODEL", "RUN:MODEL:SELECTOR" or "RUN::SELECTOR".
    """
    from scaling_cli.comparisons import compare_selections

    sides = selection_of(first), selection_of(second)
    folders = [side.folder for side in sides]
    ask = ask_of(folders, selectors, None, None, extraction, weight_map=weight_map, keep=keep)
    ask = priced(ask, intensity, dollars_per_million, dollars_per_hour)
    found = compare_selections(*sides, ask, axis=axis, detect=detect)
    return [row for one in found.matched for row in one.rows()]


def check(
    run: RunLike,
    baseline: str | Path | RunFolder,
    *,
    axis: str = "flops",
    selectors: Sequence[Selector] | None = None,
    tolerance: float = 0.0,
    cost_tolerance: float = 0.0,
    allow: Sequence[str] = (),
) -> list[Row]:
    """A run held against a baseline's file or another run, everywhere at once; a row a place.

    A `verdict` of "worse" or "dearer" is a regression. LawError where the two are of different
    things; `allow` names what may differ.
    """
    from scaling_cli.checking.opening import check_run
    from scaling_cli.checking.places import Terms

    chosen = None if selectors is None else tuple(selectors)
    terms = Terms(axis, chosen, tuple(allow), tolerance, cost_tolerance)
    path = baseline.path if isinstance(baseline, RunFolder) else Path(baseline)
    return [*check_run(opened(run), path, terms).rows]


def plot(
    *runs: RunLike,
    kind: Kind = "frontier",
    axis: str = "flops",
    selectors: Sequence[Selector] | None = None,
    weight_map: WeightMap | None = None,
    keep: int = KEEP,
    by: By | None = None,
    dollars_per_million: Sequence[str] = (),
    dollars_per_hour: Sequence[str] = (),
    intensity: float | None = None,
) -> Figure:
    """A figure, drawn and not saved: `figure.savefig("frontier.svg")`.

    "compare" takes two runs, or two selections of them; "heatmap" one task.
    """
    from scaling_cli.drawing import draw

    sides = [selection_of(side) for side in runs] if kind == "compare" else []
    folders = [side.folder for side in sides] or load_runs(runs)
    chosen = (
        CHOOSING if selectors is None and kind in ("frontier", "error", "compare") else selectors
    )
    # Simulated token limits are points of a frontier, and would crowd every other figure.
    caps = None if kind in ("frontier", "error", "compare") else ()
    ask = ask_of(folders, chosen, None, caps, by=by, weight_map=weight_map, keep=keep)
    ask = priced(ask, intensity, dollars_per_million, dollars_per_hour)
    return draw(kind, folders, ask, axis, sides)


def import_(
    format: str,
    path: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    task: str | None = None,
    only: str | None = None,
    equality: Literal["math", "string"] = "math",
    config: str | Path | None = None,
    total_parameters: int | None = None,
    active_parameters: int | None = None,
    prompt_tokens: int | None = None,
    max_tokens: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[Row]:
    """Make a run at `out` from recorded samples, as `scale import` does; a row a model and task.

    `say` is told what was left out and why.
    """
    from scaling_cli.cli.importing import import_samples
    from scaling_cli.importing.record import Import

    given = Import(
        format=format,
        model=model,
        task=task,
        only=only,
        equality=equality,
        total_parameters=total_parameters,
        active_parameters=active_parameters,
        prompt_tokens=prompt_tokens,
        max_tokens=max_tokens,
    )
    where = Path(path), Path(out), None if config is None else Path(config)
    return without_loop(lambda: import_samples(*where, given, lambda line: None, say))
