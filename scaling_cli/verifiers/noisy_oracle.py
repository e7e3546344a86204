"""An oracle that errs at known rates: for tests of laws on the fake engine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scaling_cli.types import Asking, Model, Reward, Trace, Verifier, VerifierFacts
from scaling_cli.verifiers.options import number
from scaling_cli.verifiers.oracle import known_chance

OPTIONS: dict[str, Any] = {
    "true_positive": 0.9,
    "false_positive": 0.2,
    "noise": 0.0,
    "unfinished": 0.5,
    "seed": 0,
}
"""`true_positive` and `false_positive`: how often right and wrong solutions are accepted.
`noise`: which part of the score is a uniform number instead of the verdict. `unfinished`: the
chance taken for an unfinished solution to end right where the engine cannot tell it. `seed`:
another one gives other errors."""


RATES = ("true_positive", "false_positive", "noise", "unfinished")


def check(options: Mapping[str, Any]) -> None:
    """EngineError for options that mean nothing."""
    for name in RATES:
        number(options, name, most=1)


async def open_noisy_oracle(
    *, options: Mapping[str, Any], model: Model | None, seed: int
) -> Verifier:
    """Ready at once: grading is reached through `Asking`."""
    rates = {name: float(options[name]) for name in RATES}
    facts = VerifierFacts(name="noisy-oracle", kind="outcome", upper_bound=True, details=rates)
    return NoisyOracle(facts, **rates, seed=f"{options['seed']}/{seed}")


@dataclass(frozen=True, slots=True)
class NoisyOracle:
    """Accepts (1) or rejects (0), then blends in noise; the same trace is always scored alike."""

    facts: VerifierFacts
    true_positive: float
    false_positive: float
    noise: float
    unfinished: float
    seed: str

    async def score(self, trace: Trace, asking: Asking) -> Reward:
        """Accepted with chance p·t + (1-p)·f, p being the chance that the solution is right."""
        right = await self._right(trace, asking)
        accepted = right * self.true_positive + (1 - right) * self.false_positive
        name = f"{self.seed}/{asking.question.id}/{trace.calls[-1] if trace.calls else ''}"
        first, second = _uniform(name)
        return Reward((1 - self.noise) * (first < accepted) + self.noise * second)

    async def _right(self, trace: Trace, asking: Asking) -> float:
        if trace.finished:
            return float(await asking.is_right(trace))
        known = known_chance(trace, asking)
        return self.unfinished if known is None else known

    async def close(self) -> None:
        """Nothing to stop."""


def _uniform(name: str) -> tuple[float, float]:
    """Two numbers in [0, 1) that belong to a name."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56, int.from_bytes(digest[7:14], "big") / 2**56
