"""A recorded bank's samples as finished traces."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from scaling_cli.errors import StoreError
from scaling_cli.running.session import call_name
from scaling_cli.store import RunFolder
from scaling_cli.types import Trace


def bank_traces(
    folder: RunFolder, cell: str, samples: Mapping[str, Sequence[int]]
) -> dict[str, dict[int, Trace]]:
    """These samples of each question, as traces by their index."""
    if not folder.has_part("bank", cell):
        raise StoreError(
            f"the completions of {folder.name} are not here: they are not shared with a run",
            "score the run where it was sampled, or sample it again",
        )
    columns = ["question_id", "sample", "text", "tokens", "logprobs", "finish_reason",
               "confidence", "certainty"]  # fmt: skip
    found: dict[str, dict[int, Trace]] = {}
    for row in folder.read_part("bank", cell, columns).to_pylist():
        if row["sample"] in samples.get(row["question_id"], ()):
            found.setdefault(row["question_id"], {})[row["sample"]] = _trace(row)
    return found


def _trace(row: dict[str, Any]) -> Trace:
    return Trace(
        tokens=tuple(row["tokens"] or ()),
        text=row["text"],
        finished=True,
        finish_reason=row["finish_reason"],
        logprobs=_column(row["logprobs"]),
        calls=(call_name(row["question_id"], row["sample"]),),
        confidence=_column(row["confidence"]),
        certainty=_column(row["certainty"]),
    )


def _column(values: Sequence[float | None] | None) -> tuple[float, ...] | None:
    """A number for each token, NaN where the engine told none."""
    if values is None:
        return None
    return tuple(math.nan if value is None else value for value in values)
