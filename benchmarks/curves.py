"""How fast the curves of a bank are made, against Monte-Carlo subsets and a loop over k.

    python benchmarks/curves.py [--quick] [--json]

1. Every exact selector at every k with 10,000 bootstrap draws, 500 x 80: at most 2 s.
2. Weighted and best-majority, 500 x 80 at every k, the data set's Monte-Carlo error at most 1e-3:
   at most 5 s each.
3. Majority, 128 x 10,000 samples of 50 classes at 40 log-spaced ks: at most 30 s and 1,000 MB, in
   a process of its own.
4. Linear in questions: a question of 1,000 takes at most 1.25 times what one of 125 does.
5. Majority at every k, 500 x 80, against Monte-Carlo at a standard error of 1e-3 of the data set's
   mean: at least 50 times faster than subsets drawn for each k, and than one random order of the
   samples serving every k by cumulative counts. Beside them, without a limit, the strongest rival
   we could write: such orders counted vote by vote, many questions and orders in step.
6. All exact curves at every k, 500 x 256, against the loop over k that published scripts run (the
   first k samples, counted as strings): at least 20 times faster, with bands and without.

Seconds are of CPU, on one core, so that a busy machine matters little. A rival
that would take minutes runs a share of its work, and its time is scaled up. `--quick` scales the
slow ones of ours too and draws smaller noise estimates. Exit code 1 where a limit is not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling_cli.laws.majority import majority
from scaling_cli.laws.plurality import plurality
from scaling_cli.laws.resample import band, question_weights
from scaling_cli.laws.selectors import Choice, curve
from scaling_cli.types import SampleBank

EXACT = ("first", "coverage", "majority", "best")
DRAWS = 10_000
ERROR = 1e-3
"""Monte-Carlo error of the data set's mean. The exact value has none."""
CURVES_LIMIT, SAMPLED_LIMIT, LARGE_LIMIT = 2.0, 5.0, 30.0
LARGE_LIMIT_MB = 1000.0
LINEAR_LIMIT = 1.25
MONTE_CARLO_LIMIT, LOOP_LIMIT = 50.0, 20.0
LARGE = {"uneven": 0.3, "even": 300.0}
"""Concentration of the Dirichlet that shares out 50 classes."""

Row = dict[str, Any]
Classes = NDArray[np.int64]


def at_most(what: str, value: float, limit: float, unit: str = "s", note: str = "") -> Row:
    return _row(what, value, unit, note, limit=limit, sense="at most", ok=value <= limit)


def at_least(what: str, value: float, limit: float, note: str = "") -> Row:
    return _row(what, value, "times", note, limit=limit, sense="at least", ok=value >= limit)


def measured(what: str, value: float, unit: str = "s", note: str = "") -> Row:
    return _row(what, value, unit, note, limit=None, sense=None, ok=True)


def _row(what: str, value: float, unit: str, note: str, **verdict: Any) -> Row:
    row = {"what": what, "value": float(value), "unit": unit, "note": note, **verdict}
    return {**row, "ok": bool(row["ok"])}


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


def every_k(bank: SampleBank) -> Classes:
    return np.arange(1, bank.answer_class.shape[1] + 1)


def cpu_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The least CPU time of a few runs."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return float(best)


def all_curves(bank: SampleBank, draws: int) -> None:
    """Every exact selector at every k, with its band where `draws` are asked for."""
    values = np.hstack([curve(bank, selector, every_k(bank)).values for selector in EXACT])
    if draws:
        band(values, question_weights(len(values), draws, 0))


def exact_curves(questions: int, samples: int) -> list[Row]:
    bank = make_bank(questions, samples)
    seconds = cpu_seconds(partial(all_curves, bank, DRAWS))
    what = f"exact curves, {questions} x {samples}, {DRAWS:,} draws"
    return [at_most(what, seconds, CURVES_LIMIT)]


def sampled_curves(questions: int, samples: int) -> list[Row]:
    """Weighted votes need Monte-Carlo; votes of the best scored only where scores are equal."""
    bank, rows = make_bank(questions, samples), []
    for selector, digits in (("weighted", None), ("best-majority", None), ("best-majority", 1)):
        asked = bank if digits is None else _rounded(bank, digits)
        start = time.process_time()
        found = curve(asked, selector, every_k(asked), Choice(tolerance=ERROR))
        seconds, error = time.process_time() - start, float(found.mc_error.max())
        if error > ERROR:
            raise RuntimeError(f"{selector} stopped at an error of {error:.2g}")
        ties = "" if digits is None else ", equal scores"
        what = f"{selector}{ties}, {questions} x {samples}"
        rows.append(at_most(what, seconds, SAMPLED_LIMIT, note=f"Monte-Carlo error {error:.1e}"))
    return rows


def _rounded(bank: SampleBank, digits: int) -> SampleBank:
    return replace(bank, reward=bank.reward.round(digits))


