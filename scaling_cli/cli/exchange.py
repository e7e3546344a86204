"""`scale exchange`: a larger model once, or a smaller one many times for the same total compute?"""

from __future__ import annotations

from typing import Annotated

import typer

from scaling_cli.cli.asking import Runs
from scaling_cli.cli.output import Json, say, show

EPILOG = (
    "Example: scale exchange results/gsm8k-qwen-coder --small qwen2.5-coder-0.5b-instruct "
    "--large qwen2.5-coder-1.5b-instruct"
)


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("exchange", epilog=EPILOG)(exchange)


def exchange(
    runs: Runs,
    small: Annotated[str, typer.Option(help="The smaller model's name.")],
    large: Annotated[str, typer.Option(help="The larger model's name.")],
    ratio: Annotated[
        list[float] | None,
        typer.Option(help="Tokens of inference per token of pretraining; may be repeated."),
    ] = None,
    selector: Annotated[str, typer.Option(help="coverage, majority, best, …")] = "coverage",
    as_json: Json = False,
) -> None:
    """A larger model once against a smaller one k times, pretraining on the bill (Snell 2024)."""
    from scaling_cli.errors import LawError
    from scaling_cli.exchange import exchange_rows
    from scaling_cli.laws.exchange import RATIOS
    from scaling_cli.laws.selectors import SELECTORS
    from scaling_cli.store import RunFolder

    if selector not in SELECTORS:
        raise LawError(f"there is no selector {selector}", f"valid: {', '.join(SELECTORS)}")
    folders = [RunFolder.open(run) for run in runs]
    rows = exchange_rows(folders, small, large, ratio or RATIOS, selector)
    columns = ["task", "selector", "token_ratio", "multiple", "k", "small", "large", "difference",
               "lo", "hi", "verdict", "questions", "smallest_difference"]  # fmt: skip
    show(rows, as_json=as_json, columns=columns)
    for row in rows:
        if row["short"]:
            say(
                f"note: {row['task']}, ratio {row['token_ratio']:g}: the budget buys "
                f"k = {row['multiple']:.0f}, the bank ends at {row['k']}"
            )
    if selector == "coverage":
        say("note: coverage needs a perfect verifier: it is what the small model could win at most")
