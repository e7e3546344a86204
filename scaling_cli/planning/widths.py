"""The intervals a sweep will end in, and what would halve them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scaling_cli.laws.width import half_width, questions_for, samples_for, value_sd
from scaling_cli.planning.evidence import Evidence

Row = dict[str, Any]

WORST_SD = 0.5
"""Of a value that is 0 or 1: the most it can vary, taken where nothing is recorded."""


def width_rows(known: Sequence[Evidence], selectors: Sequence[str]) -> list[Row]:
    """The half-width to expect of every cell and selector at the k that is planned, and what
    would halve it. `samples_to_halve` is None where only more questions help, or where it is
    not known what more samples do."""
    return [_width(one, selector) for one in known for selector in one.selectors(selectors)]


def _width(one: Evidence, selector: str) -> Row:
    sd, found = _single(one) if selector == "first" else _chosen(one, selector)
    half = half_width(sd, one.questions)
    sampler = one.cell.cell.sampler
    return {
        "cell": one.cell.key,
        "task": one.task,
        "model": one.model,
        "strategy": one.strategy,
        "verifier": one.verifier,
        "params": dict(one.cell.cell.params),
        "temperature": sampler.temperature,
        "max_tokens": sampler.max_tokens,
        "selector": selector,
        "k": 1 if selector == "first" else one.samples,
        "questions": one.questions,
        "samples": one.samples,
        "half_width": half,
        "questions_to_halve": questions_for(sd, half / 2),
        "samples_to_halve": None,
        **found,
    }


def _single(one: Evidence) -> tuple[float, Row]:
    """One sample's accuracy, from the mean of all."""
    law, recorded = one.spread, one.recorded
    sd = law.sd(one.samples)
    if recorded is None:
        found: Row = _assumed("chances spread as Beta(1/2, 1/2)")
    else:
        correct, samples = recorded.counts()
        mean = float((correct / samples).mean())
        found = {"accuracy": mean, "basis": "recorded", "basis_from": recorded.earlier.source}
    if one.samples > 1:
        half = half_width(sd, one.questions) / 2
        found["samples_to_halve"] = samples_for(law.between, law.within, one.questions, half)
    return sd, found


def _chosen(one: Evidence, selector: str) -> tuple[float, Row]:
    """An answer chosen from all samples: one value a question."""
    if one.recorded is None:
        return WORST_SD, _assumed("as many right as wrong")
    values, k = one.recorded.values(selector, one.samples)
    there = values[~np.isnan(values)]
    shallow = "" if k == one.samples else f" at k = {k}"
    source = one.recorded.earlier.source + shallow
    return value_sd(there), {
        "accuracy": float(there.mean()),
        "basis": "recorded",
        "basis_from": source,
    }


def _assumed(what: str) -> Row:
    return {"accuracy": None, "basis": "assumed", "basis_from": what}
