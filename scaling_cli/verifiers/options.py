"""Options of verifiers, checked when one is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from scaling_cli.errors import EngineError


def choice(options: Mapping[str, Any], name: str, valid: Iterable[str]) -> str:
    """An option that is one of a few words."""
    if options[name] not in list(valid):
        raise EngineError(f"{name} is {options[name]!r}", f"valid: {', '.join(valid)}")
    return str(options[name])


def number(options: Mapping[str, Any], name: str, *, most: float = inf) -> float:
    """An option that is a number from 0 to `most`."""
    value = options[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        limit = "of at least 0" if most == inf else f"from 0 to {most:g}"
        raise EngineError(f"{name} is {value!r}", f"give a number {limit}")
    return float(value)


def count(options: Mapping[str, Any], name: str, *, least: int = 1) -> int:
    """An option that is a whole number of at least `least`."""
    value = options[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise EngineError(f"{name} is {value!r}", f"give a whole number of at least {least}")
    return value
