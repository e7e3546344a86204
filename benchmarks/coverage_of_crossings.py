"""Crossings, odds and bands of differences against data of known truth.

    python benchmarks/coverage_of_crossings.py [--replicates 400] [--draws 1000] [--json]
                                               [--plot FOLDER]

Two configurations at seven budgets, questions of shared difficulty, each point the mean of four
answers. Four things are measured. How often a crossing's nominal 95% interval holds the true
crossing, where there is one, and how often it is unbounded, where there is none. Whether
selection frequencies are honest: in bins of their size, how often the configuration is the truly
best, and their Brier score beside those of a guess and of naming the best of the sample as if it
were sure (`--plot` draws the reliability). How often the band of a difference holds the whole
true curve, near 0 and 1 too. And whether the interval of a recommended point's cross-fitted
accuracy holds its true accuracy, beside how far the accuracy it was chosen by lies above that.
Exit code 1 if, by more than two standard errors of the replicates, crossings with 100 questions
or more cover less than 92%, the simultaneous band less than 93%, or cross-fitting less than 90%
anywhere.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling_cli.laws.calibration import reliability
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
CONFIGURATIONS = (2, 4)
"""How many configurations the odds are shared among."""
BINS = 10
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


@dataclass(frozen=True)
class Sureness:
    """Odds of configurations beside which one is truly the best, both `[case, configuration]`,
    and the shares of those who name the best of the sample as if they were sure."""

    name: str
    claimed: Floats
    true: Floats
    sure: Floats

    def brier(self, shares: Floats) -> float:
        """Mean over cases of the squared distances, summed over configurations (Brier 1950)."""
        return float(((shares - self.true) ** 2).sum(axis=1).mean())


def sureness(replicates: int, draws: int, configurations: int, seed: int = 1) -> Sureness:
    """The true accuracies are drawn too, near enough for sureness of every degree to occur.

    Each configuration has four points, the next one's cost twice as much.
    """
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(configurations), 4)
    cost = 2.0 ** (owner + np.tile(np.arange(4), configurations)) * 1.1**owner
    at = budgets(cost, 6)
    claimed, true, sure = [], [], []
    for number in range(replicates):
        questions = QUESTIONS[number % len(QUESTIONS)]
        start = rng.uniform(0.35, 0.5, (configurations, 1))
        gain = rng.uniform(0.01, 0.08, (configurations, 1))
        truth = (start + gain * np.arange(4)).ravel()
        values = rng.binomial(ANSWERS, chances(rng, truth, questions)) / ANSWERS
        points = Points(values, cost, owner)
        place = int(rng.integers(2, len(at)))  # one budget a replicate: the others say the same
        where = at[place : place + 1]
        claimed.append(odds(points, question_weights(questions, draws, number), where)[0])
        for shares, accuracy in ((true, truth), (sure, values.mean(axis=0))):
            best = owner[envelope(accuracy, cost, where)[1][0]]
            shares.append((np.arange(configurations) == best).astype(float))
    name = f"{configurations} configurations"
    return Sureness(name, np.array(claimed), np.array(true), np.array(sure))


def measure_odds(replicates: int, draws: int) -> Iterator[Row]:
    for count in CONFIGURATIONS:
        yield from odds_rows(sureness(replicates, draws, count))


def odds_rows(found: Sureness) -> Iterator[Row]:
    """The Brier score beside that of a guess and of one who is always sure; bins of the odds."""
    yield {
        "what": "Brier score of the odds",
        "of": found.name,
        "odds": found.brier(found.claimed),
        "coin": found.brier(np.full_like(found.claimed, 1 / found.claimed.shape[1])),
        "sure": found.brier(found.sure),
    }
    bins = reliability(found.true.ravel() == 1, found.claimed.ravel(), bins=BINS)
    for place, cases in enumerate(bins.samples.tolist()):
        if cases:
            yield {
                "what": "reliability of the odds",
                "of": found.name,
                "from": float(bins.edges[place]),
                "to": float(bins.edges[place + 1]),
                "cases": cases,
                "claimed": float(bins.score[place]),
                "true": float(bins.accuracy[place]),
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


def draw_odds(replicates: int, draws: int, folder: Path) -> None:
    """The reliability plot, and the rows it is made from."""
    from scaling_cli.figures.reliability import Claims, reliability_figure
    from scaling_cli.figures.save import save

    found = [sureness(replicates, draws, count) for count in CONFIGURATIONS]
    claims = [
        Claims(
            one.name,
            reliability(one.true.ravel() == 1, one.claimed.ravel(), bins=BINS),
            f"Brier score {one.brier(one.claimed):.2f}\nalways sure {one.brier(one.sure):.2f}\n"
            f"a guess {1 - 1 / one.claimed.shape[1]:.2f}",
        )
        for one in found
    ]
    for path in save(reliability_figure(claims), folder, "odds"):
        print(f"wrote {path}")
    for one in found:
        show(list(odds_rows(one)))


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


def show(rows: list[Row]) -> None:
    for row in rows:
        print("  ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" if k != "what"
                        else f"{v:24}" for k, v in row.items()))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, help="only measure the odds, and draw them here")
    args = parser.parse_args()
    if args.plot is not None:
        draw_odds(args.replicates, args.draws, args.plot)
        return
    rows = list(measure(args.replicates, args.draws))
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        show(rows)
    slack = 2 * (0.95 * 0.05 / args.replicates) ** 0.5
    raise SystemExit(1 if broken(rows, slack) else 0)


if __name__ == "__main__":
    main()
