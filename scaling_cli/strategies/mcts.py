"""Monte Carlo tree search by UCT, as REBASE's authors ran it (Wu et al. 2024, arXiv 2408.00724)."""

from __future__ import annotations

from scaling_cli.strategies.leaves import end
from scaling_cli.strategies.ranking import ranked
from scaling_cli.strategies.uct import Node, add, close, select
from scaling_cli.types import Session, Trace


async def mcts(
    session: Session,
    *,
    n: int = 16,
    width: int = 4,
    children: int = 2,
    expansions: int = 32,
    c: float = 1.0,
    max_depth: int = 40,
    leaves: str = "finish",
) -> list[Trace]:
    """Expand `expansions` times the node that UCT leads to, until `n` solutions are found.

    The last expansion may find more than are missing; they are paid for, and returned.
    The root gets `width` children, any other node `children`: 4, 8 or 16 and 2 as published,
    with 32, 64 or 128 expansions. Each choice needs the scores before it, so within one question
    expansions follow one another.
    """
    root = Node(Trace())
    found: list[Trace] = []
    frontier: list[Trace] = []
    for _ in range(expansions):
        if root.closed or len(found) >= n:
            break
        node = select(root, c)
        frontier = [trace for trace in frontier if trace is not node.trace]
        steps = [node.trace] * (children if node.parent else width)
        for trace in await session.score(await session.step(steps)):
            add(node, trace, max_depth)
            (found if trace.finished else frontier).append(trace)
        close(node)
    missing = max(n - len(found), 0)
    return found + await end(session, ranked(frontier)[:missing], leaves)
