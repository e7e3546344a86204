"""The confidence verifier: what it reads, and what it does without."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from scaling_cli.errors import EngineError
from scaling_cli.types import Trace
from scaling_cli.verifiers import open_verifier
from scaling_cli.verifiers.confidence import MEASURES, SCOPES

from .asking import score

TRACE = Trace(
    tokens=(1, 2, 3, 4, 5),
    text="abcde",
    logprobs=(-1.0, -2.0, -3.0, -0.5, -0.1),
    confidence=(10.0, 4.0, 6.0, 20.0, 30.0),
    certainty=(5.0, 5.0, 5.0, 10.0, 20.0),
    steps=(1, 3, 5),
)


@pytest.mark.parametrize(
    ("measure", "solution", "step"),
    [
        ("mean-logprob", math.exp(-6.6 / 5), math.exp(-0.3)),
        ("self-certainty", 9 / 50, 15 / 50),
        ("lowest-group", 5 / 50, 25 / 50),
        ("bottom-groups", 5 / 50, 25 / 50),
        ("tail", 25 / 50, 25 / 50),
    ],
)
async def test_over_all_so_far_and_over_the_last_step(
    measure: str, solution: float, step: float
) -> None:
    whole = await score("confidence", TRACE, measure=measure, window=2)
    last = await score("confidence", TRACE, measure=measure, window=2, scope="step")
    assert (whole.value, last.value) == (pytest.approx(solution), pytest.approx(step))


async def test_a_step_without_a_recorded_end_is_the_last() -> None:
    open_end = replace(TRACE, steps=(1, 3))
    assert (await score("confidence", open_end, scope="step")).value == pytest.approx(
        math.exp(-0.3)
    )
    whole = replace(TRACE, steps=())
    assert (await score("confidence", whole, scope="step")).value == pytest.approx(
        (await score("confidence", whole)).value
    )


@pytest.mark.parametrize("measure", MEASURES)
async def test_surer_numbers_score_higher(measure: str) -> None:
    """Every map rises with what the paper defines, inside [0, 1]."""
    rng, values = np.random.default_rng(0), []
    numbers = rng.uniform(0, 40, 12)
    for shift in range(5):
        surer = tuple(numbers + 2 * shift)
        trace = Trace(
            logprobs=tuple(-40 + x for x in surer), confidence=surer, certainty=surer, steps=(12,)
        )
        values.append((await score("confidence", trace, measure=measure, window=4)).value)
    assert (np.diff(values) > 0).all() and min(values) >= 0 and max(values) <= 1


@pytest.mark.parametrize("measure", MEASURES)
async def test_what_the_engine_does_not_tell_is_no_score(measure: str) -> None:
    source = MEASURES[measure].source
    for nothing in (None, (), (math.nan,) * 3):
        # Fewer numbers than tokens: the engine tells no such thing.
        with pytest.raises(EngineError, match=f"no {source}"):
            await score("confidence", replace(TRACE, **{source: nothing}), measure=measure)
    endless = replace(TRACE, **{source: (1.0, math.inf, 1.0, 1.0, 1.0)})
    with pytest.raises(EngineError, match="a token of the trace"):
        await score("confidence", endless, measure=measure)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("measure", MEASURES)
async def test_a_trace_of_which_nothing_is_told_has_no_score_yet(measure: str, scope: str) -> None:
    """A first step of a stop text alone, on llama.cpp; or of no token at all."""
    source = MEASURES[measure].source
    for count in (0, 1, 3):
        blank = Trace(tokens=(1,) * count, steps=(count,), **{source: (math.nan,) * count})
        reply = await score("confidence", blank, measure=measure, scope=scope)
        assert math.isnan(reply.value)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("measure", MEASURES)
async def test_tokens_of_which_nothing_is_told_are_passed_over(measure: str, scope: str) -> None:
    """As if they were not there, wherever they stand."""
    source = MEASURES[measure].source
    numbers = getattr(TRACE, source)
    gaps = [n for number in numbers for n in (math.nan, number, math.nan)]
    gapped = replace(TRACE, steps=tuple(3 * end for end in TRACE.steps), **{source: tuple(gaps)})
    options = {"measure": measure, "scope": scope, "window": 2}
    whole, passed = [await score("confidence", t, **options) for t in (TRACE, gapped)]
    assert passed.value == pytest.approx(whole.value)


@pytest.mark.parametrize("measure", MEASURES)
async def test_of_a_step_of_which_nothing_is_told_the_one_before_speaks(measure: str) -> None:
    source = MEASURES[measure].source
    blank = replace(TRACE, steps=(*TRACE.steps, 6), **{source: (*getattr(TRACE, source), math.nan)})
    options = {"measure": measure, "scope": "step", "window": 2}
    before, after = [await score("confidence", t, **options) for t in (TRACE, blank)]
    assert after.value == before.value


@pytest.mark.parametrize("measure", MEASURES)
async def test_it_says_what_it_needs_of_the_policy(measure: str) -> None:
    facts = (await open_verifier("confidence", {"measure": measure})).facts
    assert facts.alternatives == (0 if measure == "mean-logprob" else 20)
    assert facts.details["map"] == ("exp" if measure == "mean-logprob" else "nats/50")
