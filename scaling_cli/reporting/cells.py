"""What a page calls a cell: its generator with its parameters, and who led it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scaling_cli.searched import recorded_verifier


def kind_of(details: Mapping[str, Any]) -> str:
    """`greedy`, `sampling`, `beam m=4 n=8 by judge`: cells of one strategy are told apart."""
    if details["temperature"] == 0:
        return "greedy"
    words = [str(details["strategy"])]
    words += [f"{name}={value}" for name, value in sorted((details.get("params") or {}).items())]
    verifier = details.get("verifier")
    if verifier:
        words.append(f"by {_name(verifier)}")
    return " ".join(words)


def _name(verifier: Any) -> str | None:
    return recorded_verifier(verifier) if isinstance(verifier, Mapping) else str(verifier)


def label_of(details: Mapping[str, Any]) -> str:
    return f"{details['model']} · {details['task']} · {kind_of(details)}"
