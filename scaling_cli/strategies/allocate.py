"""Budget arithmetic: how many continuations each trace gets. Pure, and exact to the last one.

A float is a whole number times a power of two, so shares are computed in whole numbers: no total
is missed by a rounding error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from scaling_cli.errors import SweepError
from scaling_cli.types import Trace


def split(width: int, m: int) -> list[int]:
    """`m` continuations for each of the best, the last of them taking what is left of `width`."""
    return [min(m, width - start) for start in range(0, width, m)]


def repeated(traces: Sequence[Trace], widths: Sequence[int]) -> list[Trace]:
    """Every trace as often as it is to be continued; none where its width is 0 or missing."""
    return [trace for trace, width in zip(traces, widths, strict=False) for _ in range(width)]


def allocate(
    rewards: Sequence[float], budget: int, *, temperature: float, rounding: str
) -> list[int]:
    """REBASE's widths: W_j of `budget` for each trace (Wu et al. 2024, arXiv 2408.00724)."""
    if rounding not in ROUNDINGS:
        raise SweepError(f"there is no rounding {rounding}", f"valid: {', '.join(ROUNDINGS)}")
    if not rewards or budget < 1:
        return [0] * len(rewards)
    return ROUNDINGS[rounding](_whole(balance(rewards, temperature)), budget)


def balance(rewards: Sequence[float], temperature: float) -> list[float]:
    """exp(R_j/T_b), divided by the greatest of them so that none overflows.

    NaN, a scoring that failed, weighs nothing, unless there is no number at all: then all
    weigh the same. An infinite reward takes everything, shared with its equals.
    """
    if not 0 < temperature < math.inf:
        raise SweepError(f"a balance temperature of {temperature}", "give a number above 0")
    known = [-math.inf if math.isnan(reward) else reward for reward in rewards]
    top = max(known)
    if math.isinf(top):
        return [float(reward == top) for reward in known]
    return [math.exp((reward - top) / temperature) for reward in known]


def _whole(weights: Sequence[float]) -> list[int]:
    """Whole numbers in exactly the weights' ratios."""
    ratios = [weight.as_integer_ratio() for weight in weights]
    scale = max(denominator for _, denominator in ratios)
    return [numerator * (scale // denominator) for numerator, denominator in ratios]


def _largest_remainder(weights: Sequence[int], budget: int) -> list[int]:
    """The whole part of each share, then one more for the largest remainders. Exact.

    Of equal remainders the earlier trace's comes first.
    """
    total = sum(weights)
    shares = [divmod(budget * weight, total) for weight in weights]
    widths = [whole for whole, _ in shares]
    order = sorted(range(len(shares)), key=lambda j: -shares[j][1])
    for j in order[: budget - sum(widths)]:
        widths[j] += 1
    return widths


def _paper(weights: Sequence[int], budget: int) -> list[int]:
    """Each share rounded on its own, halves up, as the paper writes: the total may be missed."""
    total = sum(weights)
    return [(2 * budget * weight + total) // (2 * total) for weight in weights]


def _released(weights: Sequence[int], budget: int) -> list[int]:
    """As the released code: the best first, each the ceiling of its share of what is left. Exact.

    Of equal weights the earlier trace's comes first (the released code: the later).
    """
    widths, left = [0] * len(weights), sum(weights)
    for j in sorted(range(len(weights)), key=lambda j: -weights[j]):
        if budget:
            widths[j] = -(-budget * weights[j] // left)
        budget -= widths[j]
        left -= weights[j]
    return widths


ROUNDINGS: dict[str, Callable[[Sequence[int], int], list[int]]] = {
    "largest-remainder": _largest_remainder,
    "paper": _paper,
    "released": _released,
}
EXACT = ("largest-remainder", "released")
"""Rules whose widths always sum to the budget."""
