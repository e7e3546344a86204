"""When to ask a server again, and how long to wait."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 120.0


def wait_before(attempt: int, headers: Mapping[str, str], source: random.Random) -> float:
    """Seconds before attempt `attempt` + 1: Retry-After if given, else doubling with jitter."""
    asked = _retry_after(headers.get("retry-after"))
    if asked is not None:
        return min(asked, LONGEST_WAIT)
    return min(2.0**attempt, LONGEST_WAIT) * (0.5 + source.random() / 2)


def _retry_after(value: str | None) -> float | None:
    """Seconds, or a date."""
    if value is None:
        return None
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
