"""`scale baseline`: what later runs are held against."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scaling_cli.cli.asking import Selectors
from scaling_cli.cli.output import Json, say, show

RUN = "A run's folder, such as results/quickstart."


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(
        "baseline", epilog="Example: scale baseline results/quickstart -o .ci/baseline.json"
    )(baseline)


def baseline(
    run: Annotated[Path, typer.Argument(help=RUN)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    selector: Selectors = None,
    cap: Annotated[
        list[int] | None,
        typer.Option("--cap", min=1, help="Keep the curves under this token limit too; repeat."),
    ] = None,
    axis: Annotated[
        list[str] | None,
        typer.Option("--axis", help="Keep this cost; repeat. [default: flops, tokens]"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a run's values per question, configuration and k to a small file for `scale check`.

    JSON with a question a line, no texts; the same run gives the same bytes.
    """
    from scaling_cli.checking.baseline_file import write_baseline
    from scaling_cli.checking.snapshot import COSTS, SELECTORS, snapshot
    from scaling_cli.store import RunFolder

    found = snapshot(
        RunFolder.open(run), selectors=selector or SELECTORS, axes=axis or COSTS, caps=cap or ()
    )
    size = write_baseline(output, found)
    rows = [
        {"model": one.model, "task": one.task, "strategy": one.strategy, "params": one.params,
         "limit": one.limit,
         "selector": name, "questions": len(one.question_ids), "ks": list(one.ks[: table.shape[1]]),
         "accuracy": float(table[:, -1].mean()), "costs": list(one.costs)}
        for one in found.curves
        for name, table in one.accuracy.items()
    ]  # fmt: skip
    columns = [name for name in rows[0] if name != "params" or any(r[name] != "{}" for r in rows)]
    show(rows, as_json=as_json, columns=columns, title=f"{found.run}: what a check will look at")
    say(f"wrote {output} ({size / 1000:.0f} kB)")
