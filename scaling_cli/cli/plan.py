"""`scale plan`: the bill before a run, and how sure it will make one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaling_cli.cli.asking import PerMillion
from scaling_cli.cli.output import Json, say, working
from scaling_cli.cli.planned import Table, show_plan
from scaling_cli.cli.run import Data, Limit, Results, Set, SweepFile

if TYPE_CHECKING:
    from scaling_cli.planning.bill import Prices
    from scaling_cli.planning.pace import PaceOf
    from scaling_cli.planning.verifying import ReadingOf
    from scaling_cli.planning.whole import Asked, Lacking, Whole
    from scaling_cli.running.prepare import PreparedCell
    from scaling_cli.sweep import Sweep
    from scaling_cli.types import Architecture

Evidence = Annotated[
    list[Path] | None,
    typer.Option("--from", help="One more run to learn from, besides those in --results."),
]
Throughput = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[MODEL=]N",
        help="New tokens a second, or those that a verifier reads; may be repeated.",
    ),
]
Hardware = Annotated[
    str | None,
    typer.Option(help="A device, such as h100, or its FLOPS,BANDWIDTH[,MEMORY]: a roofline."),
]
Utilisation = Annotated[
    float, typer.Option(help="Share of the hardware's peaks that is taken to be reached.")
]
Probe = Annotated[
    bool, typer.Option("--probe", help="Start each engine, and sample or score for 30 seconds.")
]
PerHour = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[MODEL=]DOLLARS", help="Price of an hour of one device; may be repeated."
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
        said_reading=_said_reading(throughput),
        measure_reading=_measure_reading if probe else None,
        bound_reading=_bound_reading(hardware, utilisation),
        prices=_prices(dollars_per_hour, dollars_per_million),
        detect=detect,
    )
    architectures = _architectures(config)
    priced = [*(dollars_per_hour or []), *(dollars_per_million or [])]
    named = [*_named(throughput or []), *_named(priced), *architectures]
    found, notes = _planned(loaded, results, evidence or [], asked, architectures, named)
    show_plan(loaded.name, found, view, as_json=as_json)
    for line in notes:
        say(f"note: {line}")


def _planned(
    sweep: Sweep,
    results: Path,
    evidence: Sequence[Path],
    asked: Asked,
    architectures: Mapping[str, Architecture],
    said_of: Sequence[str],
) -> tuple[Whole, list[str]]:
    """The plan, kept beside the run, and what must be said of it."""
    from scaling_cli.planning.absent import planned_cells
    from scaling_cli.planning.kept import keep
    from scaling_cli.planning.whole import check_names, make_plan, runs_to_learn_from
    from scaling_cli.store import RunFolder, run_folders

    folder = RunFolder(results / sweep.name)
    named = [RunFolder.open(one) for one in evidence]
    folders = runs_to_learn_from(folder, named, run_folders(results))
    with working(f"preparing {sweep.name}"):
        cells, notes = planned_cells(sweep, architectures)
    check_names(cells, said_of)
    found = make_plan(cells, sweep, folder, folders, asked, say)
    return found, [*filter(None, [*notes, *found.remarks, keep(folder, found)])]


def _named(texts: list[str]) -> list[str]:
    """The models that `[MODEL=]VALUE` options say something of."""
    return [text.rpartition("=")[0] for text in texts]


def _said(throughput: list[str] | None) -> PaceOf:
    from scaling_cli.planning.pace import given

    return given(_numbers_by_model(throughput, "--throughput"))


def _bound(hardware: str | None, utilisation: float) -> PaceOf:
    from scaling_cli.laws.roofline import parse_hardware
    from scaling_cli.planning.pace import bounded, first_known

    return first_known() if hardware is None else bounded(parse_hardware(hardware), utilisation)


def _said_reading(throughput: list[str] | None) -> ReadingOf:
    from scaling_cli.planning.verifying import given

    return given(_numbers_by_model(throughput, "--throughput"))


def _bound_reading(hardware: str | None, utilisation: float) -> ReadingOf:
    from scaling_cli.laws.roofline import parse_hardware
    from scaling_cli.planning.verifying import bounded, first_known

    return first_known() if hardware is None else bounded(parse_hardware(hardware), utilisation)


def _measure(cells: Sequence[PreparedCell]) -> PaceOf:
    from scaling_cli.planning.pace import probed
    from scaling_cli.running import probe

    return probed(probe.probe(cells, say, probe.SECONDS))


def _measure_reading(lacking: Sequence[Lacking]) -> ReadingOf:
    from scaling_cli.planning.verifying import probed
    from scaling_cli.running import probe, reading_probe

    return probed(reading_probe.probe(lacking, say, probe.SECONDS))


def _prices(per_hour: list[str] | None, per_million: list[str] | None) -> Prices:
    from scaling_cli.planning.bill import Prices
    from scaling_cli.pricing import hourly_prices, token_prices

    # How many calls a device works on at once is known here from its speed.
    hourly = {model: dollars for model, (dollars, _) in hourly_prices(per_hour or []).items()}
    return Prices(per_hour=hourly, per_token=token_prices(per_million or []))


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


def _numbers_by_model(texts: list[str] | None, option: str) -> dict[str, float]:
    """`[MODEL=]N` texts as a mapping; without a model the number is for all."""
    found: dict[str, float] = {}
    for text in texts or []:
        name, _, value = text.rpartition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise typer.BadParameter(f"{option} {text}: {value!r} is no number") from None
    return found
