"""How often the gate fails a run that has not changed, and how often it catches one that has.

    python benchmarks/calibration_of_gate.py [--replicates 5000] [--json]

Each replicate is a bank drawn twice: questions of very unequal chances (Beta), wrong answers
that collect votes, 16 samples of log-normal length, longer where wrong and cut off at 512 tokens,
scores that half rank them, and a greedy answer that seldom changes. Judged together: greedy, one
sample, majority and best of k = 1 to 16 at equal compute, and the cost at every k. Measured:

* how often an unchanged run fails, anywhere on its curves of accuracy and cost;
* the same with --confirm, a third draw of the bank that must have fallen too;
* how often a curve that has lost the printed smallest difference, the same on every question and
  at every k, is caught; the same for a cost that has risen by the printed share;
* the same where whole questions are lost: at as many as first reach what is printed then.

Exit code 1 if, by more than two standard errors, unchanged runs fail more than 6% of the time,
1% with --confirm, or an even drop is caught less than 75% or more than 92% of the time. The
`bootstrap` column shows what drawing questions with replacement would do in place of signs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling_cli.laws.accuracy import best_of
from scaling_cli.laws.gate import Gate, falls_twice, judge, lost_whole
from scaling_cli.laws.majority import majority
from scaling_cli.laws.matched import CostedCurve, accuracy_gains, savings
from scaling_cli.laws.resample import question_weights

Array = NDArray[np.float64]
Row = dict[str, Any]

BANKS = {"mixed": (0.5, 1.0), "hard": (0.15, 0.6), "easy": (0.9, 0.6)}
"""Mean chance of success, and how little questions differ in it (Beta concentration)."""
CASES = (("mixed", 50), ("mixed", 100), ("mixed", 200), ("hard", 100), ("easy", 100))
"""Banks and how many questions of them are asked."""
KS = np.array([1, 2, 4, 8, 16])
SAMPLES = 16
CAP = 512
VOTES = np.cumsum([0.5, 0.25, 0.15, 0.1])
"""How wrong answers share the wrong samples."""
CHANGED = 0.1
"""Share of greedy answers that are another when asked again, as kernels and batches make them."""
TRIED, MAJORITY = 0.1, "majority"
"""Share of the replicates in which a drop is tried on a curve; on the majority vote in all."""
CHUNK = 50
"""Replicates drawn at once."""
CURVES = {
    "greedy": np.array([0]),
    "one sample": np.array([1]),
    "majority": np.arange(2, 7),
    "best": np.arange(7, 12),
    "all curves": np.arange(1, 12),
    "cost": np.arange(13, 18),
}
"""Name of a curve to its places; single greedy answers cannot lose a part of themselves."""
LEAST, MOST, UNCHANGED, TWICE = 0.75, 0.92, 0.06, 0.01
"""The promise: how often a drop is caught, and an unchanged run fails once, and twice."""


@dataclass(frozen=True)
class Draw:
    """One draw of many questions: values and costs of its sampled curves, and of greedy."""

    curves: dict[str, CostedCurve]

    def gains_over(self, baseline: Draw, rows: slice) -> Array:
        """The gains of one replicate's questions, in the order of `CURVES`."""
        pairs = [
            tuple(CostedCurve(one.values[rows], one.costs[rows]) for one in pair)
            for pair in zip(baseline.curves.values(), self.curves.values(), strict=True)
        ]
        costs = [savings(pairs[place][0].costs, pairs[place][1].costs) for place in (0, 2)]
        return np.concatenate([*(accuracy_gains(*pair).gains for pair in pairs), *costs], axis=1)


