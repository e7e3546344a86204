"""Snapshots made by hand, for tests of what is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.checking.snapshot import Curves, Snapshot

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

FACTS: Mapping[str, Any] = {
    "weights": "w" * 64, "tokenizer": "t", "prompt": "p", "stop": [], "task": "sums",
    "task_revision": "r", "temperature": 0.8, "max_tokens": 64, "engine": "fake", "dtype": "f",
    "equality": "math", "extraction": "lenient",
}  # fmt: skip
KS = (1, 2, 4)


def made(
    *,
    seed: int = 0,
    questions: int = 40,
    drop: float = 0.0,
    rise: float = 0.0,
    noise: float = 0.05,
    **fields: Any,
) -> Curves:
    """A cell on `questions` of fixed difficulty; `seed` draws its noise, accuracy is `drop` lower
    at every k and cost a share `rise` higher."""
    law, rng = np.random.default_rng(99), np.random.default_rng(seed)
    chance = law.uniform(0.3, 0.7, (questions, 1))

    def noisy() -> FloatArray:
        return np.asarray(noise * rng.normal(size=(questions, 1)))

    vote = np.clip(chance + np.array([0.0, 0.0, 0.1]) + noisy() - drop, 0, 1)
    single = np.clip(chance + noisy() - drop, 0, 1)
    tokens = law.uniform(20, 60, (questions, 1)) * (1 + noisy()) * (1 + rise) * KS
    one = Curves(
        model="small",
        task="sums",
        strategy="sampling",
        params="{}",
        limit=None,
        seed=0,
        facts=dict(FACTS),
        question_ids=tuple(f"sums/test/{i:012x}" for i in range(questions)),
        ks=KS,
        accuracy={"first": np.round(single, 4), "majority": np.round(vote, 4)},
        costs={"flops": 1e6 * np.round(tokens), "tokens": np.round(tokens, 1)},
    )
    return replace(one, **fields)


def snapshot_of(*curves: Curves, run: str = "today") -> Snapshot:
    return Snapshot(run, "0.1.0", curves or (made(),))


def facts(**changed: Any) -> dict[str, Any]:
    return {**FACTS, **changed}
