"""What becomes of the traces that are unfinished where a search ends."""

from __future__ import annotations

from collections.abc import Sequence

from scaling_cli.errors import SweepError
from scaling_cli.types import Session, Trace

LEAVES = ("finish", "drop")


async def end(session: Session, traces: Sequence[Trace], leaves: str) -> list[Trace]:
    """Each continued to its end by one call and scored there, or none of them."""
    if leaves not in LEAVES:
        raise SweepError(f"leaves cannot be {leaves}", f"valid: {', '.join(LEAVES)}")
    if leaves == "drop" or not traces:
        return []
    return await session.score(await session.extend(traces))
