"""The table of strategies: one paper a file, each a function from a session to traces."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from scaling_cli.strategies.sampling import sampling
from scaling_cli.types import Trace

Strategy = Callable[..., Awaitable[list[Trace]]]

STRATEGIES: dict[str, Strategy] = {
    "sampling": sampling,
}


def parameters(name: str) -> dict[str, Any]:
    """A strategy's parameters with their defaults: its keyword-only arguments."""
    signature = inspect.signature(STRATEGIES[name])
    return {
        key: value.default
        for key, value in signature.parameters.items()
        if value.kind is inspect.Parameter.KEYWORD_ONLY
    }
