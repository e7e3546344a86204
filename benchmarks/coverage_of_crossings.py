"""Crossings, odds and bands of differences against data of known truth.

    python benchmarks/coverage_of_crossings.py [--replicates 400] [--draws 1000] [--json]

Two configurations at seven budgets, questions of shared difficulty, each point the mean of four
answers. Three things are measured. How often a crossing's nominal 95% interval holds the true
crossing, where there is one, and how often it is unbounded, where there is none. Whether
selection frequencies are honest: in bins of their size, how often the configuration is the truly
best, and their Brier score beside that of always naming one of the two at random (0.5 for each).
How often the band of a difference holds the whole true curve, near 0 and 1 too. And whether the
interval of a recommended point's cross-fitted accuracy holds its true accuracy, beside how far
the accuracy it was chosen by lies above that. Exit code 1 if, by more than two
standard errors of the replicates, crossings with 100 questions or more cover less than 92%, the
simultaneous band less than 93%, or cross-fitting less than 90% anywhere.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling_cli.laws.compare import compare
from scaling_cli.laws.cross_fit import out_of_fold
from scaling_cli.laws.crossing import crossing
from scaling_cli.laws.frontier import Points, budgets, envelope, odds
from scaling_cli.laws.resample import band, question_weights

Row = dict[str, Any]
Floats = NDArray[np.float64]

COST = np.array([1.0, 2.0, 4.0, 8.0, 3.0, 6.0, 12.0])
OWNER = np.array([0, 0, 0, 0, 1, 1, 1])
ANSWERS = 4
TRUTHS = {
    "clear": ([0.35, 0.42, 0.48, 0.50, 0.40, 0.60, 0.70], 6.0),
    "close": ([0.35, 0.42, 0.48, 0.50, 0.40, 0.53, 0.56], 6.0),
    "none": ([0.35, 0.42, 0.48, 0.60, 0.30, 0.40, 0.50], np.inf),
    "always": ([0.10, 0.15, 0.18, 0.20, 0.40, 0.50, 0.55], 3.0),
    "hard": ([0.01, 0.02, 0.03, 0.03, 0.015, 0.05, 0.06], 6.0),
    "easy": ([0.93, 0.95, 0.96, 0.965, 0.94, 0.98, 0.99], 6.0),
}
"""Name to the true accuracy of each point and the true crossing of the second over the first."""
QUESTIONS = (40, 100, 500)
BINS = np.linspace(0, 1, 6)
ACCURACIES = (0.01, 0.05, 0.5, 0.95, 0.99)


def chances(rng: np.random.Generator, truth: Floats, questions: int) -> Floats:
    """`chance[question, point]` of mean `truth`, all points moved by the question's difficulty."""
    ability = rng.random((questions, 1))
    # Beta quantiles share the question's place: an easy question is easy for all.
    from scipy.stats import beta

    return np.asarray(beta.ppf(ability, 2 * truth, 2 * (1 - truth)))


def draw(rng: np.random.Generator, truth: Floats, questions: int) -> Points:
    values = rng.binomial(ANSWERS, chances(rng, truth, questions)) / ANSWERS
    return Points(values, COST, OWNER)


def measure_crossings(replicates: int, draws: int, seed: int = 0) -> Iterator[Row]:
    rng = np.random.default_rng(seed)
    for name, (accuracy, where) in TRUTHS.items():
        for questions in QUESTIONS:
            weights = question_weights(questions, draws, seed)
            found = [
                crossing(draw(rng, np.array(accuracy), questions), weights, 0, 1)
                for _ in range(replicates)
            ]
            yield {
                "what": "crossing",
                "truth": name,
                "questions": questions,
                "covered": float(np.mean([c.lo <= where <= c.hi for c in found])),
                "unbounded": float(np.mean([c.lo == 0 or c.hi == np.inf for c in found])),
            }


