"""A sweep changed from the command line, and written down again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scaling_cli.errors import SweepError
from scaling_cli.sweep_nouns import (
    EngineSpec,
    ModelSpec,
    StrategySpec,
    Sweep,
    TaskSpec,
    VerifierSpec,
)
from scaling_cli.types import StepRule


def data_files(options: Sequence[str], sweep: Sweep) -> dict[str, Path]:
    """`--data TASK=FILE` read; SweepError for a task not in the sweep or an absent file."""
    names = [task.name for task in sweep.tasks]
    found: dict[str, Path] = {}
    for option in options:
        name, mark, file = option.partition("=")
        if not mark or not file:
            raise SweepError(f"--data {option} is not TASK=FILE", f"write --data {names[0]}=FILE")
        if name not in names:
            raise SweepError(
                f"--data {option}: the sweep has no task {name}", f"its tasks: {', '.join(names)}"
            )
        if not Path(file).is_file():
            raise SweepError(
                f"--data {option}: {file} is not a file", "name a JSONL or Parquet file"
            )
        found[name] = Path(file)
    return found


def with_data(sweep: Sweep, files: Mapping[str, Path]) -> Sweep:
    """The sweep with the questions of some tasks taken from local files."""
    tasks = tuple(replace(task, data=files.get(task.name, task.data)) for task in sweep.tasks)
    return replace(sweep, tasks=tasks)


def with_limit(sweep: Sweep, limit: int) -> Sweep:
    """The sweep on at most `limit` questions of each task."""
    if limit < 1:
        raise SweepError(f"--limit {limit} leaves no question", "ask for at least 1")
    tasks = (replace(task, questions=_at_most(task.questions, limit)) for task in sweep.tasks)
    return replace(sweep, tasks=tuple(tasks))


def _at_most(choice: Any, limit: int) -> Any:
    if choice is None:
        return (("first", limit),)
    if isinstance(choice, int):
        return min(choice, limit)
    if choice and isinstance(choice[0], tuple):
        pairs = dict(choice)
        if "first" in pairs:
            return (("first", min(pairs["first"], limit)),)
        return tuple(sorted({**pairs, "count": min(pairs["count"], limit)}.items()))
    return choice[:limit]


def sweep_to_dict(sweep: Sweep) -> dict[str, Any]:
    """The sweep as a sweep file would say it, every default written out, for the manifest.

    Of an absolute path only the last name is kept.
    """
    return {
        "name": sweep.name,
        "question": sweep.question,
        "engine": _engine(sweep.engine),
        "models": [_model(model) for model in sweep.models],
        "tasks": [_task(task) for task in sweep.tasks],
        "strategies": [_strategy(strategy) for strategy in sweep.strategies],
        "samples": sweep.samples,
        "temperature": list(sweep.temperatures),
        "max_tokens": list(sweep.max_tokens),
        "top_p": sweep.top_p,
        "top_k": sweep.top_k,
        "min_p": sweep.min_p,
        "repetition_penalty": sweep.repetition_penalty,
        "seeds": list(sweep.seeds),
        "greedy": sweep.greedy,
        "selectors": list(sweep.selectors),
        "extraction": sweep.extraction,
        "equality": sweep.equality,
        **_given(ks=sweep.ks, caps=sweep.caps, questions_in_flight=sweep.questions_in_flight),
        **_search(sweep),
    }


def _search(sweep: Sweep) -> dict[str, Any]:
    """What only searches and their verifiers need."""
    verifiers = [_verifier(verifier) for verifier in sweep.verifiers]
    step = _step(sweep.step) if verifiers or sweep.step != StepRule() else None
    return _given(verifiers=verifiers or None, step=step)


def _step(rule: StepRule | None) -> dict[str, Any] | None:
    return None if rule is None else {"ends": rule.name, "max_tokens": rule.max_tokens}


def _verifier(verifier: VerifierSpec) -> dict[str, Any]:
    return _given(
        name=verifier.name,
        label=verifier.label,
        **_thawed(dict(verifier.options)),
        model=None if verifier.model is None else _shown(verifier.model.name),
        engine=None if verifier.engine is None else _engine(verifier.engine),
    )


def _engine(engine: EngineSpec) -> dict[str, Any]:
    return {"name": engine.name, **_thawed(dict(engine.options))}


def _model(model: ModelSpec) -> dict[str, Any]:
    return _given(
        name=_shown(model.name),
        path=model.path,
        revision=model.revision,
        samples=model.samples,
        max_tokens=model.max_tokens,
        temperature=model.temperature,
        engine=None if model.engine is None else _engine(model.engine),
        step=_step(model.step),
    )


def _task(task: TaskSpec) -> dict[str, Any]:
    questions = task.questions
    if isinstance(questions, tuple) and isinstance(questions[0], tuple):
        questions = _given(**dict(questions))
    return _given(
        name=_shown(task.name),
        data=task.data,
        split=task.split,
        seed=task.seed,
        size=task.size,
        options=dict(task.options) or None,
        questions=questions,
        prompt=task.prompt,
        shots=task.shots,
        shots_file=task.shots_file,
        shots_seed=task.shots_seed,
        max_tokens=task.max_tokens,
        step=_step(task.step),
    )


def _strategy(strategy: StrategySpec) -> dict[str, Any]:
    params = {key: list(values) for key, values in strategy.params}
    return {"name": strategy.name, **params, **_given(verifiers=strategy.verifiers)}


def _given(**values: Any) -> dict[str, Any]:
    return {key: _thawed(value) for key, value in values.items() if value is not None}


def _thawed(value: Any) -> Any:
    """Plain lists, dicts and text."""
    if isinstance(value, Path):
        return _shown(str(value))
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value


def _shown(text: str) -> str:
    return Path(text).name if Path(text).is_absolute() else text
