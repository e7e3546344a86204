"""Parameters against samples: what a small model may spend when a large one costs as much.

Snell et al. 2024 (arXiv 2408.03314), §7: pretraining costs 6·N·D_pre, inference 2·N·D_inf. A model
M times larger costs what the small one spends by multiplying its inference by
M + 3·(D_pre/D_inf)·(M - 1).
"""

from __future__ import annotations

from scaling_cli.errors import LawError

RATIOS = (0.16, 0.79, 22.0)
"""D_inf / D_pre of the paper: far less, about as many, and far more tokens of inference than of
pretraining."""


def inference_multiple(size_ratio: float, token_ratio: float) -> float:
    """How many times its inference the small model may spend, for `size_ratio` = M and
    `token_ratio` = D_inf / D_pre; infinity of the latter leaves inference alone: M."""
    if size_ratio < 1 or token_ratio <= 0:
        raise LawError(
            f"a model {size_ratio:g} times as large at a token ratio of {token_ratio:g}",
            "name the larger model second, and a ratio above 0",
        )
    return size_ratio + 3 / token_ratio * (size_ratio - 1)