@dataclass(frozen=True)
class Bank:
    """Questions of known chances and lengths."""

    chance: Array
    length: Array
    prompt: Array
    greedy: CostedCurve

    @classmethod
    def of(cls, rng: np.random.Generator, mean: float, alike: float, questions: int) -> Bank:
        chance = rng.beta(mean * alike, (1 - mean) * alike, (questions, 1))
        length = 120 * np.exp(0.5 * rng.standard_normal((questions, 1)))
        prompt = rng.integers(60, 160, (questions, 1)).astype(float)
        return cls(chance, length, prompt, _greedy(rng, chance, length, prompt))

    def draw(self, rng: np.random.Generator) -> Draw:
        right = rng.random((len(self.chance), SAMPLES)) < self.chance
        tokens = _lengths(rng, self.length * np.where(right, 1.0, 1.4))
        wrong = 1 + np.searchsorted(VOTES, rng.random(right.shape))
        classes = np.where(tokens >= CAP, -1, np.where(right, 0, wrong))
        costs = self.prompt + tokens.mean(axis=1)[:, None] * KS
        score = rng.standard_normal(right.shape) + right
        single = (classes == 0).mean(axis=1)[:, None]
        return Draw(
            {
                "greedy": self._greedy_again(rng),
                "one sample": CostedCurve(single, costs[:, :1]),
                "majority": CostedCurve(majority(classes, KS), costs),
                "best": CostedCurve(best_of(classes, score, KS), costs),
            }
        )

    def _greedy_again(self, rng: np.random.Generator) -> CostedCurve:
        fresh = _greedy(rng, self.chance, self.length, self.prompt)
        anew = rng.random(self.chance.shape) < CHANGED
        return CostedCurve(
            np.where(anew, fresh.values, self.greedy.values),
            np.where(anew, fresh.costs, self.greedy.costs),
        )


def _greedy(rng: np.random.Generator, chance: Array, length: Array, prompt: Array) -> CostedCurve:
    sharper = chance**2 / (chance**2 + (1 - chance) ** 2)
    right = rng.random(chance.shape) < sharper
    return CostedCurve(right.astype(float), prompt + _lengths(rng, length))


def _lengths(rng: np.random.Generator, mean: Array) -> Array:
    return np.minimum(np.ceil(mean * np.exp(0.5 * rng.standard_normal(mean.shape))), CAP)


class Tally:
    """What happened in the replicates of one kind of bank."""

    def __init__(self, draws: int) -> None:
        self._draws = draws
        self.failed: list[bool] = []
        self.confirmed: list[bool] = []
        self.bootstrap: list[bool] = []
        self.printed: dict[str, list[float]] = {name: [] for name in CURVES}
        self.even: dict[str, list[bool]] = {name: [] for name in CURVES}
        self.lost: dict[str, list[bool]] = {name: [] for name in CURVES if name != "cost"}

    def add(self, gains: Array, again: Array, solved: NDArray[np.intp], *, tried: bool) -> None:
        """One replicate: its gains, those of a third draw, and questions it can lose."""
        gate = self._judge(gains)
        fails = bool(gate.falls.any())
        self.failed.append(fails)
        twice = fails and falls_twice([gains], [again], draws=self._draws) & gate.falls
        self.confirmed.append(bool(np.any(twice)))
        if tried:
            self.bootstrap.append(_bootstrap_fails(gains, self._draws))
        for name, places in CURVES.items():
            smallest = _smallest(gate, gains, name)
            self.printed[name].append(smallest)
            # A single answer cannot lose a part of itself.
            if name != "greedy" and (tried or name == MAJORITY):
                even = gains.copy()
                even[:, places] -= smallest
                self.even[name].append(bool(self._judge(even).falls[places].any()))
            if tried and name in self.lost:
                self._lose(name, gains, places, solved)

    def _judge(self, gains: Array) -> Gate:
        return judge([gains], draws=self._draws)

    def _lose(self, name: str, gains: Array, places: Array, solved: NDArray[np.intp]) -> None:
        """Lose solved questions one by one, until as many are lost as is printed then."""
        lost = gains.copy()
        for count, question in enumerate(solved, 1):
            lost[question, places] -= 1
            gate = self._judge(lost)
            if count / len(gains) >= _smallest(gate, lost, name):
                self.lost[name].append(bool(gate.falls[places].any()))
                return

    def rows(self) -> Iterator[Row]:
        yield {
            "what": "unchanged",
            "replicates": len(self.failed),
            "fails": float(np.mean(self.failed)),
            "confirmed": float(np.mean(self.confirmed)),
            "bootstrap": float(np.mean(self.bootstrap)),
        }
        for name, printed in self.printed.items():
            row: Row = {"what": "drop", "curve": name, "printed": float(np.mean(printed))}
            for kind, caught in (("even", self.even[name]), ("lost", self.lost.get(name, []))):
                if caught:
                    row |= {kind: float(np.mean(caught)), f"{kind}_tried": len(caught)}
            yield row


