"""`scale import`: other people's samples become a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaling_cli.cli.output import Json, say, show
from scaling_cli.cli.run import Equality

if TYPE_CHECKING:
    from scaling_cli.importing.record import Import, Imported
    from scaling_cli.importing.rows import ImportedSample
    from scaling_cli.types import Architecture


class Format(StrEnum):
    """The formats that can be read; docs/import.md shows one of each."""

    samples = "samples"
    boinf = "boinf"
    counts = "counts"
    monkeys = "monkeys"
    search_and_learn = "search-and-learn"
    lm_eval = "lm-eval"
    inspect = "inspect"
    lighteval = "lighteval"
    nemo_skills = "nemo-skills"


EXAMPLE = (
    "Example: scale import boinf analysis_aime2025_gpt-oss-20b.jsonl --out results/aime "
    "--model gpt-oss-20b --task aime2025 --config gpt-oss-20b.json --prompt-tokens 200"
)


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("import", epilog=EXAMPLE)(import_)


def import_(
    format: Annotated[Format, typer.Argument(help="How the samples are written.")],
    path: Annotated[Path, typer.Argument(help="A file or folder of recorded samples.")],
    out: Annotated[Path, typer.Option("--out", help="The run's folder, made or added to.")],
    model: Annotated[
        str | None, typer.Option(help="The model's name, where the source does not say.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="The task's name.")] = None,
    only: Annotated[
        str | None, typer.Option(help="Of a source with several models, take only this one's.")
    ] = None,
    equality: Annotated[
        Equality, typer.Option(help="When two answers are the same.")
    ] = Equality.math,
    active_params: Annotated[
        float | None, typer.Option(help="Active parameters, such as 3.6e9: gives flops_2nt.")
    ] = None,
    total_params: Annotated[float | None, typer.Option(help="All parameters.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="The model's config.json: gives all FLOPs.")
    ] = None,
    prompt_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="Length of prompts whose length the source does not tell."),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="The limit the samples were drawn under, if there was one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a run from recorded samples; nothing is sampled, nothing dropped unsaid."""
    from scaling_cli.importing.record import Import

    given = Import(
        format=format.value,
        model=model,
        task=task,
        only=only,
        equality=equality.value,
        total_parameters=_whole(total_params),
        active_parameters=_whole(active_params),
        prompt_tokens=prompt_tokens,
        max_tokens=max_tokens,
    )
    said: list[str] = []
    rows = import_samples(path, out, config, given, say, said.append)
    show(rows, as_json=as_json, title=out.resolve().name)
    for line in said:
        say(line)


def import_samples(
    path: Path,
    out: Path,
    config: Path | None,
    given: Import,
    progress: Callable[[str], None],
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Import into the run at `out`: a row a model and task, and remarks said."""
    from scaling_cli.errors import TaskError
    from scaling_cli.importing import FORMATS
    from scaling_cli.importing.record import import_run
    from scaling_cli.recorded import Ask
    from scaling_cli.store import RunFolder
    from scaling_cli.summary import accuracy_rows

    if given.format not in FORMATS:
        raise TaskError(f"there is no format {given.format}", f"valid: {', '.join(FORMATS)}")
    given = replace(given, architecture=_architecture(config, given))
    folder = RunFolder.create(out)
    with folder.lock():
        found = import_run(FORMATS[given.format], path, folder, given, progress)
        folder.write_summary(accuracy_rows(folder, Ask(caps=[])))
    for line in _remarks(found, given):
        say(line)
    return [_row(*item) for item in found.tallies.values()]


def _architecture(config: Path | None, given: Import) -> Architecture | None:
    if config is None:
        return None
    from scaling_cli.importing.files import json_content
    from scaling_cli.models.architecture import architecture_from_config

    facts = architecture_from_config(json_content(config))
    return replace(
        facts,
        parameters=given.total_parameters or facts.parameters,
        active_parameters=given.active_parameters or facts.active_parameters,
    )


def _whole(value: float | None) -> int | None:
    if value is None:
        return None
    if not 1 <= value < 1e15:
        raise typer.BadParameter(f"{value:g} is not a number of parameters; write 3.6e9")
    return round(value)


def _row(name: tuple[str, str], tally: Any) -> dict[str, Any]:
    samples = max(tally.samples, 1)
    graded = tally.graded > 0
    return {
        "model": name[0],
        "task": name[1],
        "samples": tally.samples,
        "accuracy": tally.correct / samples,
        "as_strings": tally.as_strings / samples if graded else None,
        "shift": (tally.correct - tally.as_strings) / samples if graded else None,
        "disagreed": tally.disagreed,
        "timeouts": tally.timeouts,
    }


def _remarks(found: Imported, given: Import) -> list[str]:
    """What the person should know: what was left out and why, and what cannot be drawn."""
    lines = [
        f"left out: {refused.times} × {why} (first: {refused.first})"
        for why, refused in found.gathered.refused.items()
    ]
    lines += [
        f"not used: {unread.times} × {why} (first: {unread.first})"
        for why, unread in found.gathered.unread.items()
    ]
    lines.append(f"{found.gathered.taken} samples taken, {_left_out(found)} left out")
    for (model, task), tally in found.tallies.values():
        if tally.anonymous:
            lines.append(
                f"{model}, {task}: {tally.anonymous} wrong samples come without an answer, so "
                "nothing that votes is drawn, only first and coverage"
            )
        if tally.disagreed:
            lines.append(
                f"{model}, {task}: {tally.disagreed} samples are judged otherwise by their source; "
                f"here {given.equality} equality with gold decides"
            )
    return [*lines, *_costs(found, given)]


def _costs(found: Imported, given: Import) -> list[str]:
    """What can be charged: nothing without lengths, and then no option would help."""
    told = [_lengths(questions) for questions in found.gathered.cells.values()]
    lines = [
        f"{model}, {task}: "
        + ("no sample tells its length" if not known else
           f"{samples - known} of {samples} samples do not tell their length")
        + ", so there is accuracy against k and no axis of cost"
        for (model, task), (known, samples) in zip(found.gathered.cells, told, strict=True)
        if known < samples
    ]  # fmt: skip
    if len(lines) == len(told):
        return lines
    if given.architecture is None:
        axes = "flops_2nt and tokens" if given.active_parameters else "tokens"
        return [*lines, f"without --config the only costs are {axes}"]
    if given.prompt_tokens is None:
        lines.append("where the source tells no prompt length, flops stay empty: --prompt-tokens")
    return lines


def _lengths(questions: Mapping[str, Sequence[ImportedSample]]) -> tuple[int, int]:
    """How many samples tell their length, and how many there are."""
    members = [one for of_question in questions.values() for one in of_question]
    known = sum(one.copies for one in members if one.new_tokens is not None)
    return known, sum(one.copies for one in members)


def _left_out(found: Imported) -> int:
    return sum(refused.times for refused in found.gathered.refused.values())
