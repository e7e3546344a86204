"""How fast the curves of a bank are made, against Monte-Carlo subsets and a per-k loop.

    python benchmarks/curves.py [--quick] [--json]

Everything is timed in one process on one made-up bank, so only ratios carry over to another
machine. Slow rivals run a share of their work, and their time is scaled up; the table says so.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scaling_cli.laws.majority import majority
from scaling_cli.laws.plurality import plurality
from scaling_cli.laws.resample import band, question_weights
from scaling_cli.laws.selectors import curve
from scaling_cli.types import SampleBank

EXACT = ("first", "coverage", "majority", "best")
STANDARD_ERRORS = (1e-3, 1e-4, 1e-5)
"""What Monte-Carlo is asked for on the data set's mean. The exact value has none; 1e-5 is the
digit that tables of percentages with three decimals print."""


@dataclass(frozen=True)
class Row:
    what: str
    seconds: float
    ratio: float | None = None
    note: str = ""


def make_bank(questions: int, samples: int, seed: int = 0) -> SampleBank:
    """Skills from easy to hopeless, wrong answers with a long tail, scores that know a little."""
    rng = np.random.default_rng(seed)
    skill = rng.beta(0.6, 0.6, questions)
    tail = 1 / np.arange(1, 31) ** 1.3
    wrong = rng.dirichlet(tail, questions) * (1 - skill)[:, None]
    chances = np.column_stack([skill, wrong])
    classes = np.stack([rng.choice(31, samples, p=row / row.sum()) for row in chances])
    classes[rng.random(classes.shape) < 0.03] = -1
    scores = 1 / (1 + np.exp(-rng.normal(np.where(classes == 0, 0.5, 0.0), 1)))
    return SampleBank(
        question_ids=tuple(str(i) for i in range(questions)),
        answer_class=classes,
        tokens=np.full(classes.shape, 300),
        reward=scores,
        truncated=np.zeros(classes.shape, bool),
        samples=np.full(questions, samples),
        prompt_tokens=None,
    )


def timed(work: Callable[[], object], repeats: int = 3) -> float:
    """The quickest of a few runs, in seconds."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return float(best)


def all_curves(bank: SampleBank, draws: int) -> None:
    """Every exact selector at every k, with its band."""
    ks = np.arange(1, bank.answer_class.shape[1] + 1)
    values = np.hstack([curve(bank, selector, ks).values for selector in EXACT])
    band(values, question_weights(len(values), draws, 0))


def per_k_loop(bank: SampleBank, ks: list[int], draws: int) -> None:
    """The same table as the field's scripts make it: the first k samples, counted as strings,
    and a bootstrap per point. One noisy subset where `all_curves` averages over all."""
    answers = [[str(c) if c >= 0 else "" for c in row] for row in bank.answer_class.tolist()]
    scores, rng = bank.reward.tolist(), np.random.default_rng(0)
    for k in ks:
        columns: dict[str, list[float]] = {selector: [] for selector in EXACT}
        for texts, marks in zip(answers, scores, strict=True):
            some = texts[:k]
            votes = Counter(text for text in some if text)
            score = [mark if text else -1.0 for text, mark in zip(some, marks[:k], strict=True)]
            columns["first"].append(some.count("0") / k)
            columns["coverage"].append(float("0" in some))
            columns["majority"].append(float(bool(votes) and votes.most_common(1)[0][0] == "0"))
            columns["best"].append(float(some[score.index(max(score))] == "0"))
        for column in columns.values():
            values = np.array(column)
            drawn = rng.integers(0, len(values), (draws, len(values))) if draws else None
            if drawn is not None:
                np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])


