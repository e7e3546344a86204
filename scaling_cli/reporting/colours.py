"""The number of each model and of each search: on the page it is a colour and a shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scaling_cli.configurations import BANKS, Name

Numbers = dict[tuple[str, str | None], int]
"""(model, generator) -> number; the generator of what is sampled is None."""


def numbers_of(models: Sequence[str], names: Iterable[Name]) -> Numbers:
    """Models first, in the order given, then every search of a model under a verifier."""
    keys = [(model, None) for model in models] + [_key(name) for name in names]
    return {key: number for number, key in enumerate(dict.fromkeys(keys))}


def number_of(name: Name, numbers: Numbers) -> int:
    """The number a configuration is drawn by."""
    return numbers[_key(name)]


def _key(name: Name) -> tuple[str, str | None]:
    model, generator, _ = name
    return model, None if generator in BANKS else generator
