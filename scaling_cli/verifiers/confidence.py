"""Confidence: how sure the policy itself was; no other model, no tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.errors import EngineError
from scaling_cli.laws import confidence as laws
from scaling_cli.types import Asking, Model, Reward, Trace, Verifier, VerifierFacts
from scaling_cli.verifiers.options import choice, count

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

OPTIONS: dict[str, Any] = {"measure": "mean-logprob", "scope": "solution", "window": laws.WINDOW}
"""`window`: tokens of a group and of the tail; `scope: step` reads the last step alone."""

SCOPES = ("solution", "step")


@dataclass(frozen=True, slots=True)
class Measure:
    """From the numbers of tokens, which stand on the trace under `source`, to a score in [0, 1].

    `map` names how what the paper defines becomes a weight; every map rises with it.
    """

    source: str
    map: str
    score: Callable[[FloatArray, int], float]


MEASURES: dict[str, Measure] = {
    "mean-logprob": Measure("logprobs", "exp", lambda x, _: laws.mean_probability(x)),
    "self-certainty": Measure(
        "certainty", "nats/50", lambda x, _: laws.share_of_nats(float(np.mean(x)))
    ),
    "lowest-group": Measure(
        "confidence", "nats/50", lambda x, w: laws.share_of_nats(laws.lowest_group(x, w))
    ),
    "bottom-groups": Measure(
        "confidence", "nats/50", lambda x, w: laws.share_of_nats(laws.bottom_groups(x, w))
    ),
    "tail": Measure("confidence", "nats/50", lambda x, w: laws.share_of_nats(laws.tail(x, w))),
}


def check(options: Mapping[str, Any]) -> None:
    """EngineError for options that mean nothing."""
    choice(options, "measure", MEASURES)
    choice(options, "scope", SCOPES)
    count(options, "window")


async def open_confidence(
    *, options: Mapping[str, Any], model: Model | None, seed: int
) -> Verifier:
    """Ready at once: it reads what the policy's engine has told."""
    name, scope = str(options["measure"]), str(options["scope"])
    measure = MEASURES[name]
    facts = VerifierFacts(
        name="confidence",
        kind="process",
        alternatives=0 if measure.source == "logprobs" else laws.TOP,
        at_once=True,
        details={"measure": name, "scope": scope, "map": measure.map},
    )
    return Confidence(facts, measure, scope, int(options["window"]))


@dataclass(frozen=True, slots=True)
class Confidence:
    """Scores a solution so far, or its last step, by its tokens' chances."""

    facts: VerifierFacts
    measure: Measure
    scope: str
    window: int

    async def score(self, trace: Trace, asking: Asking) -> Reward:
        """EngineError where the policy's engine did not tell what the measure needs.

        Tokens of which it tells nothing are passed over: a mean is over the others. Where it
        tells nothing of any, as llama.cpp of a step that is a stop text and no more, there is
        nothing to score yet.
        """
        told = getattr(trace, self.measure.source)
        if told is None or len(told) < len(trace.tokens):
            raise EngineError(
                f"the trace has no {self.measure.source}",
                "use an engine that tells log-probabilities, or another verifier",
            )
        numbers = np.array(told, np.float64)
        (known,) = np.nonzero(~np.isnan(numbers))
        if not len(known):
            return Reward(math.nan)
        if self.scope == "step":
            known = known[known >= _last_step(trace, known[-1])]
        value = self.measure.score(numbers[known], self.window)
        if not np.isfinite(value):
            raise EngineError(f"a token of the trace has no {self.measure.source}", "ask again")
        return Reward(value)

    async def close(self) -> None:
        """Nothing to stop."""


def _last_step(trace: Trace, last: int) -> int:
    """Where the step of the token `last` begins; what follows the last recorded end is a step."""
    return max((end for end in trace.steps if end <= last), default=0)
