"""A sweep's cells, and the identity that names a cell."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from scaling_cli.sweep_change import data_files, sweep_to_dict, with_data, with_limit
from scaling_cli.sweep_nouns import (
    Cell,
    EngineSpec,
    ModelSpec,
    Pairs,
    Settings,
    StrategySpec,
    Sweep,
    TaskSpec,
    VerifierSpec,
)
from scaling_cli.types import Sampler

__all__ = [
    "Cell",
    "EngineSpec",
    "ModelSpec",
    "Settings",
    "StrategySpec",
    "Sweep",
    "TaskSpec",
    "VerifierSpec",
    "cell_key",
    "cells",
    "count_cells",
    "data_files",
    "identity",
    "sweep_to_dict",
    "with_data",
    "with_limit",
]

SAMPLING = "sampling"
"""The generator that fills a bank, and the one a greedy cell uses."""


def cells(sweep: Sweep) -> list[Cell]:
    """Every cell of the sweep, a model's greedy one first; the order is that of the file."""
    found: list[Cell] = []
    for model, task in itertools.product(sweep.models, sweep.tasks):
        lengths = _lengths(sweep, model, task)
        if sweep.greedy:
            found += [_greedy(sweep, model, task, length) for length in lengths]
        for strategy in sweep.strategies:
            found += _searched(sweep, model, task, strategy, lengths)
    return list(dict.fromkeys(found))


def count_cells(sweep: Sweep) -> int:
    """How many cells the sweep has at most, without making them."""
    products = sum(
        math.prod(len(values) for _, values in strategy.params) for strategy in sweep.strategies
    )
    settings = len(sweep.temperatures) * len(sweep.seeds) * products + sweep.greedy
    settings *= max(len(sweep.verifiers), 1)
    return len(sweep.models) * len(sweep.tasks) * len(sweep.max_tokens) * settings


def _greedy(sweep: Sweep, model: ModelSpec, task: TaskSpec, length: int) -> Cell:
    engine = model.engine or sweep.engine
    return Cell(model, task, engine, SAMPLING, (), _sampler(sweep, 0.0, length), 1, 0)


def _searched(
    sweep: Sweep, model: ModelSpec, task: TaskSpec, strategy: StrategySpec, lengths: tuple[int, ...]
) -> list[Cell]:
    """A strategy's cells on one model and task."""
    engine, samples = model.engine or sweep.engine, model.samples or sweep.samples
    if strategy.name != SAMPLING:
        # How many traces a search makes is its own parameter: a question is asked once.
        samples = 1
    temperatures = sweep.temperatures if model.temperature is None else (model.temperature,)
    axes = itertools.product(
        lengths,
        sweep.seeds,
        _products(strategy),
        temperatures,
        _lanes(sweep, model, task, strategy),
    )
    return [
        Cell(model, task, engine, strategy.name, params, sampler, samples, seed, **lane)
        for length, seed, params, temperature, lane in axes
        for sampler in [_sampler(sweep, temperature, length)]
        # Sampling at temperature 0 is the greedy cell again.
        if not (sweep.greedy and strategy.name == SAMPLING and temperature == 0)
    ]


def _lanes(
    sweep: Sweep, model: ModelSpec, task: TaskSpec, strategy: StrategySpec
) -> list[dict[str, Any]]:
    """A bank is drawn once and scored by every verifier; a search is led by one at a time.

    The model's own rule for steps comes before the task's, and that before the sweep's.
    """
    labels = strategy.verifiers
    chosen = tuple(v for v in sweep.verifiers if labels is None or v.label in labels)
    if strategy.name == SAMPLING:
        return [{"scorers": chosen}]
    led: tuple[VerifierSpec | None, ...] = chosen or (None,)
    step = model.step or task.step or sweep.step
    return [{"verifier": verifier, "step": step} for verifier in led]


def _lengths(sweep: Sweep, model: ModelSpec, task: TaskSpec) -> tuple[int, ...]:
    own = model.max_tokens or task.max_tokens
    return sweep.max_tokens if own is None else (own,)


def _products(strategy: StrategySpec) -> list[Pairs]:
    names = [name for name, _ in strategy.params]
    return [
        tuple(zip(names, values, strict=True))
        for values in itertools.product(*(values for _, values in strategy.params))
    ]


def _sampler(sweep: Sweep, temperature: float, max_tokens: int) -> Sampler:
    sampler = Sampler(
        temperature=temperature,
        max_tokens=max_tokens,
        top_p=sweep.top_p,
        top_k=sweep.top_k,
        min_p=sweep.min_p,
        repetition_penalty=sweep.repetition_penalty,
    )
    # One greedy answer whatever the truncation: these settings mean nothing there.
    return sampler if temperature else replace(sampler, top_p=1.0, top_k=0, min_p=0.0)


def identity(
    cell: Cell,
    *,
    weights_hash: str,
    tokenizer_hash: str,
    dtype: str,
    task_revision: str,
    prompt_hash: str,
    stop: tuple[str, ...] = (),
    verifier: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What makes two banks the same bank.

    How many samples and questions are wanted, selectors, ks and caps only extend or select and
    are not part of it; any other change is a new cell.
    """
    sampler = cell.sampler
    search: dict[str, Any] = {}
    if cell.step is not None:
        search = {"step": asdict(cell.step), "verifier": verifier}
    return search | {
        "weights": weights_hash,
        "tokenizer": tokenizer_hash,
        "engine": cell.engine.name,
        "dtype": dtype,
        "task": cell.task.name if cell.task.data is None else Path(cell.task.name).stem,
        "task_revision": task_revision,
        "prompt": prompt_hash,
        "strategy": cell.strategy,
        "params": dict(cell.params),
        "temperature": float(sampler.temperature),
        "top_p": float(sampler.top_p),
        "top_k": sampler.top_k,
        "min_p": float(sampler.min_p),
        "repetition_penalty": float(sampler.repetition_penalty),
        "stop": list(stop),
        "max_tokens": sampler.max_tokens,
        "seed": cell.seed,
    }


def cell_key(identity: Mapping[str, Any]) -> str:
    """16 hex digits of the SHA-256 of the identity's canonical JSON."""
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
