"""Reward balanced search, REBASE (Wu et al. 2024, arXiv 2408.00724)."""

from __future__ import annotations

from scaling_cli.strategies.allocate import allocate, repeated
from scaling_cli.strategies.leaves import end
from scaling_cli.strategies.ranking import value
from scaling_cli.types import Session, Trace


async def rebase(
    session: Session,
    *,
    n: int = 16,
    temperature: float = 0.1,
    max_depth: int = 25,
    rounding: str = "largest-remainder",
    leaves: str = "finish",
) -> list[Trace]:
    """Share the next steps among all traces by the softmax of their rewards.

    B_0 = N; B_i = B_{i-1} less the solutions completed at the depth before; trace j gets
    W_j = Round(B_i · exp(R_j/T_b) / Σ_k exp(R_k/T_b)) children. `temperature` is T_b, and
    `rounding` says how the W_j are made whole.
    """
    finished: list[Trace] = []
    frontier, widths = [Trace()], [n]
    for _ in range(max_depth):
        children = await session.score(await session.step(repeated(frontier, widths)))
        finished += [child for child in children if child.finished]
        frontier = [child for child in children if not child.finished]
        budget = n - len(finished)
        if not frontier or budget <= 0:
            # Under the paper's rounding the budget may be spent before every trace has ended.
            return finished
        widths = allocate(
            [value(trace) for trace in frontier], budget, temperature=temperature, rounding=rounding
        )
    return finished + await end(session, frontier, leaves)
