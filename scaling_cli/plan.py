"""Cells minus what is recorded, grouped so that each engine starts once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal

from scaling_cli.errors import SweepError
from scaling_cli.searched import verifier_label
from scaling_cli.sweep_nouns import Cell, EngineSpec, ModelSpec, Pairs

Sample = tuple[str, int]
"""A question's id and the number of a sample of it."""

ASSUMED_SHARE = 0.5
"""Share of `max_tokens` a sample is taken to need where nothing was recorded yet."""

Basis = Literal["recorded", "similar", "assumed"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A cell with its key and the questions it is asked on.

    A search asks the policy for `solutions` whole solutions' worth of tokens a question, and the
    verifier for `scores` scorings of each; a bank's unit is one sample.
    """

    key: str
    cell: Cell
    question_ids: tuple[str, ...]
    solutions: float = 1.0
    scores: float = 0.0


@dataclass(frozen=True, slots=True)
class Todo:
    """A wanted cell, which of its samples are missing, and which of a bank's are unscored.

    `unscored` maps a verifier's key to the recorded samples that it has not scored; those that
    are missing it will score besides.
    """

    wanted: Wanted
    missing: tuple[Sample, ...]
    unscored: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """How many samples the cell wants in all."""
        return len(self.wanted.question_ids) * self.wanted.cell.samples

    @property
    def recorded(self) -> int:
        return self.samples - len(self.missing)

    @property
    def scorings(self) -> int:
        """How many scores are missing of samples that are recorded."""
        return sum(map(len, self.unscored.values()))


@dataclass(frozen=True, slots=True)
class ModelGroup:
    """The cells with missing samples that one start of an engine serves."""

    model: ModelSpec
    engine: EngineSpec
    todo: tuple[Todo, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Every cell in the sweep's order, complete ones too."""

    todo: tuple[Todo, ...]

    @property
    def groups(self) -> tuple[ModelGroup, ...]:
        """What is left to draw, in the order in which the models first appear."""
        groups: dict[tuple[object, ...], list[Todo]] = {}
        for todo in self.todo:
            if todo.missing:
                model, engine = todo.wanted.cell.model, todo.wanted.cell.engine
                start = (model.name, model.path, model.revision, engine)
                groups.setdefault(start, []).append(todo)
        return tuple(
            ModelGroup(of[0].wanted.cell.model, of[0].wanted.cell.engine, tuple(of))
            for of in groups.values()
        )


@dataclass(frozen=True, slots=True)
class Expectation:
    """A row of `--dry-run`: what a cell wants, holds and will probably cost.

    `basis` says where `tokens_per_sample` comes from: the cell's own samples, those of the
    same model on the same task, or a share of `max_tokens`. `tokens` and `flops` are of the
    missing samples; `flops` is None where the architecture or the prompts are unknown. What the
    verifier reads and writes, and its share of `flops`, stand apart: it scores the missing
    samples and the `unscored` ones, which are recorded.
    """

    key: str
    model: str
    engine: str
    task: str
    strategy: str
    params: Pairs
    temperature: float
    max_tokens: int
    seed: int
    questions: int
    samples: int
    recorded: int
    missing: int
    tokens_per_sample: float
    basis: Basis
    tokens: float
    flops: float | None
    verifier: str | None = None
    verifier_tokens: float = 0.0
    flops_verifier: float | None = 0.0
    unscored: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """What a cell's missing samples and scores cost; None where it is not known."""

    flops: float | None
    verifier_tokens: float = 0.0
    flops_verifier: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Total:
    """The rows of `--dry-run` together; `assumed` counts those that are only a guess."""

    samples: int
    recorded: int
    missing: int
    tokens: float
    flops: float | None
    assumed: int


Pricing = Callable[[Todo, float], Price]
"""The price of a cell's missing samples at so many new tokens a solution."""


def missing(
    question_ids: Sequence[str], samples: int, recorded: Collection[Sample]
) -> tuple[Sample, ...]:
    """The wanted samples that are not recorded, question by question."""
    held = recorded if isinstance(recorded, set | frozenset | dict) else set(recorded)
    return tuple(
        (question, index)
        for question in question_ids
        for index in range(samples)
        if (question, index) not in held
    )


Unscored = Callable[[str], Mapping[str, tuple[Sample, ...]]]
"""By a cell's key: by verifier, the recorded samples without its score."""


def plan(
    wanted: Iterable[Wanted],
    recorded: Callable[[str], Collection[Sample]],
    unscored: Unscored = lambda key: {},
) -> Plan:
    """What each cell lacks; `recorded(key)` is what the results hold of it.

    Raises SweepError for two cells of one key: both would fill the same bank.
    """
    cells: dict[str, Wanted] = {}
    for cell in wanted:
        other = cells.setdefault(cell.key, cell)
        if other is not cell:
            raise _same_bank(other.cell, cell.cell)
    return Plan(
        tuple(
            Todo(
                cell,
                missing(cell.question_ids, cell.cell.samples, recorded(key)),
                unscored(key),
            )
            for key, cell in cells.items()
        )
    )


def _same_bank(first: Cell, second: Cell) -> SweepError:
    names = f"{first.model.name} on {first.task.name} and {second.model.name} on {second.task.name}"
    return SweepError(
        f"{names} are the same weights, questions and settings", "keep one of the two in the sweep"
    )


def expect(plan: Plan, mean_tokens: Mapping[str, float], price: Pricing) -> list[Expectation]:
    """What each cell will cost; `mean_tokens` maps keys to recorded new tokens a sample."""
    return [_expectation(todo, *_length(todo, plan, mean_tokens), price) for todo in plan.todo]


def _length(todo: Todo, plan: Plan, mean_tokens: Mapping[str, float]) -> tuple[float, Basis]:
    """New tokens a sample, and how that is known."""
    cell, own = todo.wanted.cell, mean_tokens.get(todo.wanted.key)
    if own is not None:
        return own, "recorded"
    similar = [
        min(mean_tokens[other.key], cell.sampler.max_tokens)
        for other in (entry.wanted for entry in plan.todo)
        if other.key in mean_tokens and _comparable(other.cell, cell)
    ]
    if similar:
        return fmean(similar), "similar"
    return ASSUMED_SHARE * cell.sampler.max_tokens, "assumed"


def _comparable(other: Cell, cell: Cell) -> bool:
    """Whether `other` tells the length of a sample of `cell`; a shorter limit hides it."""
    return (
        (other.model.name, other.task.name, other.task.prompt)
        == (cell.model.name, cell.task.name, cell.task.prompt)
    ) and other.sampler.max_tokens >= cell.sampler.max_tokens


def _expectation(todo: Todo, per_sample: float, basis: Basis, price: Pricing) -> Expectation:
    cell = todo.wanted.cell
    cost = price(todo, per_sample) if todo.missing or todo.scorings else Price(0.0)
    return Expectation(
        key=todo.wanted.key,
        model=cell.model.name,
        engine=cell.engine.name,
        task=cell.task.name,
        strategy=cell.strategy,
        params=cell.params,
        temperature=cell.sampler.temperature,
        max_tokens=cell.sampler.max_tokens,
        seed=cell.seed,
        questions=len(todo.wanted.question_ids),
        samples=todo.samples,
        recorded=todo.recorded,
        missing=len(todo.missing),
        tokens_per_sample=per_sample,
        basis=basis,
        tokens=len(todo.missing) * todo.wanted.solutions * per_sample,
        flops=cost.flops,
        verifier=None if cell.verifier is None else verifier_label(cell.verifier),
        verifier_tokens=cost.verifier_tokens,
        flops_verifier=cost.flops_verifier,
        unscored=todo.scorings,
    )


def total(rows: Sequence[Expectation]) -> Total:
    """The sum of the rows; FLOPs are None as soon as one row's are."""
    flops = [row.flops for row in rows]
    return Total(
        samples=sum(row.samples for row in rows),
        recorded=sum(row.recorded for row in rows),
        missing=sum(row.missing for row in rows),
        tokens=sum(row.tokens for row in rows),
        flops=None if None in flops else sum(value for value in flops if value is not None),
        assumed=sum(row.basis == "assumed" and row.missing > 0 for row in rows),
    )
