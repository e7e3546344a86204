"""How often the hold-out check refuses a law: on data from the law itself, and on data made to
break it.

    python benchmarks/refusals_of_laws.py [--replicates 200] [--law NAME] [--json]

A law of a curve says nothing of single questions, so data from it come from a population of
chances of success whose expected curve is the law's: a mixture found by non-negative least
squares, its largest distance from the law in the column `off`. Each replicate draws questions
from the population and samples from the questions, and asks the check alone. Exit code 1 if data
from a law are refused more than 10% of the time, or data made to break it less than half of the
time, by more than two standard errors.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.stats import beta

from scaling_cli.laws import coverage_law, power_law, size_law, success, voting_law
from scaling_cli.laws.accuracy import coverage
from scaling_cli.laws.coverage_law import grid
from scaling_cli.laws.fit import HoldOut, quarter_of
from scaling_cli.laws.resample import question_weights

Row = dict[str, Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rng = np.random.Generator

DRAWS = 200
"""Draws of the questions, as `scale fit` makes them."""
OWN, BROKEN = "its own", "made to break it"


@dataclass(frozen=True)
class Case:
    """Data of `questions` with `samples` each; `off` is the population's distance from the law."""

    law: str
    data: str
    what: str
    questions: int
    samples: int
    check: Callable[[Rng, int], HoldOut]
    off: float = 0.0
    share: float = 1.0
    """Of the replicates asked for: a check may be slow."""


def population(miss: Callable[[Ints], Floats], n: int) -> tuple[Floats, Floats, float]:
    """Chances of success and their weights whose expected E[(1-p)^k] is `miss(k)` up to n, and
    the largest distance from it."""
    ks = np.unique(np.r_[1:9, grid(n)])
    p = np.r_[0.0, np.geomspace(1e-5, 1, 400)]
    basis = (1 - p) ** ks[:, None]
    heavy = 100.0  # the weights must sum to 1
    weight, _ = nnls(
        np.vstack([basis, np.full(len(p), heavy)]), np.append(miss(ks), heavy), maxiter=20_000
    )
    weight /= weight.sum()
    return p, weight, float(np.abs(basis @ weight - miss(ks)).max())


def counts(rng: Rng, p: Floats, n: int) -> tuple[Ints, Ints]:
    return rng.binomial(n, p), np.full(len(p), n)


