"""Values of a sweep file: of what kind they are, and frozen so that what holds them is hashed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scaling_cli.sweep_nouns import Pairs, Settings
from scaling_cli.sweep_schema import Subset


def fits(value: Any, default: Any) -> bool:
    if default is None:
        return value is None or isinstance(value, str | int | float)
    if type(default) is float:
        return type(value) in (int, float)
    return type(value) is type(default)


def kind_of(default: Any) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return kinds.get(type(default), "a plain value")


def pairs(mapping: Mapping[str, Any]) -> Pairs:
    return tuple(sorted((key, _frozen(value)) for key, value in mapping.items()))


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return Settings({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def choice(questions: int | list[str | int] | Subset | None) -> Any:
    if isinstance(questions, Subset):
        return tuple(sorted(questions.model_dump().items()))
    return tuple(dict.fromkeys(questions)) if isinstance(questions, list) else questions
