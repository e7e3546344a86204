"""Reading a sweep file with the names that this installation knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scaling_cli import engines, models, strategies, tasks, verifiers
from scaling_cli.sweep import Sweep, data_files, with_data
from scaling_cli.sweep_file import Known, load_sweep
from scaling_cli.sweep_verifiers import KnownVerifiers
from scaling_cli.tasks.prompts import INSTRUCTIONS


def known() -> Known:
    """Every name a sweep file may use here."""
    return Known(
        models=list(models.MODELS),
        is_model=models.is_model_name,
        tasks=[*tasks.TASKS, tasks.GENERATED],
        is_task=tasks.is_task_name,
        engines={name: engines.options_of(name) for name in engines.ENGINES},
        strategies={name: strategies.parameters(name) for name in strategies.STRATEGIES},
        prompts=list(INSTRUCTIONS),
        any_model=("fake", "completions"),
        task_options=tasks.options_of,
        more_tasks=tasks.generated_names,
        verifiers=KnownVerifiers(
            options={name: verifiers.options_of(name) for name in verifiers.VERIFIERS},
            asking=verifiers.ASKING,
            own_engine=verifiers.OWN_ENGINE,
            fake_only=verifiers.FAKE_ONLY,
            check=verifiers.check,
            led=[name for name in strategies.STRATEGIES if strategies.needs_verifier(name)],
        ),
        check_strategy=strategies.check,
    )


def read_sweep(
    path: Path,
    *,
    data: Sequence[str] | None = None,
    override: Sequence[str] | None = None,
    limit: int | None = None,
) -> Sweep:
    """The sweep with the command line's changes."""
    sweep = load_sweep(path, known(), overrides=override or (), limit=limit)
    return with_data(sweep, data_files(data or (), sweep))
