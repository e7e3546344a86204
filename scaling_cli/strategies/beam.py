"""Beam search over steps (Snell et al. 2024, arXiv 2408.03314, section 5.2)."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence

from scaling_cli.strategies.allocate import repeated, split
from scaling_cli.strategies.leaves import end
from scaling_cli.strategies.ranking import ranked
from scaling_cli.types import Session, Trace

Score = Callable[[Sequence[Trace]], Awaitable[list[Trace]]]


async def beam(
    session: Session, *, n: int = 16, m: int = 4, max_depth: int = 40, leaves: str = "finish"
) -> list[Trace]:
    """Sample `n` steps, keep the best n/m, continue each `m` times, and so on.

    The paper's N and M; `m` = 0 stands for its other setting, √N. A solution that ends leaves
    the beam and takes its place in the width with it, so that the search ends with `n`.
    """
    return await search(session, session.score, n=n, m=m, max_depth=max_depth, leaves=leaves)


async def search(
    session: Session, score: Score, *, n: int, m: int, max_depth: int, leaves: str
) -> list[Trace]:
    """The beam under a way to score a step."""
    finished: list[Trace] = []
    parents, frontier = [Trace()] * n, [Trace()]
    for _ in range(max_depth):
        children = await score(await session.step(parents))
        finished += [child for child in children if child.finished]
        frontier = [child for child in children if not child.finished]
        if not frontier:
            break
        parents = repeated(ranked(frontier), split(len(frontier), m or round(math.sqrt(n))))
    return finished + await end(session, frontier, leaves)
