"""What is wrong with a sweep file, in one sentence that names the line and the valid names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from scaling_cli.errors import SweepError
from scaling_cli.sweep_schema import MUST_BE, NESTED, Strict, SweepKeys
from scaling_cli.sweep_yaml import EXAMPLE, Document, Place, brief

HINTS: Mapping[str | int, str] = {
    "verifiers": "write verifiers: [confidence], or see docs/verifiers.md",
    "strategies": "write strategies: [sampling], or see docs/strategies.md",
    "step": "write step: {ends: blank-line, max_tokens: 256}",
}
"""Where the quickstart's example would not help."""


def unknown(
    document: Document,
    place: Place,
    kind: str,
    name: str,
    valid: Iterable[str],
    also: str = "",
    unlisted: Iterable[str] = (),
) -> SweepError:
    """There is no such name; `also` says what is accepted beside the valid ones, and `unlisted`
    are more names than a sentence holds, of which the nearest is said."""
    names = list(valid)
    near = difflib.get_close_matches(name, names, n=1)
    # Long names with one beginning are all alike: only a slip of the pen is taken for one.
    near = near or difflib.get_close_matches(name, list(unlisted), n=1, cutoff=0.9)
    meant = f"; did you mean {near[0]}?" if near else ""
    listed = ", ".join(names) or "none"
    return document.error(
        place, f"there is no {kind} {brief(name)}{meant}", f"valid: {listed}{also}"
    )


def explained(document: Document, error: ValidationError) -> SweepError:
    """The first of pydantic's errors that says most: an unknown key explains a missing one."""
    order = {"extra_forbidden": 0, "missing": 2}
    found = [(_place(document.data, entry), entry) for entry in error.errors(include_url=False)]
    place, entry = min(
        found, key=lambda pair: (order.get(pair[1]["type"], 1), document.line(pair[0]))
    )
    key = ".".join(map(str, place))
    if entry["type"] == "extra_forbidden":
        *outer, last = map(str, place)
        kind = f"key of {'.'.join(outer)}" if outer else "key"
        return unknown(document, place, kind, last, _keys_beside(place))
    if entry["type"] == "missing":
        return document.error(place, f"{key} is missing", EXAMPLE)
    template = MUST_BE.get(entry["type"])
    must = template.format(**entry.get("ctx", {})) if template else str(entry["msg"])
    value = _at(document.data, place)
    hint = next((HINTS[part] for part in reversed(place) if part in HINTS), EXAMPLE)
    return document.error(place, f"{key} is {brief(value)}; it must be {must}", hint)


def _place(data: Any, entry: Mapping[str, Any]) -> Place:
    """Pydantic's location without what is not in the file, as the branches of a union."""
    place: list[str | int] = []
    for part in entry["loc"]:
        if _holds(data, part):
            place.append(part)
            data = data[part]
    return (*place, entry["loc"][-1]) if entry["type"] == "missing" else tuple(place)


def _holds(data: Any, part: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def _keys_beside(place: Place) -> Sequence[str]:
    words = [part for part in place[:-1] if isinstance(part, str)]
    kind: type[Strict] = NESTED.get(words[-1], SweepKeys) if words else SweepKeys
    return list(kind.model_fields)


def _at(data: Any, place: Place) -> Any:
    for part in place:
        data = data[part]
    return data
