"""The oracle: looks at the gold answer, so what it reaches is an upper bound and no method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scaling_cli.types import Asking, Model, Reward, Trace, Verifier, VerifierFacts
from scaling_cli.verifiers.options import number

OPTIONS: dict[str, Any] = {"unfinished": 0.5}
"""`unfinished`: the score of a solution that has no answer yet."""


def check(options: Mapping[str, Any]) -> None:
    """EngineError for options that mean nothing."""
    number(options, "unfinished", most=1)


async def open_oracle(*, options: Mapping[str, Any], model: Model | None, seed: int) -> Verifier:
    """Ready at once: grading is reached through `Asking`."""
    facts = VerifierFacts(name="oracle", kind="outcome", upper_bound=True)
    return Oracle(facts, float(options["unfinished"]))


@dataclass(frozen=True, slots=True)
class Oracle:
    """1 or 0 for a finished solution. For an unfinished one a constant, and on an engine of known
    law the exact chance that it will be right."""

    facts: VerifierFacts
    unfinished: float

    async def score(self, trace: Trace, asking: Asking) -> Reward:
        """Costs no tokens."""
        if trace.finished:
            return Reward(float(await asking.is_right(trace)))
        known = known_chance(trace, asking)
        return Reward(self.unfinished if known is None else known)

    async def close(self) -> None:
        """Nothing to stop."""


def known_chance(trace: Trace, asking: Asking) -> float | None:
    """The exact chance that a trace ends right, which only the fake engine can tell."""
    law = getattr(asking, "success_probability", None)
    told: float | None = law(trace) if law is not None else None
    return told
