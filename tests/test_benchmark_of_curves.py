"""benchmarks/curves.py at tiny sizes: its rivals do the same work, and its verdicts are right."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from scaling_cli.laws.majority import majority
from scaling_cli.laws.selectors import curve
from tests.test_benchmarks import load

curves = load("curves")


def test_the_rivals_estimate_what_is_exact() -> None:
    classes = curves.make_bank(30, 9).answer_class
    ks, rng, draws = np.arange(1, 10), np.random.default_rng(0), 400
    exact = majority(classes, ks).mean(axis=0)
    subsets = [[curves.vote_of_subsets(classes, k, rng).mean() for k in ks] for _ in range(draws)]
    orders = [curves.vote_of_prefixes(classes, rng).mean(axis=0) for _ in range(draws)]
    in_step = curves.vote_in_step(classes, draws, rng).mean(axis=1)
    for found in (np.array(subsets), np.array(orders), in_step):
        error = found.std(axis=0, ddof=1) / np.sqrt(draws)
        assert (np.abs(found.mean(axis=0) - exact) <= 5 * error + 1e-12).all()
        assert found.std(axis=0)[2:6].min() > 0
        np.testing.assert_allclose(found[:, -1], exact[-1], atol=1e-12)  # all samples


def test_a_vote_in_step_is_the_vote_on_that_order(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unshuffled:
        def permuted(self, rows: np.ndarray, axis: int) -> np.ndarray:
            return rows

    classes, rng = curves.make_bank(20, 12).answer_class, Unshuffled()
    plain = curves.vote_of_prefixes(classes, rng)
    np.testing.assert_allclose(curves.vote_in_step(classes, 2, rng), [plain, plain])
    at_five = [curves.gold_share(classes[:, :5]), curves.vote_of_subsets(classes, 5, rng)]
    np.testing.assert_allclose(at_five, [plain[:, 4]] * 2)


def test_the_loop_over_k_makes_the_same_table() -> None:
    """With all samples there is but one subset, and ties are the only difference."""
    bank = curves.make_bank(25, 7)
    table = curves.loop_over_k(bank, [1, 7], draws=10)
    for selector in ("first", "coverage", "best"):
        exact = curve(bank, selector, [7]).accuracy[0]
        assert table[selector][1] == pytest.approx(exact)
    single = (bank.answer_class[:, 0] == 0).mean()
    assert {selector: values[0] for selector, values in table.items()} == dict.fromkeys(
        curves.EXACT, pytest.approx(single)
    )


def test_every_part_measures_something() -> None:
    bank = curves.make_bank(6, 8)
    rows = curves.exact_curves(6, 8) + curves.sampled_curves(6, 8)
    rows += curves.linearity((3, 6), 8) + curves.against_monte_carlo(bank, 6, 4)
    rows += [*curves.against_loop(bank, 4), curves.prefix_noise(4)]
    assert all(row["value"] > 0 for row in rows)
    limits = [row["limit"] for row in rows if row["limit"] is not None]
    assert limits == [2, 5, 5, 5, 1.25, 50, 50, 20, 20]


def test_large_votes_are_weighed() -> None:
    assert curves.large_votes(3, 0.3).sum(axis=1).tolist() == [10_000] * 3
    done = curves.time_large(1, "uneven")
    assert done["seconds"] > 0 and done["peak"] > 20


def test_verdicts_and_the_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves.os, "sched_setaffinity", lambda *_: None)
    good = [curves.at_most("a", 1, 2), curves.at_least("b", 60, 50), curves.measured("c", 3)]
    bad = [curves.at_most("d", 3, 2), curves.at_least("e", 40, 50)]
    assert [row["ok"] for row in [*good, *bad]] == [True, True, True, False, False]

    def run(rows: list[dict[str, Any]], *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(curves, "measure", lambda quick: rows)
        return curves.main(arguments), capsys.readouterr().out

    code, printed = run(good, "--json")
    assert code == 0 and json.loads(printed)["rows"] == good
    code, printed = run(good + bad)
    assert code == 1 and printed.count("MISSED") == 2
