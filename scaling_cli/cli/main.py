"""The `scale` command: its subcommands, and how errors end."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from scaling_cli import __version__
from scaling_cli.cli import (
    baseline,
    catalogue,
    check,
    compare,
    doctor,
    exchange,
    exporting,
    fit,
    frontier,
    importing,
    limits,
    plan,
    recommend,
    report,
    results,
    run,
    searching,
    verifying,
)
from scaling_cli.errors import ScaleError

app = typer.Typer(
    name="scale",
    help="Inference-time scaling laws: which model size, how many tokens and which strategy "
    "give the most correct answers for a compute budget, and how sure are we?",
    epilog="Example: scale run sweeps/quickstart.yaml",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
run.register(app)
plan.register(app)
importing.register(app)
results.register(app)
frontier.register(app)
limits.register(app)
fit.register(app)
exchange.register(app)
recommend.register(app)
compare.register(app)
searching.register(app)
exporting.register(app)
check.register(app)
baseline.register(app)
report.register(app)
catalogue.register(app)
verifying.register(app)
doctor.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"scale {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the whole traceback of an error.")
    ] = False,
) -> None:
    """Options that stand before the subcommand."""


def main() -> None:
    """Run the command line: a user's mistake is two lines on stderr and exit code 2."""
    try:
        app()
    except ScaleError as error:
        if "--debug" in sys.argv:
            raise
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
