"""The number of each model, search and scorer: on the page colours, shapes and strokes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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


def scorers_of(names: Iterable[Name]) -> dict[str, int]:
    """The number of each verifier that choices on a bank go by; 0 of what the samples bring.

    Two verifiers' choices of one kind have one model's colour and one selector's dashes.
    """
    return {scorer: number for number, scorer in enumerate(sorted({"", *map(_scorer, names)}))}


def scorer_number(name: Name, scorers: Mapping[str, int]) -> int:
    """The number of the verifier that a configuration chooses by."""
    return scorers[_scorer(name)]


def _scorer(name: Name) -> str:
    return name[2].partition(" by ")[2]


def _key(name: Name) -> tuple[str, str | None]:
    model, generator, _ = name
    return model, None if generator in BANKS else generator
