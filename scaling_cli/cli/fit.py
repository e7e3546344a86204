"""`scale fit`: the laws the papers use, each with a hold-out check or a reason to refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scaling_cli.cli.asking import (
    Axis,
    GroupBy,
    Intensity,
    PerHour,
    PerMillion,
    Plots,
    Runs,
    Unanswered,
    priced,
)
from scaling_cli.cli.output import Json, say, show

EPILOG = "Example: scale fit results/gsm8k-qwen-coder --law coverage --law voting --plot"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("fit", epilog=EPILOG)(fit)


def fit(
    runs: Runs,
    law: Annotated[
        list[str] | None,
        typer.Option("--law", help="coverage, success, voting, compute or size; may be repeated."),
    ] = None,
    axis: Axis = "flops",
    intensity: Intensity = None,
    dollars_per_million: PerMillion = None,
    dollars_per_hour: PerHour = None,
    unanswered: Annotated[
        Unanswered, typer.Option(help="Whether samples without an answer vote together.")
    ] = Unanswered.abstain,
    by: GroupBy = None,
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw coverage in the papers' two forms.")
    ] = False,
    plots: Plots = Path("plots"),
    as_json: Json = False,
) -> None:
    """Fit laws to recorded samples. A law that fails its hold-out check is refused, not drawn."""
    from scaling_cli.fits import LAWS, fit_rows, fit_runs, fits_document
    from scaling_cli.laws.selectors import Choice
    from scaling_cli.recorded import Ask
    from scaling_cli.store import RunFolder

    folders = [RunFolder.open(run) for run in runs]
    ask = Ask(
        selectors=("first", "majority", "best"),
        caps=[],
        by=None if by is None else by.value,
        choice=Choice(unanswered=unanswered.value, weight_map=""),
    )
    ask = priced(ask, intensity, dollars_per_million, dollars_per_hour)
    ask.pricing.check(axis)
    found = fit_runs(folders, ask, law or LAWS, axis, say)
    if law is None and by is None and axis == "flops":
        # The whole table and nothing else is what the run keeps.
        for folder in folders:
            mine = [item for item in found if item[0]["run"] == folder.name]
            with folder.lock():
                folder.write_fits(fits_document(mine))
    rows = fit_rows(found)
    columns = ["model", "task", "group", "law", "status", "found", "residual", "held_out", "reason"]
    show(rows if as_json else [_brief(row) for row in rows], as_json=as_json, columns=columns)
    if plot:
        _plot(found, folders[0].name, plots)


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a person reads it: parameters and the check in one cell each."""
    found = "; ".join(
        f"{name} {p['value']:.3g} [{p['lo']:.3g}, {p['hi']:.3g}]"
        for name, p in row["parameters"].items()
    )
    held = row["holdout"]
    checked = None
    if held is not None:
        verdict = "passed" if held["passed"] else "failed"
        checked = f"{verdict}: {held['predicted']:.3f} for {held['observed']:.3f}"
    return {**row, "found": found or None, "held_out": checked}


def _plot(found: list[Any], name: str, plots: Path) -> None:
    from scaling_cli.figures.coverage import coverage_figure
    from scaling_cli.figures.save import save

    drawn = [item for item in found if item[0]["law"] in ("coverage", "success")]
    if not drawn:
        say("only the laws of coverage are drawn: add --law coverage or --law success")
        return
    for path in save(coverage_figure(drawn), plots / name, "coverage"):
        say(f"wrote {path}")
