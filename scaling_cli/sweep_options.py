"""Options of an engine or a task, checked against those it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scaling_cli.sweep_mistake import unknown
from scaling_cli.sweep_values import fits, kind_of
from scaling_cli.sweep_yaml import Document, Place, brief


def check_options(
    document: Document,
    owner: str,
    given: Mapping[str, Any],
    valid: Mapping[str, Any],
    place: Place,
    *,
    free: bool = False,
) -> None:
    """Each must be named in `valid`, unless `free`, and be of the kind its default there is."""
    for option, value in given.items():
        where = (*place, option)
        if option not in valid and not free:
            raise unknown(document, where, f"option of {owner}", option, valid)
        default = valid.get(option)
        # Numbers and flags only: a text may stand for more, as `token_ids: auto` does.
        if isinstance(default, int | float) and not fits(value, default):
            message = f"{option} is {brief(value)}; it must be {kind_of(default)}"
            raise document.error(where, message, f"default: {str(default).lower()}")
