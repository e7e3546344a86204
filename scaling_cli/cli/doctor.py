"""`scale doctor`: what works here, and what to do about what does not."""

from __future__ import annotations

import typer

from scaling_cli.cli.output import Json, show


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("doctor", epilog="Example: scale doctor --json")(doctor)


def doctor(as_json: Json = False) -> None:
    """Check engines, weights, tasks, the cache and the network. Exit 1 if nothing can sample."""
    from scaling_cli.running.checkup import findings

    rows = findings()
    show(rows, as_json=as_json, columns=["what", "state", "detail", "remedy"])
    engines = [row for row in rows if row["kind"] == "engine" and row["state"] == "ok"]
    if not engines:
        raise typer.Exit(1)
