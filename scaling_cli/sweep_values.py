"""Values of options and parameters: of which kind they must be, and how they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scaling_cli.sweep_nouns import Pairs, Settings


def fits(value: Any, default: Any) -> bool:
    """Whether a value is of the kind its default is."""
    if default is None:
        return value is None or isinstance(value, str | int | float)
    if type(default) is float:
        return type(value) in (int, float)
    return type(value) is type(default)


def kind_of(default: Any) -> str:
    """What a value must be, in words."""
    kinds = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        dict: "a mapping",
    }
    return kinds.get(type(default), "a plain value")


def pairs(mapping: Mapping[str, Any]) -> Pairs:
    """A mapping as sorted pairs, what is in it made hashable."""
    return tuple(sorted((key, _frozen(value)) for key, value in mapping.items()))


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return Settings({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
