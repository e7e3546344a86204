"""`scale plan`: the bill before a run, and how sure it will make one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from scaling_cli.cli.output import Json, say, show
from scaling_cli.cli.run import Data, Limit, Results, Set, SweepFile

if TYPE_CHECKING:
    from scaling_cli.planning.bill import Prices
    from scaling_cli.planning.pace import PaceOf
    from scaling_cli.planning.whole import Asked, Whole
    from scaling_cli.running.prepare import PreparedCell
    from scaling_cli.sweep import Sweep
    from scaling_cli.types import Architecture

T = TypeVar("T")
Row = dict[str, Any]
CELLS = ["model", "task", "strategy", "width", "temperature", "max_tokens", "missing", "tokens",
         "basis", "verifier_tokens", "flops", "seconds", "machine_hours", "pace",
         "dollars"]  # fmt: skip
WIDTHS = ["model", "task", "strategy", "selector", "k", "questions", "accuracy", "half_width",
          "questions_to_halve", "samples_to_halve", "basis", "basis_from"]  # fmt: skip
DIFFERENCES = ["task", "first", "second", "difference", "smallest_difference", "detect",
               "questions_needed", "samples_needed", "basis"]  # fmt: skip


class Table(StrEnum):
    """The tables of `scale plan`."""

    cells = "cells"
    total = "total"
    widths = "widths"
    differences = "differences"


Evidence = Annotated[
    list[Path] | None,
    typer.Option("--from", help="One more run to learn from, besides those in --results."),
]
Throughput = Annotated[
    list[str] | None,
    typer.Option(metavar="[MODEL=]N", help="New tokens a second; may be repeated."),
]
Hardware = Annotated[
    str | None,
    typer.Option(help="A device, such as h100, or its FLOPS,BANDWIDTH[,MEMORY]: a roofline."),
]
Utilisation = Annotated[
    float, typer.Option(help="Share of the hardware's peaks that is taken to be reached.")
]
Probe = Annotated[
    bool, typer.Option("--probe", help="Start each engine and sample for 30 seconds.")
]
PerHour = Annotated[
    list[str] | None,
    typer.Option(metavar="[MODEL=]N", help="Price of an hour of one device."),
]
PerMillion = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[MODEL=]PROMPT,NEW[,CACHED]", help="Prices per million tokens of a server."
    ),
]
Config = Annotated[
    list[str] | None,
    typer.Option(metavar="MODEL=FILE", help="A model's config.json, where it is not here."),
]
Detect = Annotated[
    float, typer.Option(help="The difference to be decided, as a fraction of the questions.")
]
View = Annotated[
    Table | None, typer.Option("--table", help="Only this one; JSON: cells if not said.")
]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(
        "plan",
        epilog="Example: scale plan sweeps/gsm8k-qwen-coder.yaml --hardware h100 "
        "--dollars-per-hour 2.5 --detect 0.05",
    )(plan)


def plan(
    sweep: SweepFile,
    results: Results = Path("results"),
    data: Data = None,
    override: Set = None,
    limit: Limit = None,
    evidence: Evidence = None,
    throughput: Throughput = None,
    hardware: Hardware = None,
    utilisation: Utilisation = 0.4,
    probe: Probe = False,
    dollars_per_hour: PerHour = None,
    dollars_per_million: PerMillion = None,
    config: Config = None,
    detect: Detect = 0.05,
    view: View = None,
    as_json: Json = False,
) -> None:
    """What a sweep will take and how sure it will make you, before any token is sampled.

    Lengths, speeds and accuracies come from runs in --results where there are any (`recorded`,
    `similar`, `measured`), else from stated assumptions. `half_width` is half the 95% interval
    to expect; `smallest_difference` is what the questions show with 80% power. The plan is kept
    beside the run, and `scale status` compares it with what came of it.
    """
    from scaling_cli.cli.sweeps import read_sweep
    from scaling_cli.planning.whole import Asked

    loaded = read_sweep(sweep, data=data, override=override, limit=limit)
    asked = Asked(
        said=_said(throughput),
        measure=_measure if probe else None,
        bound=_bound(hardware, utilisation),
        prices=_prices(dollars_per_hour, dollars_per_million),
        detect=detect,
    )
    found, notes = _planned(loaded, results, evidence or [], asked, _architectures(config))
    _show(loaded.name, found, view, as_json=as_json)
    for line in notes:
        say(f"note: {line}")


def _planned(
    sweep: Sweep,
    results: Path,
    evidence: Sequence[Path],
    asked: Asked,
    architectures: Mapping[str, Architecture],
) -> tuple[Whole, list[str]]:
    """The plan, kept beside the run, and what must be said of it."""
    from scaling_cli.planning.absent import planned_cells
    from scaling_cli.planning.kept import keep
    from scaling_cli.planning.whole import make_plan, runs_to_learn_from
    from scaling_cli.store import RunFolder, run_folders

    folder = RunFolder(results / sweep.name)
    named = [RunFolder.open(one) for one in evidence]
    folders = runs_to_learn_from(folder, named, run_folders(results))
    cells, notes = planned_cells(sweep, architectures)
    found = make_plan(cells, sweep, folder, folders, asked, say)
    return found, [*filter(None, [*notes, *found.remarks, keep(folder, found)])]


def _said(throughput: list[str] | None) -> PaceOf:
    from scaling_cli.planning.pace import given

    return given(_by_model(throughput, "--throughput", float))


def _bound(hardware: str | None, utilisation: float) -> PaceOf:
    from scaling_cli.laws.roofline import parse_hardware
    from scaling_cli.planning.pace import bounded, first_known

    return first_known() if hardware is None else bounded(parse_hardware(hardware), utilisation)


def _measure(cells: Sequence[PreparedCell]) -> PaceOf:
    from scaling_cli.planning.pace import probed
    from scaling_cli.running import probe

    return probed(probe.probe(cells, say, probe.SECONDS))


def _prices(per_hour: list[str] | None, per_million: list[str] | None) -> Prices:
    from scaling_cli.laws.cost import TokenPrices
    from scaling_cli.planning.bill import Prices

    def read(text: str) -> TokenPrices:
        prompt, new, *cached = map(float, text.split(","))
        return TokenPrices(prompt, new, *cached)

    return Prices(
        per_hour=_by_model(per_hour, "--dollars-per-hour", float),
        per_token=_by_model(per_million, "--dollars-per-million", read),
    )


def _architectures(config: list[str] | None) -> dict[str, Architecture]:
    from scaling_cli.importing.files import json_content
    from scaling_cli.models.architecture import architecture_from_config

    found = {}
    for text in config or []:
        name, _, file = text.partition("=")
        if not name or not file:
            raise typer.BadParameter(f"--config {text}: write MODEL=FILE")
        found[name] = architecture_from_config(json_content(Path(file)))
    return found


def _by_model(texts: list[str] | None, option: str, read: Callable[[str], T]) -> dict[str, T]:
    """`[MODEL=]VALUE` texts as a mapping; without a model the value is for all."""
    found: dict[str, T] = {}
    for text in texts or []:
        name, _, value = text.rpartition("=")
        try:
            found[name] = read(value)
        except (ValueError, TypeError):
            raise typer.BadParameter(f"{option} {text}: {value!r} is no number") from None
    return found


def _show(name: str, plan: Whole, view: Table | None, *, as_json: bool) -> None:
    """All tables but the total, which a sentence says; or the one that is asked for."""
    tables: dict[Table, tuple[list[Row], list[str] | None, str]] = {
        Table.cells: (plan.cells, CELLS, f"{name}: what is still to be drawn"),
        Table.widths: (plan.widths, WIDTHS, "the 95% intervals to expect, ± half_width"),
        Table.differences: (plan.differences, DIFFERENCES, "the differences to be decided"),
        Table.total: ([plan.total], None, "in all"),
    }
    several = [Table.cells] if as_json else [Table.cells, Table.widths, Table.differences]
    for one in [view] if view else several:
        rows, columns, title = tables[one]
        if rows or as_json:
            show(rows, as_json=as_json, columns=columns, title=title)
    say(_sentence(plan.total))


def _sentence(total: Row) -> str:
    """The whole bill in a line."""
    from scaling_cli.cli.display import duration

    if not total["missing"]:
        return f"in all: nothing is missing of {total['samples']} samples"
    parts = [
        f"{total['missing']} of {total['samples']} samples to draw",
        f"{total['tokens']:.3g} tokens",
        "FLOPs not known" if total["flops"] is None else f"{total['flops']:.3g} FLOPs",
    ]
    if total["seconds"] is not None:
        parts.append(f"{duration(total['seconds'])} ({total['machine_hours']:.2g} device hours)")
    if total["dollars"] is not None:
        parts.append(f"${total['dollars']:.2f}")
    parts.append(
        f"{size(total['disk_bytes'])} on disk, up to {size(total['journal_bytes'])} more meanwhile"
    )
    if total["bytes_to_fetch"]:
        parts.append(f"{size(total['bytes_to_fetch'])} of weights to fetch first")
    return "in all: " + ", ".join(parts)


def size(count: float) -> str:
    """Bytes as a person says them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