def large_votes(questions: int, concentration: float) -> Classes:
    """Votes of 10,000 samples of 50 classes, `votes[question, class]`."""
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.full(50, concentration), questions)
    return np.stack([rng.multinomial(10_000, row) for row in chances])


def time_large(questions: int, kind: str) -> Row:
    """CPU seconds and peak memory of this process."""
    votes = large_votes(questions, LARGE[kind])
    ks = np.unique(np.rint(np.geomspace(1, 10_000, 40))).astype(np.int64)
    work = partial(plurality, votes[:, 0], votes[:, 1:], 10_000, ks)
    return {"seconds": cpu_seconds(work, repeats=1), "peak": peak_memory()}


def peak_memory() -> float:
    """MB this process held at its peak, by the kernel's own mark."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    if found is None:
        raise RuntimeError("the kernel does not tell the peak of memory")
    return int(found.group(1)) * 1024 / 1e6


def large(share: int) -> list[Row]:
    """Each kind of bank in a process of its own; a `share`th of the questions, scaled up."""
    rows, questions = [], 128 // share
    note = "" if share == 1 else f"{questions} questions, scaled up"
    for kind in LARGE:
        done = json.loads(_child("--large", kind, "--large-questions", str(questions)))
        what = f"majority, 128 x 10,000, 50 {kind} classes"
        rows.append(at_most(what, done["seconds"] * share, LARGE_LIMIT, note=note))
        rows.append(at_most(f"{what}, peak", done["peak"], LARGE_LIMIT_MB, "MB"))
    return rows


def _child(*arguments: str) -> str:
    command = [sys.executable, os.path.abspath(__file__), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def linearity(sizes: Sequence[int], samples: int) -> list[Row]:
    rows, each = [], []
    for questions in sizes:
        bank = make_bank(questions, samples, seed=questions)
        each.append(cpu_seconds(lambda b=bank: majority(b.answer_class, every_k(b))) / questions)  # type: ignore[misc]
        rows.append(measured(f"majority, a question of {questions}", 1e6 * each[-1], "µs"))
    what = f"majority, a question of {sizes[-1]} over one of {sizes[0]}"
    return [*rows, at_most(what, each[-1] / each[0], LINEAR_LIMIT, "times")]


def gold_share(classes: Classes) -> NDArray[np.float64]:
    """Gold's share of the vote of each row, ties shared, rows without a vote 0."""
    width = int(classes.max(initial=0)) + 1
    rows, columns = np.nonzero(classes >= 0)
    cells = rows * width + classes[rows, columns]
    counts = np.bincount(cells, minlength=len(classes) * width).reshape(-1, width)
    best = counts.max(axis=1)
    winners = (counts == best[:, None]).sum(axis=1)
    return np.where((counts[:, 0] == best) & (best > 0), 1 / winners, 0.0)