def late(rng: Rng, questions: int, n: int) -> Floats:
    """Half of the questions are known, half are had about once in n samples: no quarter tells."""
    return np.where(np.arange(questions) < questions // 2, 0.97, 1 / n)


def coverage_cases() -> Iterator[Case]:
    def check(draw: Callable[[Rng], Floats], n: int) -> Callable[[Rng, int], HoldOut]:
        def once(rng: Rng, seed: int) -> HoldOut:
            right, samples = counts(rng, draw(rng), n)
            weights = question_weights(len(right), DRAWS, seed)
            return coverage_law.hold_out(right, samples, weights, n, seed)

        return once

    for a, b in [(-1.3, -0.43), (-0.8, -0.47), (-0.3, -0.87)]:
        for questions, n in [(40, 64), (100, 256), (500, 64)]:
            p, weight, off = population(lambda k, a=a, b=b: 1 - np.exp(a * k**b), n)  # type: ignore[misc]
            yield Case(
                "coverage", OWN, f"exp({a}·k^{b})", questions, n,
                check(lambda rng, p=p, w=weight, q=questions: rng.choice(p, q, p=w), n), off,
            )  # fmt: skip
    for questions in (40, 100):
        yield Case("coverage", BROKEN, "half known, half had once in n samples", questions, 256,
                   check(lambda rng, q=questions: late(rng, q, 256), 256))  # fmt: skip


def success_cases() -> Iterator[Case]:
    def check(draw: Callable[[Rng], Floats], n: int) -> Callable[[Rng, int], HoldOut]:
        def once(rng: Rng, seed: int) -> HoldOut:
            right, samples = counts(rng, draw(rng), n)
            weights = question_weights(len(right), DRAWS, seed)
            theta, _ = success.maximise(right, samples, np.ones(len(right)))
            return success.hold_out(right, samples, weights, theta, seed)

        return once

    for alpha, other, c in [(0.4, 1.2, 1.0), (0.8, 2.0, 0.8)]:
        yield Case("success", OWN, f"{c:g}·Beta({alpha}, {other})", 100, 32,
                   check(lambda rng, s=(alpha, other), c=c: c * rng.beta(*s, 100), 32),
                   share=0.25)  # fmt: skip
    yield Case("success", BROKEN, "half known, half had once in n/2 samples", 100, 128,
               check(lambda rng: late(rng, 100, 64), 128), share=0.15)  # fmt: skip


def answers(rng: Rng, shares: Floats, n: int) -> Ints:
    """`class[question, sample]` from `shares[question, answer]`."""
    steps = shares.cumsum(axis=1)[:, None, :]
    return (rng.random((len(shares), n, 1)) > steps).sum(axis=2).clip(max=shares.shape[1] - 1)


def mixed(rng: Rng, questions: int) -> Floats:
    """Answers from Dirichlet laws, the likeliest one right in about seven of ten."""
    rising = rng.random(questions) < 0.7
    return np.where(
        rising[:, None],
        rng.dirichlet([6, 2, 1, 1], questions),
        rng.dirichlet([2, 6, 1, 1], questions),
    )


def hump(rng: Rng, questions: int) -> Floats:
    """Gold is a close second among much noise: a vote rises far above it, and falls in the end."""
    return np.tile(np.r_[0.20, 0.26, np.full(18, 0.03)], (questions, 1))


def voting_cases() -> Iterator[Case]:
    def check(draw: Callable[[Rng], Floats], n: int) -> Callable[[Rng, int], HoldOut]:
        def once(rng: Rng, seed: int) -> HoldOut:
            classes = answers(rng, draw(rng), n)
            weights = question_weights(len(classes), DRAWS, seed)
            return voting_law.hold_out(classes, weights, "abstain", n, seed)

        return once

    for questions, n in [(40, 64), (100, 64), (100, 256)]:
        yield Case("voting", OWN, "Dirichlet, 70% right in the end", questions, n,
                   check(lambda rng, q=questions: mixed(rng, q), n), share=0.5)  # fmt: skip
        yield Case("voting", OWN, "Dirichlet(1/2), four answers", questions, n,
                   check(lambda rng, q=questions: rng.dirichlet(np.full(4, 0.5), q), n),
                   share=0.5)  # fmt: skip
    yield Case("voting", BROKEN, "gold second among noise", 100, 128,
               check(lambda rng: hump(rng, 100), 128), share=0.25)  # fmt: skip


def compute_cases() -> Iterator[Case]:
    """Coverage, whose error can follow the law exactly; a sample costs 1."""

    def check(draw: Callable[[Rng], Floats], n: int) -> Callable[[Rng, int], HoldOut]:
        def once(rng: Rng, seed: int) -> HoldOut:
            right, samples = counts(rng, draw(rng), n)
            weights = question_weights(len(right), DRAWS, seed)
            part, kept = quarter_of(right, samples, seed)
            ks = grid(n // 4)
            whole = coverage(right, samples, [n])[:, 0]
            return power_law.hold_out(
                coverage(part, kept, ks), ks.astype(float), whole, float(n), weights, n
            )

        return once

    for floor, b, a in [(0.1, 0.35, 0.4), (0.2, 0.3, 0.7), (0.0, 0.5, 0.5)]:
        for questions, n in [(100, 64), (100, 256), (500, 64)]:
            p, weight, off = population(lambda k, f=floor, b=b, a=a: f + b * k**-a, n)  # type: ignore[misc]
            yield Case("compute", OWN, f"{floor:g} + {b:g}·C^-{a:g}", questions, n,
                       check(lambda rng, p=p, w=weight, q=questions: rng.choice(p, q, p=w), n),
                       off, share=0.5)  # fmt: skip
    yield Case("compute", BROKEN, "half known, half had once in n samples", 100, 256,
               check(lambda rng: late(rng, 100, 256), 256), share=0.25)  # fmt: skip


def size_cases() -> Iterator[Case]:
    """Sizes 1e8, 1e9, ... under four token limits each, every size beginning where the one
    before has no more to win; sixteen samples, of which four are fitted."""

    def check(steps: list[float], questions: int) -> Callable[[Rng, int], HoldOut]:
        starts = 1e10 * np.cumprod([1.0, *steps])
        cost = np.concatenate([start * np.geomspace(1, 8, 4) for start in starts])
        size = np.repeat(10.0 ** (8 + np.arange(len(starts))), 4)
        truth = 0.15 * np.repeat(np.arange(len(starts)), 4) + np.tile(
            [0.20, 0.25, 0.28, 0.30], len(starts)
        )

        def once(rng: Rng, seed: int) -> HoldOut:
            ability = rng.random((questions, 1))
            right = rng.binomial(16, beta.ppf(ability, 2 * truth, 2 * (1 - truth)))
            part = rng.hypergeometric(right, 16 - right, 4)
            weights = question_weights(questions, DRAWS, seed)
            sizes = [size_law.Sizes(table, cost, size) for table in (part / 4, right / 16)]
            return size_law.hold_out(sizes[0], sizes[1], weights, 16)

        return once

    for questions in (100, 500):
        yield Case("size", OWN, "four sizes on a line", questions, 16,
                   check([16, 16, 16], questions))  # fmt: skip
    yield Case("size", BROKEN, "the largest overtakes 4,000 times later", 500, 16,
               check([12, 12, 50_000], 500))  # fmt: skip


CASES: dict[str, Callable[[], Iterator[Case]]] = {
    "coverage": coverage_cases,
    "success": success_cases,
    "voting": voting_cases,
    "compute": compute_cases,
    "size": size_cases,
}


def measure(case: Case, replicates: int, seed: int = 0) -> Row:
    """How often the check refuses; a quarter that cannot be fitted is a refusal."""
    from scaling_cli.errors import LawError

    rng = np.random.default_rng(seed)
    times, gaps = max(int(replicates * case.share), 1), []
    refused = 0
    for number in range(times):
        try:
            held = case.check(rng, number)
        except LawError:
            refused += 1
            continue
        refused += not held.passed
        gaps.append(held.predicted - held.observed)
    return {
        "law": case.law,
        "data": case.data,
        "what": case.what,
        "questions": case.questions,
        "samples": case.samples,
        "off": case.off,
        "replicates": times,
        "refused": refused / times,
        "predicted_less_observed": float(np.mean(gaps)) if gaps else float("nan"),
    }


def broken(rows: list[Row]) -> list[Row]:
    """The rows that do not keep the promise."""
    return [
        row
        for row in rows
        if (row["data"] == OWN and row["refused"] > 0.10 + 0.6 / row["replicates"] ** 0.5)
        or (row["data"] == BROKEN and row["refused"] < 0.50 - 1.0 / row["replicates"] ** 0.5)
    ]


def report(
    description: str | None,
    cases: Mapping[str, Callable[[], Iterable[Any]]],
    measured: Callable[[Any, int], Iterable[Row]],
    line: Callable[[Row], str],
    broken: Callable[[list[Row]], list[Row]],
) -> None:
    """The command line of a measure of laws: a line a row, exit code 1 where one is `broken`."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--law", action="append", choices=list(cases))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows: list[Row] = []
    for law in args.law or cases:
        for case in cases[law]():
            for row in measured(case, args.replicates):
                rows.append(row)
                if not args.json:
                    print(line(row), flush=True)
    if args.json:
        print(json.dumps({"rows": rows}))
    raise SystemExit(1 if broken(rows) else 0)


def as_line(row: Row) -> str:
    return (
        f"{row['law']:9} {row['data']:17} {row['what']:40} "
        f"{row['questions']:4} × {row['samples']:<4} off {row['off']:.4f} "
        f"refused {row['refused']:6.1%} of {row['replicates']}, predicted − observed "
        f"{100 * row['predicted_less_observed']:+.1f}"
    )


if __name__ == "__main__":
    report(__doc__, CASES, lambda case, times: [measure(case, times)], as_line, broken)
