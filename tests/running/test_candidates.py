"""Rows of the store: what an engine did not tell is null, and a mean is over what it told."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from scaling_cli.engines.fake import fake_model
from scaling_cli.running.bank_traces import _trace
from scaling_cli.running.candidates import bank_row, candidate_row
from scaling_cli.running.journal import Record
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.store import RunFolder
from scaling_cli.sweep import Cell, EngineSpec, ModelSpec, TaskSpec
from scaling_cli.tasks.prompts import Prompt
from scaling_cli.types import Completion, Grade, Sampler

GRADE = Grade(None, None, -1, -1, "unanswered", "unanswered")
CELL = PreparedCell(
    cell=Cell(
        ModelSpec("m"), TaskSpec("s"), EngineSpec("fake"), "sampling", (), Sampler(), 1, 0
    ),
    key="c" * 16, identity={}, model=fake_model("m"), task_revision="r", style="math",
    equality="math", prompt=Prompt("boxed"), questions=(), rendered={},
)  # fmt: skip


def record(logprobs: tuple[float, ...] | None) -> Record:
    tokens = (97,) * len(logprobs or ())
    confidence = None if logprobs is None else tuple(-value for value in logprobs)
    done = Completion(
        "a", "stop", tokens, 1, 0, len(tokens), logprobs, 0.1, confidence=confidence
    )  # fmt: skip
    return Record("q#0", done)


@pytest.mark.parametrize(
    ("logprobs", "total", "mean"),
    [
        ((-1.0, math.nan, -2.0, math.nan), -3.0, -1.5),
        ((-1.0, -2.0), -3.0, -1.5),
        ((math.nan,), None, None),
        ((), None, None),
        (None, None, None),
    ],
)
def test_sum_and_mean_are_over_the_tokens_that_are_told(
    logprobs: tuple[float, ...] | None, total: float | None, mean: float | None
) -> None:
    row = bank_row("q", 0, record(logprobs))
    assert row["logprob_sum"] == total
    assert candidate_row(row, GRADE, CELL)["logprob_mean"] == mean


def test_the_store_keeps_the_unknown_as_null_and_gives_it_back_as_nan(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path)
    folder.merge_bank("c", [bank_row("a/b/c", 0, record((-1.0, math.nan, -2.0)))])
    (row,) = folder.read_part("bank", "c").to_pylist()
    assert row["logprobs"] == [-1.0, None, -2.0] and row["confidence"] == [1.0, None, 2.0]
    trace = _trace(row)
    for column, sign in ((trace.logprobs, -1), (trace.confidence, 1)):
        assert column is not None and len(column) == 3 and math.isnan(column[1])
        assert (column[0], column[2]) == (sign * 1.0, sign * 2.0)