def vote_of_subsets(classes: Classes, k: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The vote of one random size-k subset of each question."""
    return gold_share(rng.permuted(classes, axis=1)[:, :k])


def vote_of_prefixes(classes: Classes, rng: np.random.Generator) -> NDArray[np.float64]:
    """The vote among the first k of one random order per question, `[question, k]`, every k."""
    shuffled = rng.permuted(classes, axis=1)
    counts = (shuffled[:, None, :] == np.arange(classes.max() + 1)[:, None]).cumsum(axis=2)
    best = counts.max(axis=1)
    ahead = (counts == best[:, None, :]) & (best > 0)[:, None, :]
    return np.asarray(ahead[:, 0] / np.maximum(ahead.sum(axis=1), 1))


def vote_in_step(classes: Classes, orders: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """As `vote_of_prefixes` for several orders at once, `[order, question, k]`: each sample in
    turn moves one count, and with it the leaders."""
    (questions, n), width = classes.shape, int(classes.max(initial=0)) + 2
    voted = np.ascontiguousarray(rng.permuted(np.tile(classes, (orders, 1)), axis=1).T) + 1
    row = np.arange(orders * questions) * width
    counts = np.zeros(len(row) * width, np.int32)
    best, winners, gold = (np.zeros(len(row), np.int32) for _ in range(3))
    values = np.zeros((n, len(row)))
    for k in range(n):
        votes = voted[k] > 0
        count = counts[row + voted[k]] + votes
        counts[row + voted[k]] = count
        winners = np.where(count > best, 1, winners + ((count == best) & votes))
        best = np.maximum(best, count)
        gold += voted[k] == 1
        np.divide(gold == best, winners, out=values[k], where=best > 0)
    return values.T.reshape(orders, questions, n)


ORDERS = 8
"""Orders in step that still fit a processor's cache."""


def against_monte_carlo(bank: SampleBank, orders: int, every: int) -> list[Row]:
    """The rivals draw, at each k, as many as the standard error asks there."""
    classes, ks, rng = bank.answer_class, every_k(bank), np.random.default_rng(0)
    exact = cpu_seconds(lambda: majority(classes, ks), repeats=10)
    means = [vote_of_prefixes(classes, rng).mean(axis=0) for _ in range(orders)]
    needed = (np.std(means, axis=0, ddof=1) / ERROR) ** 2
    some = ks[every - 1 :: every]
    each = [cpu_seconds(partial(vote_of_subsets, classes, int(k), rng)) for k in some]
    subsets = float(np.interp(ks, some, each) @ needed)
    shared = needed.max() * cpu_seconds(lambda: vote_of_prefixes(classes, rng), repeats=10)
    in_step = needed.max() * cpu_seconds(lambda: vote_in_step(classes, ORDERS, rng)) / ORDERS
    what, draws = f"majority, {len(classes)} x {len(ks)}", f"{needed.max():.0f} orders, scaled up"
    return [
        measured(f"{what}, exact, every k", exact),
        measured(f"{what}, subsets for each k to {ERROR:g}", subsets, note="scaled up"),
        at_least("  exact is faster", subsets / exact, MONTE_CARLO_LIMIT),
        measured(f"{what}, orders shared by all ks to {ERROR:g}", shared, note=draws),
        at_least("  exact is faster", shared / exact, MONTE_CARLO_LIMIT),
        measured(f"{what}, orders counted in step to {ERROR:g}", in_step, note=draws),
        measured("  exact is faster", in_step / exact, "times"),
    ]


def loop_over_k(bank: SampleBank, ks: Sequence[int], draws: int) -> dict[str, list[float]]:
    """The same table as published scripts make it: the first k samples, counted as strings, and
    a bootstrap per point. One noisy subset where `all_curves` averages over all. Returned are
    the accuracies, `[selector][k]`."""
    answers = [[str(c) if c >= 0 else "" for c in row] for row in bank.answer_class.tolist()]
    scores, rng = bank.reward.tolist(), np.random.default_rng(0)
    table: dict[str, list[float]] = {selector: [] for selector in EXACT}
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
        for selector, column in columns.items():
            values = np.array(column)
            table[selector].append(float(values.mean()))
            if draws:
                drawn = rng.integers(0, len(values), (draws, len(values)))
                np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return table


def against_loop(bank: SampleBank, every: int) -> list[Row]:
    questions, n = bank.answer_class.shape
    some, rows = list(range(every, n + 1, every)), []
    for bands, draws in ((f"{DRAWS:,} draws", DRAWS), ("no bands", 0)):
        ours = cpu_seconds(partial(all_curves, bank, draws))
        theirs = cpu_seconds(partial(loop_over_k, bank, some, draws), repeats=1) * n / len(some)
        note = "" if every == 1 else f"a {every}th of the ks, scaled up"
        rows.append(measured(f"exact curves, {questions} x {n}, {bands}", ours))
        rows.append(measured("  loop over k, first k only", theirs, note=note))
        rows.append(at_least("  exact is faster", theirs / ours, LOOP_LIMIT))
    return rows


def prefix_noise(repeats: int) -> Row:
    """Spread of majority@8 from 64 samples a question, first 8 against all subsets of 8."""
    prefix, subsets = [], []
    for seed in range(repeats):
        bank = make_bank(100, 64, seed=10_000)  # the same questions ...
        rng = np.random.default_rng(seed)
        fresh = np.stack([rng.choice(row, 64) for row in bank.answer_class])  # ... drawn anew
        prefix.append(majority(fresh[:, :8], [8]).mean())
        subsets.append(majority(fresh, [8]).mean())
    note = f"sd {100 * np.std(prefix):.2f} against {100 * np.std(subsets):.2f} points"
    ratio = float(np.std(prefix) / np.std(subsets))
    return measured("noise of majority@8: first 8 over all of 64", ratio, "times", note)


def measure(quick: bool) -> list[Row]:
    rows = exact_curves(500, 80) + sampled_curves(500, 80)
    rows += large(16 if quick else 1)
    rows += linearity((125, 250, 500, 1_000), 80)
    rows += against_monte_carlo(make_bank(500, 80), 30 if quick else 200, 16 if quick else 8)
    rows += against_loop(make_bank(500, 256), 64 if quick else 16)
    return [*rows, prefix_noise(40 if quick else 200)]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a share of the work")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--large", choices=list(LARGE), help=argparse.SUPPRESS)
    parser.add_argument("--large-questions", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.large:
        print(json.dumps(time_large(args.large_questions, args.large)))
        return 0
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, as for the rivals
    rows = measure(args.quick)
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        _print(rows)
    return int(not all(row["ok"] for row in rows))


def _print(rows: Sequence[Row]) -> None:
    for row in rows:
        limit = "" if row["limit"] is None else f"{row['sense']} {row['limit']:g}"
        verdict = "" if row["ok"] else "MISSED"
        number = f"{row['value']:12.4g} {row['unit']:5}"
        print(f"{row['what']:56} {number} {limit:14} {verdict:6} {row['note']}".rstrip())


if __name__ == "__main__":
    sys.exit(main())