def measure_odds(replicates: int, draws: int, seed: int = 1) -> Iterator[Row]:
    """The true accuracies are drawn too, so that sureness of every degree occurs."""
    rng = np.random.default_rng(seed)
    claimed, true, brier = [], [], []
    for number in range(replicates):
        questions = QUESTIONS[number % len(QUESTIONS)]
        start, gain = rng.uniform(0.2, 0.6, 2), rng.uniform(0.01, 0.08, 2)
        truth = np.concatenate(
            [start[0] + gain[0] * np.arange(4), start[1] + gain[1] * np.arange(3)]
        )
        points = draw(rng, truth, questions)
        at = budgets(COST, 6)
        share = odds(points, question_weights(questions, draws, number), at)
        best = OWNER[envelope(truth, COST, at)[1]]
        place = int(rng.integers(2, len(at)))  # one budget a replicate: the others say the same
        claimed.append(share[place])
        true.append(np.arange(2) == best[place])
        brier.append(float(((share[place] - true[-1]) ** 2).sum()))
    yield {"what": "Brier score of the odds", "odds": float(np.mean(brier)), "coin": 0.5}
    flat, right = np.concatenate(claimed), np.concatenate(true)
    for low, high in pairwise(BINS.tolist()):
        inside = (flat >= low) & ((flat < high) | (high == 1))
        if inside.any():
            yield {
                "what": "reliability of the odds",
                "from": float(low),
                "to": float(high),
                "cases": int(inside.sum()),
                "claimed": float(flat[inside].mean()),
                "true": float(right[inside].mean()),
            }


def measure_differences(replicates: int, draws: int, seed: int = 2) -> Iterator[Row]:
    """Curves of five places, the second a little ahead; the whole true curve must be held."""
    rng = np.random.default_rng(seed)
    for accuracy in ACCURACIES:
        ahead = min(0.02, (1 - accuracy) / 2, accuracy / 2 + 0.01) * np.linspace(0, 1, 5)
        first, second = np.full(5, accuracy), np.clip(accuracy + ahead, 0, 0.999)
        for questions in QUESTIONS:
            weights = question_weights(questions, draws, seed)
            held, wide = 0, []
            for _ in range(replicates):
                chance = chances(rng, np.concatenate([first, second]), questions)
                values = rng.binomial(ANSWERS, chance) / ANSWERS
                found = compare(values[:, 5:], values[:, :5], weights)
                gap = second - first
                held += bool(((found.lo <= gap) & (gap <= found.hi)).all())
                wide.append(float((found.hi - found.lo).min()))
            yield {
                "what": "band of a difference",
                "accuracy": accuracy,
                "questions": questions,
                "covered": held / replicates,
                "narrowest": min(wide),
            }


def measure_recommended(replicates: int, draws: int, seed: int = 3) -> Iterator[Row]:
    """Twelve configurations of nearly one accuracy: where the winner's curse is worst."""
    rng = np.random.default_rng(seed)
    for accuracy in (0.05, 0.5, 0.95):
        truth = np.clip(accuracy + np.linspace(-0.02, 0.02, 12), 0.005, 0.995)
        for questions in QUESTIONS:
            weights = question_weights(questions, draws, seed)
            held, curse, left = 0, [], []
            for _ in range(replicates):
                values = rng.binomial(ANSWERS, chances(rng, truth, questions)) / ANSWERS
                points = Points(values, np.ones(12), np.arange(12))
                best, chosen = envelope(values.mean(axis=0), points.cost, np.ones(1))
                fresh = out_of_fold(points, np.ones(1))
                lo, hi = band(fresh, weights)
                real = truth[chosen[0]]
                held += bool(lo[0] <= real <= hi[0])
                curse.append(best[0] - real)
                left.append(np.nanmean(fresh) - real)
            yield {
                "what": "recommended point",
                "accuracy": accuracy,
                "questions": questions,
                "covered": held / replicates,
                "curse": float(np.mean(curse)),
                "cross_fitted": float(np.mean(left)),
            }


def measure(replicates: int, draws: int) -> Iterator[Row]:
    for part in (measure_crossings, measure_odds, measure_differences, measure_recommended):
        yield from part(replicates, draws)


LEAST = {"crossing": 0.92, "band of a difference": 0.93, "recommended point": 0.90}


def broken(rows: list[Row], slack: float = 0.0) -> list[Row]:
    """The rows that do not keep the promise."""
    return [
        row
        for row in rows
        if "covered" in row
        and row["covered"] < LEAST[row["what"]] - slack
        and (row["what"] != "crossing" or row["questions"] >= 100)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = list(measure(args.replicates, args.draws))
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        for row in rows:
            print("  ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" if k != "what"
                            else f"{v:24}" for k, v in row.items()))  # fmt: skip
    slack = 2 * (0.95 * 0.05 / args.replicates) ** 0.5
    raise SystemExit(1 if broken(rows, slack) else 0)


if __name__ == "__main__":
    main()
