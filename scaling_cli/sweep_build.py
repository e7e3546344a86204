"""A sweep put together from the keys of its file, every name checked."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaling_cli.errors import SweepError
from scaling_cli.sweep_mistake import unknown
from scaling_cli.sweep_nouns import (
    EngineSpec,
    ModelSpec,
    StrategySpec,
    Sweep,
    TaskSpec,
    VerifierSpec,
)
from scaling_cli.sweep_options import check_options
from scaling_cli.sweep_overlap import check_cells
from scaling_cli.sweep_schema import ModelKeys, StepKeys, Subset, SweepKeys, TaskKeys
from scaling_cli.sweep_steps import rule
from scaling_cli.sweep_values import fits, kind_of, pairs
from scaling_cli.sweep_verifiers import KnownVerifiers, VerifierBuilder
from scaling_cli.sweep_yaml import Document, Place, brief
from scaling_cli.types import StepRule

SELECTORS = ("first", "coverage", "majority", "weighted", "best", "best-majority")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
DATA_ENDINGS = (".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class Known:
    """The names a sweep may use. `engines` and `strategies` map a name to its options.

    `is_model` and `is_task` accept more than the names: files, folders, hub ids.
    """

    models: Sequence[str]
    is_model: Callable[[str], bool]
    tasks: Sequence[str]
    is_task: Callable[[str], bool]
    engines: Mapping[str, Mapping[str, Any]]
    strategies: Mapping[str, Mapping[str, Any]]
    prompts: Sequence[str]
    any_model: Collection[str] = ()
    """Engines that take a model by any name: those that load no files of ours."""
    task_options: Callable[[str], Mapping[str, Any] | None] = lambda name: None
    """A task's options with their defaults; None where they cannot be told."""
    more_tasks: Callable[[], Sequence[str]] = lambda: ()
    """Names that `is_task` accepts and nobody wants to read in a sentence."""
    verifiers: KnownVerifiers = field(default_factory=KnownVerifiers)
    check_strategy: Callable[[str, Mapping[str, Any]], None] = lambda name, params: None
    """Raises SweepError where a strategy cannot run with these parameters."""