def _smallest(gate: Gate, gains: Array, name: str) -> float:
    """What is printed for a curve."""
    if name == "cost":
        return gate.smallest(CURVES[name])
    return gate.smallest_of_answers(CURVES[name], lost_whole(np.zeros_like(gains), gains))


def _bootstrap_fails(gains: Array, draws: int) -> bool:
    """The same test with questions drawn with replacement, for comparison."""
    weights = question_weights(len(gains), draws, 0).astype(float)
    mean, square = gains.mean(axis=0), (gains**2).mean(axis=0)
    drawn, drawn_square = weights @ gains / len(gains), weights @ gains**2 / len(gains)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = (mean - drawn) / np.sqrt(np.maximum(drawn_square - drawn**2, 0) + 1e-12)
        fall = -mean / np.sqrt(np.maximum(square - mean**2, 0) + 1e-12)
    return bool(fall.max() > np.quantile(away.max(axis=1), 0.95))


def measure(replicates: int, draws: int, seed: int = 0) -> Iterator[Row]:
    for bank, questions in CASES:
        tally = simulate(bank, questions, replicates, draws, seed)
        yield from ({"bank": bank, "questions": questions, **row} for row in tally.rows())


def simulate(bank: str, questions: int, replicates: int, draws: int, seed: int = 0) -> Tally:
    rng, tally = np.random.default_rng([seed, questions, *bank.encode()]), Tally(draws)
    for start in range(0, replicates, CHUNK):
        size = min(CHUNK, replicates - start)
        drawn = Bank.of(rng, *BANKS[bank], size * questions)
        baseline, run, third = (drawn.draw(rng) for _ in range(3))
        for number in range(size):
            rows = slice(number * questions, (number + 1) * questions)
            values = [curve.values[rows] for curve in run.curves.values()]
            solved = np.flatnonzero((np.concatenate(values, axis=1) > 0.99).all(axis=1))
            tally.add(
                run.gains_over(baseline, rows),
                third.gains_over(baseline, rows),
                rng.permutation(solved),
                tried=start + number < TRIED * replicates,
            )
    return tally


def broken(rows: list[Row], errors: float = 2.0) -> list[Row]:
    """The rows that do not keep the promise, by more than `errors` standard errors."""
    return [row for row in rows if not _kept(row, errors)]


def _kept(row: Row, errors: float) -> bool:
    if row["what"] == "unchanged":
        once, twice = (
            limit + errors * (limit * (1 - limit) / row["replicates"]) ** 0.5
            for limit in (UNCHANGED, TWICE)
        )
        return bool(row["fails"] <= once and row["confirmed"] <= twice)
    if "even" not in row:
        return True
    low, high = (
        limit + sign * errors * (limit * (1 - limit) / row["even_tried"]) ** 0.5
        for limit, sign in ((LEAST, -1), (MOST, 1))
    )
    return bool(low <= row["even"] <= high)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=5_000)
    parser.add_argument("--draws", type=int, default=999)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = []
    for row in measure(args.replicates, args.draws):
        rows.append(row)
        if not args.json:
            print("  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{v}" if k in
                            ("bank", "what", "curve") else f"{k} {v}"
                            for k, v in row.items()), flush=True)  # fmt: skip
    if args.json:
        print(json.dumps({"rows": rows}))
    raise SystemExit(1 if broken(rows) else 0)


if __name__ == "__main__":
    main()
