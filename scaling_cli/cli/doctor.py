"""`scale doctor`: what works here, and what to do about what does not."""

from __future__ import annotations

from typing import Annotated

import typer

from scaling_cli.cli.output import Json, say, show


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("doctor", epilog="Example: scale doctor --json")(doctor)


def doctor(
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Import no engine, read no weights, sample nothing."),
    ] = False,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            "--engine", help="Start this engine and ask it eight questions; may be repeated."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check machine, engines, weights, tasks and network, and reproduce one known number.

    The number is what SmolLM2-135M answers to eight generated sums, greedily, on llama.cpp:
    fixed weights, prompts and problems through the whole of scale. Exit 1 if something that is
    here does not work, the number differs, or nothing can sample.
    """
    from dataclasses import asdict

    from scaling_cli.engines import ENGINES
    from scaling_cli.errors import EngineError
    from scaling_cli.running.checkup import findings

    for name in engine or []:
        if name not in ENGINES:
            raise EngineError(f"there is no engine {name}", f"valid: {', '.join(ENGINES)}")
    engines = engine or ([] if quick else ["llamacpp"])
    found = list(findings(say, quick=quick, engines=engines))
    columns = ["what", "state", "detail", "remedy"]
    show([asdict(one) for one in found], as_json=as_json, columns=columns)
    faults = [one.what for one in found if one.is_fault]
    if faults:
        say(f"to mend: {', '.join(faults)}")
    can_sample = any(one.kind == "engine" and one.state == "ok" for one in found)
    if not can_sample:
        say("nothing here can sample: install an engine, or name a server")
    if faults or not can_sample:
        raise typer.Exit(1)
