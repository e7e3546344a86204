"""REBASE: shares by hand, and sampling where the verifier says nothing."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import pytest
from scipy.stats import chi2_contingency

from scaling_cli.strategies.rebase import rebase
from scaling_cli.strategies.sampling import sampling
from tests.strategies.simulated import World, ask, exact, flat, scripted, survey


def test_rebase_shares_by_the_softmax() -> None:
    """T_b = 0.1. Of eight first steps: whole parts 4, 1, 0, 0, ... and three more for the
    largest remainders, .80, .77 and the first of the two at .65."""
    first = (0.5, 0.4, 0.3, 0.3, 0.0, 0.0, 0.0, 0.0)
    traces, _ = ask(rebase, World(length=2), scripted(*first, *[0.0] * 8), n=8)
    weights = [math.exp(reward / 0.1) for reward in first]
    shares = [8 * weight / sum(weights) for weight in weights]
    assert [round(share, 2) for share in shares[:5]] == [4.8, 1.77, 0.65, 0.65, 0.03]
    assert Counter(trace.calls[0] for trace in traces) == {"0": 5, "1": 2, "2": 1}


@pytest.mark.parametrize("rounding", ["largest-remainder", "released", "paper"])
def test_rebase_with_a_flat_verifier_is_uniform_sampling(rounding: str) -> None:
    """Exactly: every trace is continued once, so that the solutions are independent chains."""
    for seed in range(20):
        world = World(p=0.7, length=8, stop=0.2, seed=seed)
        traces, ledger = ask(rebase, world, flat, n=12, rounding=rounding)
        calls = list(itertools.chain.from_iterable(trace.calls for trace in traces))
        assert len(traces) == 12 and len(set(calls)) == len(calls) == ledger.steps


def test_rebase_with_a_flat_verifier_has_the_distribution_of_sampling() -> None:
    world, questions = World(p=0.7, length=4, stop=0.3), 400

    def texts(strategy: Any, verify: Any, **params: int) -> Counter[str]:
        found = survey(strategy, world, verify, questions=questions, **params)
        return Counter(trace.text for traces in found for trace in traces)

    drawn, even = texts(sampling, flat, samples=8), texts(rebase, flat, n=8)
    kinds = sorted(drawn | even)
    assert len(kinds) == 2 + 4 + 8 + 16 and drawn.total() == even.total() == 8 * questions
    assert chi2_contingency([[of[kind] for kind in kinds] for of in (drawn, even)]).pvalue > 0.001
    # The same test sees a verifier that is not flat.
    led = texts(rebase, exact, n=8)
    assert chi2_contingency([[of[kind] for kind in kinds] for of in (drawn, led)]).pvalue < 1e-9


def test_the_papers_rounding_may_end_with_more_or_fewer_solutions() -> None:
    sizes = {
        len(ask(rebase, World(p=0.6, length=6, seed=s), n=8, rounding="paper", temperature=0.5)[0])
        for s in range(60)
    }
    assert min(sizes) < 8 < max(sizes)
