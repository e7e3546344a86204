"""How often the nominal 95% intervals of the laws' parameters hold the truth.

    python benchmarks/coverage_of_exponents.py [--replicates 200] [--law NAME] [--json]

Data from each law itself: `success` draws chances from c·Beta(α, β) and asks for the profile
likelihood's interval of α; `coverage` and `compute` draw questions from a population whose
expected curve is the law's (benchmarks/refusals_of_laws.py) and ask for the question bootstrap's
intervals. Exit code 1 if an exponent with 100 questions or more is covered less than 90% of the
time by more than two standard errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from refusals_of_laws import counts, population, report

from scaling_cli.laws import coverage_law, power_law, success
from scaling_cli.laws.accuracy import coverage
from scaling_cli.laws.coverage_law import grid
from scaling_cli.laws.resample import bootstrap_means, question_weights

Row = dict[str, Any]
Ends = dict[str, tuple[float, float]]
Rng = np.random.Generator
DRAWS = 200
SUCCESS = [(0.4, 1.2, 1.0), (0.8, 2.0, 0.8)]
COVERAGE = [(-1.3, -0.43), (-0.8, -0.47), (-0.3, -0.87)]
COMPUTE = (0.2, 0.3, 0.7)
EXPONENTS = {"success": "exponent", "coverage": "b", "compute": "a"}


@dataclass(frozen=True)
class Case:
    """`intervals` draws one set of questions and gives the ends of each parameter's interval."""

    law: str
    what: str
    questions: int
    samples: int
    truth: dict[str, float]
    intervals: Callable[[Rng, int], Ends]
    share: float
    """Of the replicates asked for: a fit may be slow."""


def ends(names: tuple[str, ...], drawn: NDArray[np.float64]) -> Ends:
    lo, hi = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    return {name: (float(a), float(b)) for name, a, b in zip(names, lo, hi, strict=True)}


def success_cases() -> Iterator[Case]:
    for alpha, beta, c in SUCCESS:
        for questions, n in [(40, 32), (100, 32), (500, 16)]:

            def once(
                rng: Rng, seed: int, q: int = questions, n: int = n,
                law: tuple[float, float, float] = (alpha, beta, c),
            ) -> Ends:  # fmt: skip
                right, samples = counts(rng, law[2] * rng.beta(law[0], law[1], q), n)
                theta, top = success.maximise(right, samples, np.ones(q))
                lo, hi = success.profile(right, samples, theta, top, 0)
                return {"exponent": (float(np.exp(lo)), float(np.exp(hi)))}

            yield Case("success", f"{c:g}·Beta({alpha}, {beta})", questions, n,
                       {"exponent": alpha}, once, 0.4)  # fmt: skip


def coverage_cases() -> Iterator[Case]:
    for a, b in COVERAGE:
        for questions in (40, 100, 500):
            p, weight, _ = population(lambda k, a=a, b=b: 1 - np.exp(a * k**b), 64)  # type: ignore[misc]

            def once(rng: Rng, seed: int, q: int = questions, p: Any = p, w: Any = weight) -> Ends:
                right, samples = counts(rng, rng.choice(p, q, p=w), 64)
                ks = grid(64)
                values = coverage(right, samples, ks)
                drawn = coverage_law.refits(ks, values, question_weights(q, DRAWS, seed))
                return ends(coverage_law.NAMES, drawn)

            yield Case("coverage", f"exp({a}·k^{b})", questions, 64, {"a": a, "b": b}, once, 1.0)


def compute_cases() -> Iterator[Case]:
    floor, b, a = COMPUTE
    p, weight, _ = population(lambda k: floor + b * k**-a, 64)
    for questions in (100, 500):

        def once(rng: Rng, seed: int, q: int = questions) -> Ends:
            right, samples = counts(rng, rng.choice(p, q, p=weight), 64)
            ks = grid(64)
            values = coverage(right, samples, ks)
            means = bootstrap_means(values, question_weights(q, DRAWS, seed))
            drawn = [power_law.fit_errors(ks.astype(float), 1 - row) for row in means]
            return ends(power_law.NAMES, np.array(drawn))

        yield Case("compute", f"{floor} + {b}·C^-{a}", questions, 64,
                   {"floor": floor, "b": b, "a": a}, once, 0.4)  # fmt: skip


CASES: dict[str, Callable[[], Iterator[Case]]] = {
    "success": success_cases,
    "coverage": coverage_cases,
    "compute": compute_cases,
}


def measure(case: Case, replicates: int, seed: int = 0) -> Iterator[Row]:
    """A row a parameter: how often its interval holds the truth, and its middle width."""
    rng = np.random.default_rng(seed)
    times = max(int(replicates * case.share), 1)
    found = [case.intervals(rng, number) for number in range(times)]
    for name, truth in case.truth.items():
        lo, hi = np.array([one[name] for one in found]).T
        yield {
            "law": case.law,
            "what": case.what,
            "parameter": name,
            "questions": case.questions,
            "samples": case.samples,
            "replicates": times,
            "covered": float(((lo <= truth) & (truth <= hi)).mean()),
            "width": float(np.median(hi - lo)),
        }


def broken(rows: list[Row]) -> list[Row]:
    """The exponents that do not keep the promise."""
    return [
        row
        for row in rows
        if row["questions"] >= 100
        and row["parameter"] == EXPONENTS[row["law"]]
        and row["covered"] < 0.90 - 2 * (0.09 / row["replicates"]) ** 0.5
    ]


def as_line(row: Row) -> str:
    return (
        f"{row['law']:9} {row['what']:20} {row['parameter']:9} "
        f"{row['questions']:4} × {row['samples']:<3} covered "
        f"{row['covered']:6.1%} of {row['replicates']}, width {row['width']:.3g}"
    )


if __name__ == "__main__":
    report(__doc__, CASES, measure, as_line, broken)
