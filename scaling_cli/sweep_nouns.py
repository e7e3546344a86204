"""What a sweep is made of: frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaling_cli.types import Sampler, StepRule

Pairs = tuple[tuple[str, Any], ...]
"""A mapping as pairs sorted by key, so that what holds it can be hashed."""


class Settings(dict[str, Any]):
    """A mapping inside an option: a dict to whoever takes the option, and hashable."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(sorted(self.items(), key=lambda pair: pair[0])))


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine by name, with its options as sorted pairs."""

    name: str
    options: Pairs = ()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model, and what it overrides of the sweep."""

    name: str
    path: Path | None = None
    revision: str | None = None
    samples: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    engine: EngineSpec | None = None
    step: StepRule | None = None


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task: which questions, from where, and how they are put.

    `questions` is a count of the first ones, a tuple of ids or indices, sorted pairs of
    `count`, `seed` and `by`, or None for all.
    """

    name: str
    data: Path | None = None
    split: str = "test"
    seed: int = 0
    size: int | None = None
    options: Pairs = ()
    questions: Any = None
    prompt: str = "boxed"
    shots: int = 0
    shots_file: Path | None = None
    shots_seed: int = 0
    max_tokens: int | None = None
    step: StepRule | None = None


@dataclass(frozen=True, slots=True)
class VerifierSpec:
    """A verifier: what it is called here, its options, and the model it asks, if it asks one."""

    name: str
    label: str
    options: Pairs = ()
    model: ModelSpec | None = None
    engine: EngineSpec | None = None


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A generator with every value of every parameter to try; defaults are filled in.

    `verifiers` are the labels of those it is run with, None for all of the sweep's.
    """

    name: str
    params: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    verifiers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """A validated sweep file."""

    name: str
    models: tuple[ModelSpec, ...]
    tasks: tuple[TaskSpec, ...]
    engine: EngineSpec = EngineSpec("llamacpp")
    strategies: tuple[StrategySpec, ...] = (StrategySpec("sampling"),)
    question: str = ""
    samples: int = 16
    temperatures: tuple[float, ...] = (0.8,)
    max_tokens: tuple[int, ...] = (512,)
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seeds: tuple[int, ...] = (0,)
    greedy: bool = True
    selectors: tuple[str, ...] = ("first", "coverage", "majority", "best")
    ks: tuple[int, ...] | None = None
    caps: tuple[int, ...] | None = None
    extraction: str = "lenient"
    equality: str = "math"
    questions_in_flight: int | None = None
    verifiers: tuple[VerifierSpec, ...] = ()
    step: StepRule = field(default_factory=StepRule)


@dataclass(frozen=True, slots=True)
class Cell:
    """Model × task × strategy × parameters × sampler × seed, and how much of it is wanted.

    A search has the `verifier` that leads it and the `step` it goes by; a bank has the
    `scorers` that score its samples afterwards and are no part of what it is.
    """

    model: ModelSpec
    task: TaskSpec
    engine: EngineSpec
    strategy: str
    params: Pairs
    sampler: Sampler
    samples: int
    seed: int
    verifier: VerifierSpec | None = None
    step: StepRule | None = None
    scorers: tuple[VerifierSpec, ...] = ()

    @property
    def searches(self) -> bool:
        """Whether this is a cell of the search lane: its step rule says so."""
        return self.step is not None

    @property
    def greedy(self) -> bool:
        return self.sampler.temperature == 0
