"""The oracles: what they see, and how often the noisy one errs."""

from __future__ import annotations

import numpy as np
import pytest

from scaling_cli.laws.accuracy import best_of
from scaling_cli.laws.calibration import verifier_ceiling
from scaling_cli.types import Trace
from scaling_cli.verifiers import open_verifier

from .asking import FakeAsking, score

RIGHT, WRONG = Trace(text="5", finished=True), Trace(text="6", finished=True)
DRAWS = 4_000


async def test_finished_traces_are_judged_and_others_get_the_constant() -> None:
    assert [(await score("oracle", t)).value for t in (RIGHT, WRONG)] == [1, 0]
    open_end = Trace(text="5")
    assert (await score("oracle", open_end)).value == 0.5
    assert (await score("oracle", open_end, unfinished=0.1)).value == 0.1


@pytest.mark.parametrize("name", ["oracle", "noisy-oracle"])
async def test_where_the_law_is_known_an_unfinished_trace_has_its_exact_chance(name: str) -> None:
    asking = FakeAsking(success_probability=lambda trace: 0.25 if trace.text == "2+" else None)
    options = {} if name == "oracle" else {"true_positive": 1, "false_positive": 0}
    values = [
        (await score(name, Trace(text="2+", calls=(f"c{i}",)), asking, **options)).value
        for i in range(DRAWS if name == "noisy-oracle" else 1)
    ]
    assert np.mean(values) == pytest.approx(0.25, abs=0.03 if name == "noisy-oracle" else 0)
    assert (await score("oracle", Trace(text="x"), asking)).value == 0.5


async def test_it_costs_nothing_and_rolls_nothing() -> None:
    asking = FakeAsking()
    for name in ("oracle", "noisy-oracle"):
        for trace in (RIGHT, Trace(text="2+")):
            await score(name, trace, asking)
    assert asking.asked == [] and asking.rolled == []


async def test_rollouts_are_asked_for_a_step_and_not_for_a_finished_trace() -> None:
    asking = FakeAsking(endings=["=5", "=6", "=7", "=5"])
    step = Trace(text="2+3")
    assert (await score("oracle-rollout", step, asking, rollouts=4)).value == 0.5
    assert (await score("oracle-rollout", step, asking, rollouts=3)).value == pytest.approx(1 / 3)
    assert (await score("oracle-rollout", step, asking, temperature=0)).value == 0.5
    assert [(count, at) for _, count, at in asking.rolled] == [(4, None), (3, None), (8, 0.0)]
    assert (await score("oracle-rollout", RIGHT, asking)).value == 1
    assert len(asking.rolled) == 3


async def noisy(trace: Trace, **options: float) -> np.ndarray:
    """Scores of many traces that differ in the name of their last call."""
    verifier = await open_verifier("noisy-oracle", options)
    names = [Trace(text=trace.text, finished=True, calls=(f"q#{i}",)) for i in range(DRAWS)]
    return np.array([(await verifier.score(one, FakeAsking())).value for one in names])


async def test_it_errs_at_the_rates_it_was_given() -> None:
    accepted, mistaken = await noisy(RIGHT), await noisy(WRONG)
    assert set(accepted) == set(mistaken) == {0.0, 1.0}
    # Four standard errors of a rate over 4,000 draws are below 0.03.
    assert accepted.mean() == pytest.approx(0.9, abs=0.03)
    assert mistaken.mean() == pytest.approx(0.2, abs=0.03)
    ceiling = float(verifier_ceiling(0.5, accepted.mean(), mistaken.mean()))
    assert ceiling == pytest.approx(0.9 / 1.1, abs=0.03)


async def test_best_of_k_behind_it_ends_at_the_ceiling() -> None:
    """(1 - none)·c + none·c', none = (1 - p·t - (1-p)·f)^k, at the rates that were drawn."""
    scores = np.concatenate([await noisy(RIGHT), await noisy(WRONG)])[None]
    classes = np.repeat([0, 1], DRAWS)[None]
    t, f = scores[0, :DRAWS].mean(), scores[0, DRAWS:].mean()
    ks = np.array([1, 2, 8, 64])
    none = (1 - (t + f) / 2) ** ks
    expected = (1 - none) * verifier_ceiling(0.5, t, f) + none * verifier_ceiling(0.5, 1 - t, 1 - f)
    # Samples are drawn without replacement from 8,000, not from the law.
    np.testing.assert_allclose(best_of(classes, scores, ks)[0], expected, atol=1e-3)


async def test_noise_blurs_the_verdict_without_leaving_the_interval() -> None:
    graded = await noisy(RIGHT, noise=0.5)
    assert graded.min() >= 0 and graded.max() <= 1 and len(set(graded)) == DRAWS
    # Half and half: accepted ones lie above 0.5, rejected ones below.
    assert (graded >= 0.5).mean() == (await noisy(RIGHT)).mean()
    assert (await noisy(RIGHT, noise=1)).mean() == pytest.approx(0.5, abs=0.03)


async def test_the_same_trace_is_scored_alike_and_another_seed_otherwise() -> None:
    names = [Trace(text="5", finished=True, calls=(f"q#{i}",)) for i in range(40)]

    async def scores(**options: int) -> list[float]:
        return [(await score("noisy-oracle", one, noise=1, **options)).value for one in names]

    assert await scores() == await scores() != await scores(seed=1)
    assert len(set(await scores())) == 40


async def test_the_runs_seed_gives_other_errors_too() -> None:
    first, second = [
        await (await open_verifier("noisy-oracle", {"noise": 1}, seed=s)).score(RIGHT, FakeAsking())
        for s in (0, 1)
    ]
    assert first.value != second.value
