"""Cells made concrete: models resolved, questions loaded, prompts rendered, keys computed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scaling_cli import models, tasks
from scaling_cli.engines import dtype_of
from scaling_cli.engines.fake import fake_model
from scaling_cli.searched import verifier_label
from scaling_cli.strategies import width_of
from scaling_cli.sweep import (
    Cell,
    ModelSpec,
    Sweep,
    TaskSpec,
    VerifierSpec,
    cell_key,
    cells,
    identity,
)
from scaling_cli.tasks import TaskData
from scaling_cli.tasks.prompts import Prompt, check_shots, prompt_hash, render
from scaling_cli.tasks.shots import take_shots
from scaling_cli.types import Model, Question

Resolve = Callable[[ModelSpec, str], Model]

COPY = re.compile(r"/[0-9a-f]{12}-\d+$")
"""How the id of a question's second and later copies ends."""


@dataclass(frozen=True, slots=True)
class PreparedVerifier:
    """A verifier with the model it asks, and the key under which its scores are kept."""

    spec: VerifierSpec
    key: str
    identity: Mapping[str, Any]
    model: Model | None

    @property
    def label(self) -> str:
        """What rows call it: one that looks at the gold answer is said to be a bound."""
        return verifier_label(self.spec)


@dataclass(frozen=True, slots=True)
class PreparedCell:
    """One cell with all it needs to be sampled: its questions in order, and its prompts.

    `verifier` leads a search; `scorers` score the samples of a bank.
    """

    cell: Cell
    key: str
    identity: Mapping[str, Any]
    model: Model
    task_revision: str
    style: str
    equality: str
    prompt: Prompt
    questions: tuple[Question, ...]
    rendered: Mapping[str, str] = field(repr=False)
    verifier: PreparedVerifier | None = None
    scorers: tuple[PreparedVerifier, ...] = ()

    @property
    def label(self) -> str:
        """What a person calls this cell."""
        kind = "greedy" if self.cell.greedy else self.cell.strategy
        if self.cell.searches:
            kind += f"-{width_of(self.cell.strategy, dict(self.cell.params))}"
        if self.verifier is not None:
            kind += f" by {self.verifier.label}"
        return f"{self.model.name} · {self.cell.task.name} · {kind}"

    def prompt_tokens(self, question: Question) -> list[int]:
        """The prompt's token ids; empty where the engine is given text."""
        tokenizer = self.model.tokenizer
        return [] if tokenizer is None else tokenizer.encode(self.rendered[question.id])


def prepare(sweep: Sweep, *, resolve: Resolve | None = None) -> list[PreparedCell]:
    """Every cell of the sweep, ready to run; raises ScaleError where one cannot be.

    `resolve` finds a model's files; a plan has one that does without.
    """
    find = resolve or resolve_model
    wanted = cells(sweep)
    found = {
        (spec, engine): find(spec, engine)
        for spec, engine in dict.fromkeys((cell.model, cell.engine.name) for cell in wanted)
    }
    loaded = {task: load_task(task) for task in dict.fromkeys(cell.task for cell in wanted)}
    verifiers = {spec: prepare_verifier(spec, find) for spec in sweep.verifiers}
    return [
        _prepared(sweep, cell, found[cell.model, cell.engine.name], *loaded[cell.task], verifiers)
        for cell in wanted
    ]


def prepare_verifier(spec: VerifierSpec, resolve: Resolve | None = None) -> PreparedVerifier:
    """The verifier's model found, and what makes two verifiers the same one."""
    model = None
    described: dict[str, Any] = {"name": spec.name, "options": dict(spec.options)}
    if spec.model is not None and spec.engine is not None:
        model = (resolve or resolve_model)(spec.model, spec.engine.name)
        described |= {
            "weights": model.weights_hash,
            "tokenizer": model.tokenizer.hash if model.tokenizer else "",
            "engine": spec.engine.name,
            "dtype": dtype_of(spec.engine.name, model, dict(spec.engine.options)),
        }
    return PreparedVerifier(spec, cell_key(described), described, model)


def resolve_model(spec: ModelSpec, engine: str) -> Model:
    """The model as its engine knows it: files for most, a bare name behind a server."""
    if engine == "fake":
        return fake_model(spec.name)
    if engine == "completions" and spec.path is None and not models.is_local(spec.name):
        digest = hashlib.sha256(f"remote/{spec.name}/{spec.revision or ''}".encode()).hexdigest()
        return Model(spec.name, digest, format="remote")
    return models.resolve(spec.name, path=spec.path, revision=spec.revision)


def load_task(task: TaskSpec) -> tuple[TaskData, tuple[Question, ...], Prompt]:
    """A task's data, the questions chosen from it, and how they are put."""
    data = tasks.load(
        task.name,
        data=task.data,
        split=task.split,
        seed=task.seed,
        size=task.size,
        options=dict(task.options),
    )
    questions = tuple(tasks.select(data.questions, as_choice(task.questions)))
    prompt = Prompt(task.prompt, take_shots(task, data))
    check_shots(prompt.shots, questions)
    return data, questions, prompt


def copies(prepared: Sequence[PreparedCell]) -> list[str]:
    """A line for each task that holds a question more than once: every copy counts."""
    found: dict[str, int] = {}
    for cell in prepared:
        repeated = sum(COPY.search(question.id) is not None for question in cell.questions)
        if repeated:
            found[cell.cell.task.name] = repeated
    return [
        f"{count} of the questions of {task} are copies of others there; each counts as its own"
        for task, count in found.items()
    ]


def as_choice(choice: Any) -> Any:
    """Pairs back into the mapping they were in the file."""
    if isinstance(choice, tuple) and choice and isinstance(choice[0], tuple):
        return dict(choice)
    return choice


def _prepared(
    sweep: Sweep,
    cell: Cell,
    model: Model,
    data: TaskData,
    questions: Sequence[Question],
    prompt: Prompt,
    verifiers: Mapping[VerifierSpec, PreparedVerifier],
) -> PreparedCell:
    verifier = None if cell.verifier is None else verifiers[cell.verifier]
    described = identity(
        cell,
        weights_hash=model.weights_hash,
        tokenizer_hash=model.tokenizer.hash if model.tokenizer else "",
        dtype=dtype_of(cell.engine.name, model, dict(cell.engine.options)),
        task_revision=data.revision,
        prompt_hash=prompt_hash(prompt, model.tokenizer),
        stop=prompt.stop,
        verifier=None if verifier is None else verifier.identity,
    )
    return PreparedCell(
        cell=cell,
        key=cell_key(described),
        identity=described,
        model=model,
        task_revision=data.revision,
        style=data.style,
        equality=sweep.equality,
        prompt=prompt,
        questions=tuple(questions),
        rendered={q.id: render(q.text, prompt, model.tokenizer) for q in questions},
        verifier=verifier,
        scorers=tuple(verifiers[spec] for spec in cell.scorers),
    )
