"""The order of traces in a search: by the last reward, failed scorings behind all others."""

from __future__ import annotations

import math
from collections.abc import Iterable

from scaling_cli.types import Trace


def value(trace: Trace) -> float:
    """What a search takes a trace to be worth: its last reward, NaN where there is none."""
    return trace.rewards[-1] if trace.rewards else math.nan


def ranked(traces: Iterable[Trace]) -> list[Trace]:
    """The best first; of equals, the one that came first. NaN comes last, never as 0."""
    return sorted(traces, key=_order)


def _order(trace: Trace) -> tuple[bool, float]:
    failed = math.isnan(value(trace))
    return failed, 0.0 if failed else -value(trace)
