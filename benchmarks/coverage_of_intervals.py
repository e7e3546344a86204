"""How often the nominal 95% intervals of `laws.resample` hold the truth, on data of known truth.

    python benchmarks/coverage_of_intervals.py [--replicates 2000] [--draws 2000] [--json]

Each replicate is a set of questions whose success chances come from a Beta distribution of the
given mean (or are all 0 or 1), each sampled 16 times; the mean is estimated with its band. The
difference compares two arms on the same questions. Curves are measured too: coverage and majority
voting at k = 8 over all subsets, on questions with two answers. Exit code 1 if the promise is
broken: at least 90% everywhere; 92-98% with 100 questions or more and a mean in [.1, .9].
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import betabinom

from scaling_cli.laws.accuracy import count_correct, coverage
from scaling_cli.laws.majority import majority
from scaling_cli.laws.resample import band, paired_difference, question_weights

QUESTIONS = (30, 40, 100, 500)
ACCURACIES = (0.02, 0.1, 0.5, 0.9, 0.95, 0.99)
SPREADS = {"all-or-none": 0.0, "U-shaped": 0.3, "flat": 1.0, "peaked": 4.0}
"""Name of a distribution of success chances to its Beta concentration; 0 is all or none."""
SAMPLES = 16


CURVES = ("coverage", "majority")
K = 8
"""The k at which curves are measured."""


@dataclass(frozen=True)
class Row:
    """`what` is estimated: one sample's accuracy, or a curve at k = 8."""

    what: str
    spread: str
    questions: int
    accuracy: float
    band: float
    percentile: float
    difference: float | None


def chances(
    rng: np.random.Generator, spread: str, mean: float, shape: tuple[int, int]
) -> NDArray[np.float64]:
    concentration = SPREADS[spread]
    if concentration == 0:
        return (rng.random(shape) < mean).astype(np.float64)
    return rng.beta(mean * concentration, (1 - mean) * concentration, shape)


def measure(replicates: int, draws: int, seed: int = 0) -> Iterator[Row]:
    """One row per cell of the grid; replicates stand in columns, as ks do in a curve."""
    rng = np.random.default_rng(seed)
    for spread in SPREADS:
        for questions in QUESTIONS:
            weights = question_weights(questions, draws, seed)
            for accuracy in ACCURACIES:
                truth = chances(rng, spread, accuracy, (questions, replicates))
                one = rng.binomial(SAMPLES, truth) / SAMPLES
                # The second arm answers a fifth of the questions anew.
                fresh = chances(rng, spread, accuracy, truth.shape)
                other = np.where(rng.random(truth.shape) < 0.2, fresh, truth)
                two = rng.binomial(SAMPLES, other) / SAMPLES
                means = weights.astype(float) @ one / questions
                plain_lo, plain_hi = np.quantile(means, [0.025, 0.975], axis=0)
                lo, hi = band(one, weights)
                gap = paired_difference(one, two, weights)
                yield Row(
                    "one sample",
                    spread,
                    questions,
                    accuracy,
                    held(lo, hi, accuracy),
                    held(plain_lo, plain_hi, accuracy),
                    held(gap.lo, gap.hi, 0.0),
                )


def value_by_count(selector: str) -> NDArray[np.float64]:
    """The selector's exact value at k = 8 of a question with so many right among 16 samples."""
    classes = (np.arange(SAMPLES) >= np.arange(SAMPLES + 1)[:, None]).astype(np.int64)
    if selector == "majority":
        return majority(classes, [K])[:, 0]
    return coverage(count_correct(classes), np.full(SAMPLES + 1, SAMPLES), [K])[:, 0]


def measure_curves(replicates: int, draws: int, seed: int = 1) -> Iterator[Row]:
    """Curves at k = 8 whose true value, over questions and their samples, is the given one.

    An average over all subsets is unbiased, so the truth is its mean over the distribution of
    the counts; the mean chance of success that gives it is found by bisection.
    """
    rng, counts = np.random.default_rng(seed), np.arange(SAMPLES + 1)
    for selector in CURVES:
        table = value_by_count(selector)
        for spread, concentration in SPREADS.items():
            if concentration == 0:
                continue

            def missed(mean: float, target: float, c: float = concentration) -> float:
                law = betabinom(SAMPLES, mean * c, (1 - mean) * c)
                return float(law.pmf(counts) @ table) - target  # noqa: B023

            for questions in QUESTIONS:
                weights = question_weights(questions, draws, seed)
                for accuracy in ACCURACIES:
                    mean = float(brentq(missed, 1e-6, 1 - 1e-6, args=(accuracy,)))
                    chance = chances(rng, spread, mean, (questions, replicates))
                    values = table[rng.binomial(SAMPLES, chance)]
                    plain = weights.astype(float) @ values / questions
                    yield Row(
                        f"{selector}@{K}",
                        spread,
                        questions,
                        accuracy,
                        held(*band(values, weights), accuracy),
                        held(*np.quantile(plain, [0.025, 0.975], axis=0), accuracy),
                        None,
                    )


def held(lo: NDArray[np.float64], hi: NDArray[np.float64], truth: float) -> float:
    return float(((lo <= truth) & (truth <= hi)).mean())


def broken(rows: list[Row], slack: float = 0.0) -> list[Row]:
    """The cells whose band does not keep the promise."""
    return [
        row
        for row in rows
        if row.band < 0.90 - slack
        or (
            row.questions >= 100
            and 0.1 <= row.accuracy <= 0.9
            and not 0.92 - slack <= row.band <= 0.98 + slack
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=2_000)
    parser.add_argument("--draws", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = [
        *measure(args.replicates, args.draws, args.seed),
        *measure_curves(args.replicates, args.draws, args.seed + 1),
    ]
    if args.json:
        print(json.dumps({"rows": [asdict(row) for row in rows]}))
    else:
        print(
            f"{'what':12} {'spread':12} {'questions':>9} {'mean':>5} {'band':>6} {'plain':>6} "
            f"{'diff':>6}"
        )
        for row in rows:
            print(
                f"{row.what:12} {row.spread:12} {row.questions:9} {row.accuracy:5.2f} "
                f"{row.band:6.1%} {row.percentile:6.1%} "
                + (f"{row.difference:6.1%}" if row.difference is not None else "     –")
            )
    raise SystemExit(1 if broken(rows) else 0)


if __name__ == "__main__":
    main()
