"""Lookahead search (Snell et al. 2024, arXiv 2408.03314, section 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scaling_cli.strategies.beam import search
from scaling_cli.strategies.ranking import value
from scaling_cli.types import Session, Trace


async def lookahead(
    session: Session,
    *,
    n: int = 16,
    m: int = 4,
    k: int = 1,
    max_depth: int = 40,
    leaves: str = "finish",
) -> list[Trace]:
    """Beam search that judges a step by the score `k` greedy steps further on.

    The steps looked ahead are charged and thrown away. With `k` = 0 it is beam search.
    """

    async def score(children: Sequence[Trace]) -> list[Trace]:
        seen = list(children)
        for _ in range(k):
            seen = await _ahead(session, seen)
        pairs = zip(children, await session.score(seen), strict=True)
        return [replace(child, rewards=(*child.rewards, value(last))) for child, last in pairs]

    return await search(session, score, n=n, m=m, max_depth=max_depth, leaves=leaves)


async def _ahead(session: Session, traces: Sequence[Trace]) -> list[Trace]:
    """One greedy step more where the solution has not ended."""
    unfinished = [trace for trace in traces if not trace.finished]
    stepped = iter(await session.step(unfinished, temperature=0.0) if unfinished else [])
    return [trace if trace.finished else next(stepped) for trace in traces]
