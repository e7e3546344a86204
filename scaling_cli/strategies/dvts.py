"""Diverse verifier tree search (Beeching et al. 2024, search-and-learn)."""

from __future__ import annotations

import asyncio
from itertools import chain

from scaling_cli.errors import SweepError
from scaling_cli.strategies.leaves import end
from scaling_cli.strategies.ranking import ranked
from scaling_cli.types import Session, Trace


async def dvts(
    session: Session, *, n: int = 16, m: int = 4, max_depth: int = 40, leaves: str = "finish"
) -> list[Trace]:
    """Grow n/m trees apart; in each sample `m` steps and go on from the best one alone.

    The authors' N and M. No tree waits for another.
    """
    if n % m:
        raise SweepError(f"dvts: n = {n} is not a multiple of m = {m}", "n/m trees of m are grown")
    trees = [_tree(session.branch(index), m, max_depth, leaves) for index in range(n // m)]
    return list(chain.from_iterable(await asyncio.gather(*trees)))


async def _tree(session: Session, m: int, max_depth: int, leaves: str) -> list[Trace]:
    """The last `m` candidates of one tree, as far as they are solutions."""
    best, last = Trace(), [Trace()]
    for _ in range(max_depth):
        last = await session.score(await session.step([best] * m))
        best = ranked(last)[0]
        if best.finished:
            # Its unfinished siblings hold no answer: the released code lets them vote "invalid".
            return [trace for trace in last if trace.finished]
    unfinished = await end(session, [trace for trace in last if not trace.finished], leaves)
    return [trace for trace in last if trace.finished] + unfinished
