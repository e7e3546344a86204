"""Best-first tree search with a value function (Koh et al. 2024, arXiv 2407.01476)."""

from __future__ import annotations

from scaling_cli.strategies.leaves import end
from scaling_cli.strategies.ranking import ranked
from scaling_cli.types import Session, Trace


async def best_first(
    session: Session,
    *,
    n: int = 16,
    branching: int = 5,
    expansions: int = 20,
    max_depth: int = 40,
    leaves: str = "finish",
) -> list[Trace]:
    """Always continue the best trace of the whole tree, until `n` solutions are found.

    The last expansion may find more than are missing; they are paid for, and returned.
    The paper's b = 5 branches and c = 20 expansions. Each choice needs the scores before it, so
    within one question expansions follow one another.
    """
    finished: list[Trace] = []
    capped: list[Trace] = []
    frontier = [Trace()]
    for _ in range(expansions):
        if not frontier or len(finished) >= n:
            break
        best, *frontier = frontier
        children = await session.score(await session.step([best] * branching))
        finished += [child for child in children if child.finished]
        unfinished = [child for child in children if not child.finished]
        capped += [child for child in unfinished if len(child.steps) >= max_depth]
        # Of equals the newest comes first: it lies deeper, nearer to a solution.
        deeper = [child for child in unfinished if len(child.steps) < max_depth]
        frontier = ranked([*deeper, *frontier])
    missing = max(n - len(finished), 0)
    return finished + await end(session, ranked([*frontier, *capped])[:missing], leaves)
