"""The oracle by rollouts: the share of continuations of a step that end right; an upper bound."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scaling_cli.types import Asking, Model, Reward, Trace, Verifier, VerifierFacts
from scaling_cli.verifiers.options import count, number

OPTIONS: dict[str, Any] = {"rollouts": 8, "temperature": None}
"""`rollouts` a step, 8 as in Math-Shepherd (Wang et al. 2024); `temperature`: the policy's own
where it is not given."""


def check(options: Mapping[str, Any]) -> None:
    """EngineError for options that mean nothing."""
    count(options, "rollouts")
    if options["temperature"] is not None:
        number(options, "temperature")


async def open_oracle_rollout(
    *, options: Mapping[str, Any], model: Model | None, seed: int
) -> Verifier:
    """Ready at once: the policy and grading are reached through `Asking`."""
    facts = VerifierFacts(
        name="oracle-rollout",
        kind="process",
        upper_bound=True,
        details={"rollouts": int(options["rollouts"])},
    )
    temperature = None if options["temperature"] is None else float(options["temperature"])
    return OracleRollout(facts, int(options["rollouts"]), temperature)


@dataclass(frozen=True, slots=True)
class OracleRollout:
    """Math-Shepherd's soft label of a step, with the gold answer at hand."""

    facts: VerifierFacts
    rollouts: int
    temperature: float | None

    async def score(self, trace: Trace, asking: Asking) -> Reward:
        """A finished solution is judged at once; the rollouts of others are the verifier's bill."""
        if trace.finished:
            return Reward(float(await asking.is_right(trace)))
        rolled = await asking.roll(trace, count=self.rollouts, temperature=self.temperature)
        right = await asyncio.gather(*(asking.is_right(one) for one in rolled))
        return Reward(sum(right) / len(right))

    async def close(self) -> None:
        """Nothing to stop."""
