"""Options that several commands share, and what they ask of recorded runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.output import say

if TYPE_CHECKING:
    from scaling_cli.recorded import Ask
    from scaling_cli.store import RunFolder

Runs = Annotated[list[Path], typer.Argument(help="Runs' folders, such as results/quickstart.")]
Selectors = Annotated[
    list[str] | None, typer.Option("--selector", help="Only this selector; may be repeated.")
]
Ks = Annotated[list[int] | None, typer.Option("--k", help="Only this k; may be repeated.")]
Intensity = Annotated[
    float | None,
    typer.Option(
        "--intensity",
        help="The hardware's FLOPs per byte of memory bandwidth, such as 295: gives eflops.",
    ),
]
PerMillion = Annotated[
    list[str] | None,
    typer.Option(
        "--dollars-per-million",
        metavar="[MODEL=]PROMPT,NEW[,CACHED]",
        help="Prices per million tokens of a server: gives dollars; may be repeated.",
    ),
]
PerHour = Annotated[
    list[str] | None,
    typer.Option(
        "--dollars-per-hour",
        metavar="[MODEL=]DOLLARS/CALLS",
        help="Price of an hour of a machine that works on so many calls at once: gives dollars; "
        "may be repeated.",
    ),
]


def _axes() -> list[str]:
    from scaling_cli.pricing import AXES, PRICED

    return [*AXES, *PRICED]


Axis = Annotated[
    str,
    typer.Option(
        "--axis",
        help="The cost: flops, flops_uncached, flops_engine, flops_2nt, tokens, seconds, dollars, "
        "eflops.",
        autocompletion=_axes,
    ),
]
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


def grouped(by: By | None) -> list[str]:
    return ["group"] if by else []


def with_verifier(columns: list[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns with who scored behind the strategy, where any of the rows has a verifier."""
    from scaling_cli.configurations import verified

    if not verified(rows):
        return columns
    place = columns.index("strategy") + 1
    return [*columns[:place], "verifier", *columns[place:]]


def open_runs(runs: list[Path]) -> list[RunFolder]:
    from scaling_cli.store import RunFolder

    return [RunFolder.open(run) for run in runs]


def make_ask(
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
    from scaling_cli.recorded import Ask

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


def priced(
    ask: Ask,
    intensity: float | None,
    per_million: Sequence[str] | None,
    per_hour: Sequence[str] | None,
) -> Ask:
    """The same, with what eflops and dollars need."""
    from dataclasses import replace

    from scaling_cli.pricing import read_pricing

    return replace(ask, pricing=read_pricing(intensity, per_million or [], per_hour or []))


def write_figure(figure: Any, folder: Path, name: str) -> None:
    from scaling_cli.figures.save import save

    for path in save(figure, folder, name):
        say(f"wrote {path}")