class Builder:
    """Knows the document, so that errors name their line."""

    def __init__(self, document: Document, known: Known, path: Path) -> None:
        self._document = document
        self._known = known
        self._path = path
        self._verifiers = VerifierBuilder(document, known.verifiers, self._engine, self._asked)

    def build(self, keys: SweepKeys) -> Sweep:
        for index, selector in enumerate(keys.selectors):
            self._check(selector, SELECTORS, "selector", ("selectors", index))
        engine = self._engine(keys.engine, ("engine",))
        verifiers = self._verifiers.build(keys.verifiers, engine)
        sweep = Sweep(
            name=self._name(keys.name),
            question=keys.question,
            engine=engine,
            models=tuple(self._model(m, engine, ("models", i)) for i, m in enumerate(keys.models)),
            tasks=tuple(self._task(t, keys, ("tasks", i)) for i, t in enumerate(keys.tasks)),
            strategies=tuple(
                self._strategy(s, verifiers, ("strategies", i))
                for i, s in enumerate(keys.strategies)
            ),
            verifiers=verifiers,
            step=_rule(keys.step) or StepRule(),
            samples=keys.samples,
            # Adding zero makes -0.0 the 0.0 it means; two keys for one cell otherwise.
            temperatures=tuple(dict.fromkeys(t + 0.0 for t in keys.temperature)),
            max_tokens=tuple(dict.fromkeys(keys.max_tokens)),
            top_p=keys.top_p,
            top_k=keys.top_k,
            min_p=keys.min_p + 0.0,
            repetition_penalty=keys.repetition_penalty,
            seeds=tuple(dict.fromkeys(keys.seeds)),
            greedy=keys.greedy,
            selectors=tuple(dict.fromkeys(keys.selectors)),
            ks=None if keys.ks is None else tuple(sorted(set(keys.ks))),
            caps=None if keys.caps is None else tuple(sorted(set(keys.caps))),
            extraction=keys.extraction,
            equality=keys.equality,
            questions_in_flight=keys.questions_in_flight,
        )
        check_cells(sweep, self._document)
        return sweep

    def _name(self, given: str | None) -> str:
        name = self._path.stem if given is None else given
        if NAME.fullmatch(name):
            return name
        hint = "use letters, digits, - _ . and begin with a letter or digit; set name: NAME"
        raise self._document.error(("name",), f"{brief(name)} cannot name a folder", hint)

    def _engine(self, given: Mapping[str, Any], place: Place) -> EngineSpec:
        name, options = self._named(given, "engine", place)
        self._check(name, self._known.engines, "engine", (*place, "name"))
        # vLLM has hundreds of arguments of its own: those it checks itself.
        valid, free = self._known.engines[name], name == "vllm"
        check_options(self._document, name, options, valid, place, free=free)
        return EngineSpec(name, pairs(options))

    def _model(self, keys: ModelKeys, default: EngineSpec, place: Place) -> ModelSpec:
        name, path = keys.name, self._file(keys.path, (*place, "path"))
        own = None if keys.engine is None else self._engine(keys.engine, (*place, "engine"))
        free = (own or default).name in self._known.any_model
        if path is None and name not in self._known.models:
            path = self._beside(name, (*place, "name")) if _looks_like_path(name) else None
        if (
            path is None
            and not free
            and not _accepts(name, self._known.models, self._known.is_model)
        ):
            also = "; or a hub id OWNER/NAME, a GGUF file, a folder"
            raise unknown(self._document, (*place, "name"), "model", name, self._known.models, also)
        return ModelSpec(
            name=name,
            path=path,
            revision=keys.revision,
            samples=keys.samples,
            max_tokens=keys.max_tokens,
            temperature=None if keys.temperature is None else keys.temperature + 0.0,
            engine=own,
            step=_rule(keys.step),
        )

    def _task(self, keys: TaskKeys, sweep: SweepKeys, place: Place) -> TaskSpec:
        data = self._file(keys.data, (*place, "data"))
        if data is None and keys.name.endswith(DATA_ENDINGS):
            data = self._file(keys.name, (*place, "name"))
        if data is None and not _accepts(keys.name, self._known.tasks, self._known.is_task):
            also = "; or reasoning-gym/NAME (scale tasks list --all), a .jsonl or .parquet file"
            listed, more = self._known.tasks, self._known.more_tasks()
            raise unknown(self._document, (*place, "name"), "task", keys.name, listed, also, more)
        # Only where there are options: telling those of a generated task takes a second.
        valid = self._known.task_options(keys.name) if keys.options and data is None else {}
        if valid is not None:
            where = (*place, "options")
            check_options(self._document, keys.name, keys.options, valid, where)
        asked: Place = ("prompt",) if keys.prompt is None else (*place, "prompt")
        prompt = sweep.prompt if keys.prompt is None else keys.prompt
        self._check(prompt, self._known.prompts, "prompt style", asked)
        if (keys.shots or keys.shots_file is not None) and prompt != "few-shot":
            given = "shots" if keys.shots else "shots_file"
            message = f"the prompt style {prompt} takes no worked examples"
            hint = "write `prompt: few-shot`, or leave shots out"
            raise self._document.error((*place, given), message, hint)
        return TaskSpec(
            name=keys.name,
            data=data,
            split=keys.split,
            seed=keys.seed,
            size=keys.size,
            options=pairs(keys.options),
            questions=_choice(sweep.questions if keys.questions is None else keys.questions),
            prompt=prompt,
            shots=keys.shots,
            shots_file=self._file(keys.shots_file, (*place, "shots_file")),
            shots_seed=keys.shots_seed,
            max_tokens=keys.max_tokens,
            step=_rule(keys.step),
        )

    def _asked(self, name: str, engine: EngineSpec, place: Place) -> ModelSpec:
        """A model that only a verifier names."""
        return self._model(ModelKeys(name=name), engine, place)

    def _strategy(
        self, given: Mapping[str, Any], verifiers: Sequence[VerifierSpec], place: Place
    ) -> StrategySpec:
        name, params = self._named(given, "strategy", place)
        self._check(name, self._known.strategies, "strategy", (*place, "name"))
        led = self._verifiers.chosen(name, params.pop("verifiers", None), verifiers, place)
        # How many samples a bank holds is the sweep's to say, not the generator's.
        defaults = {k: v for k, v in self._known.strategies[name].items() if k != "samples"}
        if "samples" in params:
            message = f"{name} takes no samples: how many a bank has is the sweep's to say"
            hint = "write samples: N beside strategies, or under a model"
            raise self._document.error((*place, "samples"), message, hint)
        for key in params:
            self._check(key, [*defaults, "verifiers"], f"parameter of {name}", (*place, key))
        # Defaults are written out: a parameter left out and one given as it is are one cell.
        tried = {
            key: self._values(params[key], default, (*place, key)) if key in params else (default,)
            for key, default in defaults.items()
        }
        for values in itertools.product(*tried.values()):
            self._possible(name, dict(zip(tried, values, strict=True)), place)
        return StrategySpec(name, tuple(sorted(tried.items())), led)

    def _possible(self, name: str, params: Mapping[str, Any], place: Place) -> None:
        """Settings that each may have, but that mean nothing together."""
        try:
            self._known.check_strategy(name, params)
        except SweepError as error:
            raise self._document.error(place, error.message, error.hint) from error

    def _values(self, given: Any, default: Any, place: Place) -> tuple[Any, ...]:
        """The values of one parameter, each of the kind its default is."""
        values = given if isinstance(given, list) else [given]
        if not values:
            raise self._document.error(place, f"{place[-1]} has no value", f"default: {default}")
        for index, value in enumerate(values):
            if not fits(value, default):
                where: Place = (*place, index) if isinstance(given, list) else place
                must = f"it must be {kind_of(default)}"
                message = f"{place[-1]} is {brief(value)}; {must}"
                raise self._document.error(where, message, f"default: {default}")
        return tuple(dict.fromkeys(float(v) if type(default) is float else v for v in values))

    def _named(
        self, given: Mapping[str, Any], kind: str, place: Place
    ) -> tuple[str, dict[str, Any]]:
        name = given.get("name")
        if not isinstance(name, str):
            raise self._document.error(place, f"the {kind} has no name", "write name: NAME")
        return name, {key: value for key, value in given.items() if key != "name"}

    def _file(self, text: str | None, place: Place) -> Path | None:
        """A path beside the sweep file, or else as given; the other way round for --set."""
        if text is None:
            return None
        file = self._beside(text, place)
        if file is None:
            hint = "paths start at the sweep file's folder, or else at the working folder"
            raise self._document.error(place, f"{brief(text)} does not exist", hint)
        return file

    def _beside(self, text: str, place: Place) -> Path | None:
        files = [self._path.parent / text, Path(text)]
        if self._document.override(place):
            files.reverse()
        return next((file for file in files if os.path.exists(file)), None)

    def _check(self, name: str, valid: Iterable[str], kind: str, place: Place) -> None:
        if name not in valid:
            raise unknown(self._document, place, kind, name, valid)


def _rule(keys: StepKeys | None) -> StepRule | None:
    return None if keys is None else rule(keys.ends, keys.max_tokens)


def _looks_like_path(name: str) -> bool:
    return name.endswith(".gguf") or "/" in name or os.sep in name or name.startswith(".")


def _accepts(name: str, listed: Sequence[str], test: Callable[[str], bool]) -> bool:
    try:
        return name in listed or test(name)
    except (OSError, ValueError):
        # A name no file system can look up.
        return False


def _choice(questions: int | list[str | int] | Subset | None) -> Any:
    if isinstance(questions, Subset):
        return tuple(sorted(questions.model_dump().items()))
    return tuple(dict.fromkeys(questions)) if isinstance(questions, list) else questions
