"""From a sweep file to a validated `Sweep`."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scaling_cli.errors import SweepError
from scaling_cli.sweep_build import SELECTORS, Builder, Known
from scaling_cli.sweep_change import with_limit
from scaling_cli.sweep_mistake import explained
from scaling_cli.sweep_nouns import Sweep, VerifierSpec
from scaling_cli.sweep_schema import SweepKeys
from scaling_cli.sweep_yaml import MAX_BYTES, MAX_DEPTH, Document, Place, parse, parse_value

__all__ = ["SELECTORS", "Known", "load_sweep", "load_verifier"]


def load_sweep(
    path: Path, known: Known, *, overrides: Sequence[str] = (), limit: int | None = None
) -> Sweep:
    """Read, override (`--set key=value`), validate; SweepError in one sentence otherwise."""
    document = parse(_bytes(path), path.name)
    if not isinstance(document.data, dict):
        raise document.error((), "a sweep file is a mapping", "start with models: and tasks:")
    for override in overrides:
        _override(document, override)
    try:
        keys = SweepKeys.model_validate(document.data)
    except ValidationError as error:
        raise explained(document, error) from None
    sweep = Builder(document, known, path).build(keys)
    return sweep if limit is None else with_limit(sweep, limit)


def load_verifier(
    keys: Mapping[str, Any], known: Known, options: Sequence[str], *, fake: bool = False
) -> VerifierSpec:
    """A verifier described by keys and `KEY=VALUE` options, checked as a sweep file's are.

    `fake`: what it is to score comes from the fake engine, whose law some verifiers know.
    """
    told = dict(keys)
    for option in options:
        key, mark, text = option.partition("=")
        if not mark or not key:
            raise SweepError(f"--option {option} is not KEY=VALUE", "write --option critiques=4")
        told[key] = parse_value(text, f"--option {option}")
    # A sweep around it, so that its engine and its model are checked like any other.
    sweep: dict[str, Any] = {
        "models": [known.models[0]],
        "tasks": [known.tasks[0]],
        "verifiers": [told],
    }
    if fake:
        sweep["engine"] = "fake"
        if "model" in told and told["name"] not in known.verifiers.own_engine:
            told.setdefault("engine", "llamacpp")
    document = Document("scale score", sweep, {})
    document.overridden[("verifiers",)] = f"--verifier {told.get('name')}"
    try:
        checked = SweepKeys.model_validate(sweep)
    except ValidationError as error:
        raise explained(document, error) from None
    return Builder(document, known, Path("score.yaml")).build(checked).verifiers[0]


def _bytes(path: Path) -> bytes:
    """The file's bytes, one more than allowed at most."""
    try:
        # A pipe would be waited for, and a device never ends.
        if not stat.S_ISREG(path.stat().st_mode):
            raise SweepError(f"{path} is not a file", "name a sweep file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SweepError(f"{path} cannot be read: {reason}", "name a sweep file") from error


def _override(document: Document, override: str) -> None:
    """Set one value; a name becomes a mapping when a key of it is set."""
    key, mark, text = override.partition("=")
    words = key.split(".")
    if not mark or not all(words) or len(words) > MAX_DEPTH:
        raise SweepError(f"--set {override} is not key=value", "write --set samples=8")
    source = f"--set {override}"
    value = parse_value(text, source)
    holder: Any = document.data
    place: Place = ()
    for word in words[:-1]:
        step = _step(holder, word, source)
        place = (*place, step)
        inner = holder.get(step) if isinstance(holder, dict) else holder[step]
        if inner is None:
            document.overridden[place] = source
        holder[step] = _opened(inner)
        holder = holder[step]
    step = _step(holder, words[-1], source)
    holder[step] = value
    document.overridden[(*place, step)] = source


def _opened(value: Any) -> Any:
    """The value as one that keys can be set in."""
    return {"name": value} if isinstance(value, str) else {} if value is None else value


def _step(holder: Any, word: str, source: str) -> str | int:
    if isinstance(holder, dict):
        return word
    if isinstance(holder, list) and word.isascii() and word.isdecimal() and int(word) < len(holder):
        return int(word)
    raise SweepError(f"{source}: there is nothing at {word}", "lists are counted from 0")
