"""How hard each question of a run is, by the samples that a bank of another run holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.difficulty import difficulty_bins
from scaling_cli.recorded import Ask, banks
from scaling_cli.store import RunFolder
from scaling_cli.types import GOLD, MISSING, SampleBank

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray


def difficulty_of(folder: RunFolder, ask: Ask, model: str) -> Mapping[str, float]:
    """pass@1 of each question in the largest bank of `model` that the run holds."""
    found = {
        one.key: (str(one.cell.details["model"]), one.bank)
        for one in banks(folder, replace(ask, by=None))
    }
    mine = [bank for name, bank in found.values() if name == model]
    if not mine:
        held = ", ".join(dict.fromkeys(name for name, _ in found.values())) or "no bank"
        raise LawError(f"{folder.name} holds no samples of {model}", f"it holds: {held}")
    bank = max(mine, key=lambda one: one.answer_class.size)
    return dict(zip(bank.question_ids, _rates(bank).tolist(), strict=True))


def binned(rates: Mapping[str, float], questions: list[str]) -> list[tuple[str, list[str]]]:
    """The questions in bins from easy to hard: what a bin is called, and its questions."""
    known = [question for question in questions if question in rates]
    if not known:
        raise LawError(
            "no question of the search is in that bank", "name a bank of the same questions"
        )
    values = np.array([rates[question] for question in known])
    place = difficulty_bins(values)
    bins = []
    for number in range(int(place.max()) + 1):
        mine = values[place == number]
        low, high = f"{mine.min():.0%}", f"{mine.max():.0%}"
        span = low if low == high else f"{low} to {high}"
        members = [q for q, at in zip(known, place, strict=True) if at == number]
        bins.append((f"{number + 1}: {span} right", members))
    return bins


def _rates(bank: SampleBank) -> FloatArray:
    real = bank.answer_class != MISSING
    right = ((bank.answer_class == GOLD) & real).sum(axis=1)
    return np.asarray(right / np.maximum(real.sum(axis=1), 1))
