"""The verifiers of a sweep file, and which strategies they lead."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scaling_cli.errors import ScaleError
from scaling_cli.sweep_mistake import unknown
from scaling_cli.sweep_nouns import EngineSpec, ModelSpec, VerifierSpec
from scaling_cli.sweep_values import fits, kind_of, pairs
from scaling_cli.sweep_yaml import Document, Place, brief

OWN_KEYS = ("name", "label", "model", "engine")
"""Keys of a verifier that are not options of its own."""

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")


@dataclass(frozen=True, slots=True)
class KnownVerifiers:
    """The verifiers a sweep may name with their options; `asking` are those that need a model,
    `own_engine` of these the ones that start vLLM on it themselves, `led` the strategies that need
    a verifier, `fake_only` the verifiers of the fake engine. `check` raises ScaleError where a
    verifier cannot run with these options."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asking: Collection[str] = ()
    own_engine: Collection[str] = ()
    led: Collection[str] = ()
    fake_only: Collection[str] = ()
    check: Callable[[str, Mapping[str, Any]], None] = lambda name, options: None


class VerifierBuilder:
    """Verifiers from the keys of a sweep file; its engines and models are checked like others."""

    def __init__(
        self,
        document: Document,
        known: KnownVerifiers,
        engine_of: Callable[[Mapping[str, Any], Place], EngineSpec],
        model_of: Callable[[str, EngineSpec, Place], ModelSpec],
    ) -> None:
        self._document = document
        self._known = known
        self._engine_of = engine_of
        self._model_of = model_of

    def build(
        self, listed: Sequence[Mapping[str, Any]], engine: EngineSpec
    ) -> tuple[VerifierSpec, ...]:
        """The sweep's verifiers; `engine` serves those that name none."""
        found = [self._one(keys, engine, ("verifiers", i)) for i, keys in enumerate(listed)]
        labels = [verifier.label for verifier in found]
        for index, label in enumerate(labels):
            if label in labels[:index]:
                message = f"there are two verifiers called {brief(label)}"
                raise self._document.error(("verifiers", index), message, "write label: NAME")
        return tuple(found)

    def chosen(
        self, strategy: str, given: Any, verifiers: Sequence[VerifierSpec], place: Place
    ) -> tuple[str, ...] | None:
        """The labels a strategy names, None where it names none and takes all."""
        known = [verifier.label for verifier in verifiers]
        labels = None if given is None else [given] if isinstance(given, str) else given
        if labels is not None and not (isinstance(labels, list) and labels):
            message = f"verifiers is {brief(given)}; it must be a list of names"
            raise self._document.error((*place, "verifiers"), message, f"valid: {', '.join(known)}")
        for label in labels or ():
            if label not in known:
                raise unknown(self._document, (*place, "verifiers"), "verifier", str(label), known)
        if strategy in self._known.led and not known:
            message, hint = f"{strategy} needs a verifier", "write verifiers: [confidence]"
            raise self._document.error(place, message, hint)
        return None if labels is None else tuple(labels)

    def _one(self, keys: Mapping[str, Any], engine: EngineSpec, place: Place) -> VerifierSpec:
        name = keys.get("name")
        if name is None:
            raise self._document.error(place, "the verifier has no name", "write name: NAME")
        if not isinstance(name, str) or name not in self._known.options:
            where = (*place, "name")
            raise unknown(self._document, where, "verifier", str(name), self._known.options)
        label = self._label(keys.get("label", name), (*place, "label"))
        valid = {k: v for k, v in self._known.options[name].items() if k not in OWN_KEYS}
        options = {key: value for key, value in keys.items() if key not in OWN_KEYS}
        for key, value in options.items():
            self._check(name, key, value, valid, (*place, key))
        try:
            self._known.check(name, options)
        except ScaleError as error:
            raise self._document.error(place, f"{name}: {error.message}", error.hint) from error
        if name in self._known.fake_only and engine.name != "fake":
            message = f"{name} knows only the fake engine's law, and the engine is {engine.name}"
            raise self._document.error(place, message, "use oracle, or engine: fake")
        own, model = self._asked(name, keys, engine, place)
        return VerifierSpec(name, label, pairs({**valid, **options}), model, own)

    def _label(self, given: Any, place: Place) -> str:
        """What rows call it: a name that can be told on a command line, and marked as a bound."""
        if isinstance(given, str) and LABEL.fullmatch(given):
            return given
        message = f"label is {brief(given)}; it must be letters, digits, blanks, - _ and ."
        raise self._document.error(
            place, message, "begin with a letter or digit: label: strict-judge"
        )

    def _check(
        self, name: str, key: str, value: Any, valid: Mapping[str, Any], place: Place
    ) -> None:
        if key not in valid:
            raise unknown(self._document, place, f"key of {name}", key, (*valid, *OWN_KEYS))
        if not fits(value, valid[key]):
            message = f"{key} is {brief(value)}; it must be {kind_of(valid[key])}"
            raise self._document.error(place, message, f"default: {valid[key]}")

    def _asked(
        self, name: str, keys: Mapping[str, Any], engine: EngineSpec, place: Place
    ) -> tuple[EngineSpec | None, ModelSpec | None]:
        """The engine and the model a verifier asks."""
        if name not in self._known.asking:
            for key in ("model", "engine"):
                if key in keys:
                    message = f"{name} asks no model, so it takes no {key}"
                    raise self._document.error((*place, key), message, "leave it out")
            return None, None
        model, given = keys.get("model"), keys.get("engine", {})
        if not isinstance(model, str):
            raise self._document.error(place, f"{name} has no model", "write model: NAME")
        if name in self._known.own_engine:
            if given:
                message = f"{name} runs on vLLM by itself, so it takes no engine"
                hint = "leave it out; cores, dtype and the like stand beside the model"
                raise self._document.error((*place, "engine"), message, hint)
            own = EngineSpec("vllm")
            return own, self._model_of(model, own, (*place, "model"))
        named = {"name": given} if isinstance(given, str) else given
        own = self._engine_of(named, (*place, "engine")) if named else engine
        return own, self._model_of(model, own, (*place, "model"))
