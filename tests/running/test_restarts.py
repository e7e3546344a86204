"""Restarts must not bias lengths: a hundred kills, in simulated time, through the real door.

The engine cannot be seeded per request and wrong solutions have three times as many full stops,
so whoever loses long calls gains accuracy. Truth is the closed form of the law. Its draws are
spread evenly (`simulated.Even`), so that 8,000 calls tell a bias of 0.2 points: over six seeds the
means missed the truth by 0.05 points of length and 0.03 of accuracy (root mean square), at most
0.11.

What group redraw leaves (engines that neither seed nor stream): an interrupted group is one whose
longest member took long, so drawing it again still favours short groups, by about kills per
second x Cov(length, longest of its group). For n samples of exponential length that is H(n)/n of
what redrawing single calls costs. Measured with this simulation, 4,800 calls of one second on
average, three seeds each, share of mean length and points of accuracy:

    a kill every  4 s:  single calls  -15.7% +- 0.6, +3.3 +- 0.4
                        groups of 1   -15.2% +- 0.6, +2.9 +- 0.4
                        groups of 4   -11.1% +- 0.6, +1.9 +- 0.4
                        groups of 16   -4.9% +- 0.7, +0.9 +- 0.4
    a kill every 16 s:  single calls   -4.3% +- 0.8, +1.0 +- 0.4
                        groups of 16   -1.1% +- 0.8, +0.2 +- 0.4

It scales with call length over time between kills: with one kill an hour and calls of a minute,
groups of 16 lose 0.3% of length. Only going on from the journalled tokens, which streaming
engines get, and seeds per request are free of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scaling_cli.running import run
from scaling_cli.store import RunFolder
from tests.running.simulated import Drawn, fill, prepared

KILLS = 100
POINTS = 0.01
BOUND = 0.2 * POINTS


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls begin and end between two lines of the journal, and several kills hit one call."""
    monkeypatch.setattr(run, "TICK_SECONDS", 0.05)


def drawn(tmp_path: Path, *, questions: int, redraw: bool = False) -> Drawn:
    found = fill(
        RunFolder.create(tmp_path / "r"),
        prepared(questions, samples=5),
        kills=KILLS,
        every=0.3,
        seed=5,
        redraw=redraw,
        slots=4,
        mean_tokens=4,
        spread=0.0,
        streams=True,
    )
    assert found.kills == KILLS and len(found.tokens) == questions * 5
    return found


def test_a_hundred_kills_bias_neither_length_nor_accuracy(tmp_path: Path, tick: None) -> None:
    found = drawn(tmp_path, questions=1600)
    assert abs(found.tokens_off) < BOUND
    assert abs(found.correct_off) < BOUND


def test_drawing_interrupted_calls_again_would_bias_both(tmp_path: Path, tick: None) -> None:
    found = drawn(tmp_path, questions=400, redraw=True)
    assert found.tokens_off < -2 * BOUND
    assert found.correct_off > 2 * BOUND
