"""Coverage at any k, beyond the recorded samples too, from the laws that were not refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.fits import BY_CELL, sources
from scaling_cli.laws import coverage_law, success
from scaling_cli.laws.accuracy import count_correct
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder

Row = dict[str, Any]
PREDICT = {"coverage": coverage_law.predict_at, "success": success.predict_at}
"""Laws of coverage and what each expects at any k."""


def predicted_coverage(
    folders: Sequence[RunFolder],
    ask: Ask,
    laws: Sequence[str],
    ks: Sequence[int],
    say: Callable[[str], None],
) -> list[Row]:
    """A row for each cell, law and k, with a 95% interval; what lies beyond a cell's samples is
    labelled extrapolated. LawError where every law is refused."""
    sizes = np.unique(np.asarray(ks, np.int64))
    rows: list[Row] = []
    for source in [one for folder in folders for one in sources(folder, ask, "flops")]:
        bank, fields = source.bank, source.fields
        right = count_correct(bank.answer_class)
        for law in (law for law in PREDICT if law in laws):
            fit = BY_CELL[law](source)
            if fit.refused:
                say(f"{law} of {fields['model']}, {fields['task']} is refused: {fit.reason}")
                continue
            found = PREDICT[law](right, bank.samples, source.weights, sizes)
            rows += [
                {**fields, "law": law, "k": int(k), "coverage": float(value), "lo": float(lo),
                 "hi": float(hi), "extrapolated": bool(k > fields["samples"])}
                for k, (value, lo, hi) in zip(sizes, found.T, strict=True)
            ]  # fmt: skip
    if not rows:
        raise LawError(
            "no law of coverage can be carried on: each was refused, or none was asked for",
            "draw more samples, or ask for --law coverage or --law success",
        )
    return rows
