"""`scale compare`: two selections on the questions they share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scaling_cli.cli.asking import (
    Axis,
    Extraction,
    Intensity,
    Keep,
    PerHour,
    PerMillion,
    Plots,
    ReadAs,
    Selectors,
    Unanswered,
    WeightBy,
    make_ask,
    priced,
    voting,
    write_figure,
)
from scaling_cli.cli.output import Json, say, show, working

COLUMNS = ["at", "difference", "lo", "hi", "verdict", "questions", "smallest_difference",
           "questions_needed"]  # fmt: skip
NAMED = (
    "RUN, RUN:MODEL or RUN:MODEL:SELECTOR, RUN::SELECTOR for every model; a search by one part "
    "more: RUN:MODEL:rebase@judge, RUN::weighted:beam."
)


class Table(StrEnum):
    """What the rows of `scale compare` are."""

    differences = "differences"
    verdicts = "verdicts"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(
        "compare",
        epilog="Example: scale compare results/a:small:majority results/b:large --axis tokens",
    )(compare)


def compare(
    first: Annotated[str, typer.Argument(help=NAMED)],
    second: Annotated[str, typer.Argument(help="The other, named in the same way.")],
    axis: Axis = "flops",
    intensity: Intensity = None,
    dollars_per_million: PerMillion = None,
    dollars_per_hour: PerHour = None,
    detect: Annotated[
        float, typer.Option(help="The difference to be seen, as a fraction of the questions.")
    ] = 0.05,
    selector: Selectors = None,
    extraction: ReadAs = Extraction.lenient,
    weight_map: WeightBy = None,
    keep: Keep = 8,
    plot: Annotated[bool, typer.Option("--plot", help="Draw the differences.")] = False,
    plots: Plots = Path("plots"),
    view: Annotated[
        Table, typer.Option("--table", help="Rows: every difference, or a verdict a comparison.")
    ] = Table.differences,
    as_json: Json = False,
) -> None:
    """Whether the first is better than the second, at the same k and at the same compute.

    `lo` and `hi` hold the whole curve of differences with 95% (studentised maximum over draws of
    the questions), so `verdict` may be read at every place. At matched compute each side is at
    its best inside the budget, chosen on other questions than it is scored on.
    `smallest_difference` is what these questions show with 80% power, `questions_needed` how
    many would show --detect.
    """
    from scaling_cli.comparisons import compare_selections
    from scaling_cli.selection import parse_selection

    sides = parse_selection(first), parse_selection(second)
    ask = make_ask([side.folder for side in sides], selector or ["first", "majority", "best"],
                   None, None, extraction, Unanswered.abstain, None)  # fmt: skip
    ask = priced(ask, intensity, dollars_per_million, dollars_per_hour)
    ask = voting(ask, weight_map, keep)
    with working("comparing"):
        found = compare_selections(*sides, ask, axis=axis, detect=detect)
    rows = [row for one in found.matched for row in one.rows()]
    verdicts = [
        {"task": one.task, "matched": one.by, "first": one.first, "second": one.second,
         "verdict": one.law.verdict(), "sentence": one.sentence(detect)}
        for one in found.matched
    ]  # fmt: skip
    if as_json:
        show(verdicts if view is Table.verdicts else rows, as_json=True)
    for one in found.matched:
        if not as_json and view is Table.differences:
            title = f"{one.task}, matched {one.by}: {one.first} − {one.second}"
            show(one.rows(), as_json=False, columns=COLUMNS, title=title)
        say(f"{one.task}, {one.sentence(detect)}")
    for line in found.remarks:
        say(f"note: {line}")
    if plot:
        from scaling_cli.figures.compare import compare_figure

        write_figure(compare_figure(found.matched), plots / sides[0].folder.name, "compare")
