"""`scale verifiers` and `scale score`: what may score a solution, and scoring recorded banks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.output import Json, say, show

if TYPE_CHECKING:
    from scaling_cli.store import RunFolder
    from scaling_cli.sweep import VerifierSpec

verifiers_app = typer.Typer(
    help="Verifiers and their options.",
    epilog="Example: scale verifiers list",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(verifiers_app, name="verifiers")
    app.command(
        "score",
        epilog="Example: scale score results/quickstart --verifier judge "
        "--model qwen2.5-coder-0.5b-instruct",
    )(score)


@verifiers_app.command("list", epilog="Example: scale verifiers list")
def list_verifiers(as_json: Json = False) -> None:
    """The verifiers a sweep may name."""
    from scaling_cli.verifiers import ASKING, UPPER_BOUNDS, VERIFIERS

    rows = [
        {
            "name": name,
            "asks a model": name in ASKING,
            "upper bound": name in UPPER_BOUNDS,
            "what": _module(name).__doc__.splitlines()[0],
        }
        for name in VERIFIERS
    ]
    show(rows, as_json=as_json)


@verifiers_app.command("show", epilog="Example: scale verifiers show judge")
def show_verifier(name: str, as_json: Json = False) -> None:
    """A verifier's source and its options with their defaults."""
    from scaling_cli.verifiers import options_of

    options = options_of(name)
    facts = {"name": name, "source": _module(name).__doc__.strip(), **options}
    if as_json:
        show([facts], as_json=True)
        return
    show([{"fact": key, "value": value} for key, value in facts.items()], as_json=False)


def _module(name: str) -> Any:
    import importlib

    from scaling_cli.verifiers import VERIFIERS

    return importlib.import_module(VERIFIERS[name].partition(":")[0])


def score(
    run: Annotated[Path, typer.Argument(help="A run's folder, such as results/quickstart.")],
    verifier: Annotated[str, typer.Option("--verifier", help="Who scores: scale verifiers list.")],
    model: Annotated[str | None, typer.Option("--model", help="The model it asks.")] = None,
    engine: Annotated[
        str | None,
        typer.Option("--engine", help="The engine of that model: llamacpp if not said."),
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="What to call it in rows.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the verifier."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score the samples of a recorded run, without sampling again."""
    from scaling_cli.cli.display import shown
    from scaling_cli.grading import GraderPool
    from scaling_cli.running.bench import score_run
    from scaling_cli.running.prepare import prepare_verifier
    from scaling_cli.running.regrade import asked_by_sweep
    from scaling_cli.store import RunFolder
    from scaling_cli.summary import accuracy_rows

    folder = RunFolder.open(run)
    scorer = prepare_verifier(_spec(folder, verifier, model, engine, label, option or ()))
    with folder.lock("scale score"):
        with GraderPool() as grader, shown() as progress:
            failed = score_run(folder, scorer, grader, progress)
        folder.write_summary(accuracy_rows(folder, asked_by_sweep(folder)))
    rows = _scored(folder, scorer.label)
    show(rows, as_json=as_json, title=f"{folder.name}, scored by {scorer.label}")
    for sample, error in failed[:5]:
        say(f"failed: {sample}: {error}")
    if failed:
        say(f"{len(failed)} scorings failed; the same command tries them again")
        raise typer.Exit(1)


def _spec(
    folder: RunFolder,
    name: str,
    model: str | None,
    engine: str | None,
    label: str | None,
    options: Sequence[str],
) -> VerifierSpec:
    """The verifier that the command line describes, checked as a sweep file's is."""
    from scaling_cli.cli.sweeps import known
    from scaling_cli.errors import SweepError
    from scaling_cli.sweep_file import load_verifier
    from scaling_cli.verifiers import ASKING

    given = {"label": label, "model": model, "engine": engine}
    keys = {"name": name} | {key: value for key, value in given.items() if value is not None}
    if name in ASKING and model is None and not any(o.startswith("model=") for o in options):
        raise SweepError(f"the verifier {name} has no model", "name it: --model NAME")
    drawn_by = {cell.details.get("engine") for cell in folder.read_manifest().cells.values()}
    return load_verifier(keys, known(), options, fake=drawn_by == {"fake"})


def _scored(folder: RunFolder, label: str) -> list[dict[str, Any]]:
    """The run's rows that this verifier's scores decide, at the whole of each bank."""
    shown = ("model", "task", "selector", "k", "accuracy", "lo", "hi", "verifier_tokens",
             "flops_verifier")  # fmt: skip
    rows = folder.read_summary().to_pylist()
    return [
        {name: row[name] for name in shown}
        for row in rows
        if row["verifier"] == label and row["k"] & (row["k"] - 1) == 0
    ]
