"""The table of verifiers: how each is opened, and the options it takes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from scaling_cli.errors import EngineError
from scaling_cli.types import Model, Verifier

VERIFIERS: dict[str, str] = {
    "confidence": "scaling_cli.verifiers.confidence:open_confidence",
    "judge": "scaling_cli.verifiers.judge:open_judge",
    "reward": "scaling_cli.verifiers.reward:open_reward",
    "oracle": "scaling_cli.verifiers.oracle:open_oracle",
    "oracle-rollout": "scaling_cli.verifiers.oracle_rollout:open_oracle_rollout",
    "noisy-oracle": "scaling_cli.verifiers.noisy_oracle:open_noisy_oracle",
}

FAKE_ONLY = frozenset({"noisy-oracle"})
"""Verifiers of a known law, for tests: they have no place beside a real engine."""

UPPER_BOUNDS = frozenset({"oracle", "oracle-rollout", "noisy-oracle"})
"""Verifiers that look at the gold answer: what they lead is a bound and no method."""

ASKING = frozenset({"judge", "reward"})
"""Verifiers that need a model of their own."""

OWN_ENGINE = frozenset({"reward"})
"""Of these, the ones that start vLLM on it themselves."""

EXTRAS = {"reward": "see the README, vLLM"}


async def open_verifier(
    name: str, options: Mapping[str, Any], *, model: Model | None = None, seed: int = 0
) -> Verifier:
    """A verifier ready to score; EngineError with the remedy where it cannot be.

    `model` is the verifier's own, resolved, where it has one. A judge's engine is not opened
    here: it is reached through `Asking`.
    """
    check(name, options)
    module, _, function = VERIFIERS[name].partition(":")
    try:
        opener = getattr(importlib.import_module(module), function)
        verifier: Verifier = await opener(
            options={**options_of(name), **options}, model=model, seed=seed
        )
    except ImportError as error:
        raise EngineError(
            f"the verifier {name} cannot be imported: {error}", EXTRAS.get(name, "install it")
        ) from error
    return verifier


def check(name: str, options: Mapping[str, Any]) -> None:
    """EngineError for options under which the verifier means nothing; nothing is opened."""
    valid = options_of(name)
    for option in options:
        if option not in valid:
            raise EngineError(
                f"the verifier {name} has no option {option}", f"valid: {', '.join(valid)}"
            )
    _module(name).check({**valid, **options})


def options_of(name: str) -> Mapping[str, Any]:
    """A verifier's option names with their defaults."""
    if name not in VERIFIERS:
        raise EngineError(f"there is no verifier {name}", f"valid: {', '.join(VERIFIERS)}")
    options: Mapping[str, Any] = _module(name).OPTIONS
    return options


def _module(name: str) -> Any:
    return importlib.import_module(VERIFIERS[name].partition(":")[0])
