"""How often the intervals of voting's limits hold the truth, on data from the prior and others.

    python benchmarks/coverage_of_limits.py [--runs 400] [--json]

Answer probabilities are drawn from Dirichlet(alpha) over gold and a number of wrong answers, so
the true limit of the population is 1/answers (all are alike). The prior's own alpha is 1/2; the
other rows show what a wrong prior does. Nominal coverage is 95%.
"""

from __future__ import annotations

import argparse
import json

import numpy as np

from scaling_cli.laws.limits import majority_limit
from scaling_cli.laws.resample import question_weights


def measure(
    questions: int, samples: int, answers: int, alpha: float, runs: int
) -> dict[str, float]:
    """Share of runs whose interval holds the truth, and the mean error of the point."""
    rng = np.random.default_rng(questions * samples + answers)
    truth, held, errors = 1 / answers, 0, []
    for run in range(runs):
        shares = rng.dirichlet(np.full(answers, alpha), questions)
        classes = np.array([rng.choice(answers, samples, p=share) for share in shares])
        limit = majority_limit(classes, question_weights(questions, 500, run))
        held += limit.lo <= truth <= limit.hi
        errors.append(limit.mean - truth)
    return {"coverage": held / runs, "bias": float(np.mean(errors))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for alpha in (0.5, 0.1, 2.0):
        for questions, samples, answers in [(40, 16, 3), (100, 8, 4), (100, 64, 4), (500, 16, 3)]:
            found = measure(questions, samples, answers, alpha, options.runs)
            row = {"alpha": alpha, "questions": questions, "samples": samples,
                   "answers": answers, **found}  # fmt: skip
            rows.append(row)
            if not options.json:
                print(" ".join(f"{k}={v:g}" for k, v in row.items()), flush=True)
    if options.json:
        print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main()
