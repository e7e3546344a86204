"""Numbers for a page: short in JSON, readable in a table, nothing where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

EXACT = 1e15
"""Above this a float is written with an exponent whatever it is."""


def brief(value: Any, digits: int = 5) -> float | int | None:
    """`value` to some significant digits; None for what is not known."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{float(value):.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < EXACT else short


def briefs(values: Iterable[Any], digits: int = 5) -> list[float | int | None]:
    return [brief(value, digits) for value in values]


def plain_json(value: Any) -> Any:
    """Nested values with NaN and infinities as null: JSON knows none."""
    if isinstance(value, dict):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def worded(value: Any) -> str:
    """A value as a table shows it: three decimals, large numbers in powers of ten."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _decimal(value)
    return str(value)


def _decimal(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    if abs(value) >= 1e6 or 0 < abs(value) < 1e-3:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"
