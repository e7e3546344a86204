"""What docs/schema.md is written from names every column."""

from __future__ import annotations

import re

import pytest

from scaling_cli.store.document import render
from scaling_cli.store.schema import PARTS, arrow_schema

ACCURACY_ROW = (
    "run, cell, model, engine, task, task_revision, strategy, params, verifier, selector, k, "
    "max_tokens, samples, questions, accuracy, lo, hi, mc_error, truncated, unanswered, tokens, "
    "verifier_tokens, flops, flops_policy, flops_verifier, flops_uncached, flops_engine, "
    "flops_2nt, seconds, extrapolated"
)
DESIGN_ROW = ACCURACY_ROW.split(", ")


@pytest.mark.parametrize("kind", PARTS)
def test_every_column_has_a_row_on_the_page(kind: str) -> None:
    section = render().split(f"## `{PARTS[kind].path}`")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| (yes|no) \| \S", section, re.MULTILINE)
    fields = [(field.name, field.nullable) for field in arrow_schema(kind)]
    assert [(name, null == "yes") for name, _, null in rows] == fields


def test_the_accuracy_row_is_the_designs() -> None:
    assert PARTS["summary"].names[: len(DESIGN_ROW)] == DESIGN_ROW
    assert all(column.nullable for column in PARTS["summary"].columns[len(DESIGN_ROW) :])
