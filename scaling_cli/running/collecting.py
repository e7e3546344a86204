"""How often Python looks for cycles while a run samples."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

ALLOCATIONS = 100_000
"""Values made between two looks; Python's own number is 700."""


@contextmanager
def seldom() -> Iterator[None]:
    """Look for cycles seldom: what a run makes is frozen values, which hold none.

    They are many and long (tokens, log-probabilities), and each look walks through all new ones:
    a seventh of what a call costs.
    """
    before = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