def sampled_majority(classes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The vote among the first k of one random order per question, every k at once."""
    shuffled = rng.permuted(classes, axis=1)
    counts = (shuffled[:, None, :] == np.arange(classes.max() + 1)[:, None]).cumsum(axis=2)
    best = counts.max(axis=1)
    ahead = (counts == best[:, None, :]) & (best > 0)[:, None, :]
    return np.asarray(ahead[:, 0] / np.maximum(ahead.sum(axis=1), 1))


def against_monte_carlo(bank: SampleBank, permutations: int) -> list[Row]:
    classes, ks = bank.answer_class, np.arange(1, bank.answer_class.shape[1] + 1)
    exact = timed(lambda: majority(classes, ks))
    rng, means = np.random.default_rng(0), []
    start = time.perf_counter()
    for _ in range(permutations):
        means.append(sampled_majority(classes, rng).mean(axis=0))
    one = (time.perf_counter() - start) / permutations
    rows, spread = [Row("majority, exact, every k", exact)], np.std(means, axis=0, ddof=1).max()
    for error in STANDARD_ERRORS:
        needed = float((spread / error) ** 2)
        what = f"majority, Monte-Carlo to {error:g}, every k"
        note = f"{needed:.0f} permutations, each serving every k; scaled up"
        rows.append(Row(what, one * needed, one * needed / exact, note))
    return rows


def against_per_k_loop(bank: SampleBank, draws: int, every: int) -> list[Row]:
    n = bank.answer_class.shape[1]
    some = list(range(every, n + 1, every))
    rows = []
    for what, count in ((f"with {draws:,} draws", draws), ("without bands", 0)):
        if count:
            ours = timed(lambda: all_curves(bank, draws), repeats=1)
        else:
            ours = timed(lambda: [curve(bank, s, np.arange(1, n + 1)) for s in EXACT])
        theirs = timed(partial(per_k_loop, bank, some, count), repeats=1) * n / len(some)
        rows.append(Row(f"all exact curves, 500 x {n}, {what}", ours))
        note = f"a {every}th of the ks, scaled up; first k only"
        rows.append(Row(f"per-k loop, {what}", theirs, theirs / ours, note))
    return rows


def large(questions: int, concentration: float, what: str) -> Row:
    """128 x 10,000 samples of 50 classes, at 40 log-spaced ks; per question if `questions` less."""
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.full(50, concentration), questions)
    votes = np.stack([rng.multinomial(10_000, row) for row in chances])
    ks = np.unique(np.rint(np.geomspace(1, 10_000, 40))).astype(np.int64)
    seconds = timed(lambda: plurality(votes[:, 0], votes[:, 1:], 10_000, ks), repeats=1)
    note = "" if questions == 128 else f"{questions} questions, scaled up"
    return Row(f"majority, 128 x 10,000, {what}", seconds * 128 / questions, note=note)


def linearity(samples: int) -> list[Row]:
    rows, first = [], 0.0
    for questions in (125, 250, 500, 1_000):
        bank = make_bank(questions, samples, seed=questions)
        ks = np.arange(1, samples + 1)
        seconds = timed(partial(majority, bank.answer_class, ks)) / questions
        first = first or seconds
        rows.append(Row(f"majority, a question of {questions}", seconds, seconds / first))
    return rows


def prefix_noise(repeats: int) -> Row:
    """Spread of majority@8 from 64 samples a question, first 8 against all subsets of 8."""
    start, prefix, subsets = time.perf_counter(), [], []
    for seed in range(repeats):
        bank = make_bank(100, 64, seed=10_000)  # the same questions ...
        rng = np.random.default_rng(seed)
        fresh = np.stack([rng.choice(row, 64) for row in bank.answer_class])  # ... drawn anew
        prefix.append(majority(fresh[:, :8], [8]).mean())
        subsets.append(majority(fresh, [8]).mean())
    ratio = float(np.std(prefix) / np.std(subsets))
    note = f"sd {100 * np.std(prefix):.2f} against {100 * np.std(subsets):.2f} points"
    return Row(
        "noise of majority@8: first 8 over all of 64", time.perf_counter() - start, ratio, note
    )


def measure(quick: bool) -> list[Row]:
    bank, share = make_bank(500, 80), 16 if quick else 1
    ks = np.arange(1, 81)
    rows = [
        Row(f"all exact curves, 500 x 80, {n:,} draws", timed(partial(all_curves, bank, n)))
        for n in (2_000, 10_000)
    ]
    rows += [
        Row(f"{s}, 500 x 80, to 1e-3", timed(partial(curve, bank, s, ks), repeats=1))
        for s in ("weighted", "best-majority")
    ]
    rows += against_monte_carlo(bank, 30 if quick else 200)
    rows += against_per_k_loop(make_bank(500, 256), 10_000, 64 if quick else 16)
    rows.append(large(128 // share, 0.3, "50 uneven classes"))
    rows.append(large(128 // share, 300.0, "50 even classes"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows[-1] = Row(**{**asdict(rows[-1]), "note": f"{rows[-1].note} peak {peak:.0f} MB".strip()})
    rows += linearity(80)
    rows.append(prefix_noise(40 if quick else 200))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a share of the work")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = measure(args.quick)
    if args.json:
        print(json.dumps({"rows": [asdict(row) for row in rows]}))
        return
    for row in rows:
        ratio = f"{row.ratio:8.1f}x" if row.ratio is not None else " " * 9
        print(f"{row.what:52} {row.seconds:10.4f} s {ratio}  {row.note}")


if __name__ == "__main__":
    main()
