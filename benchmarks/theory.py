"""Theory meets practice: our estimators on samples of a known law, against what the law says.

    python benchmarks/theory.py [--questions 200] [--samples 256] [--banks 16] [--plot plots/theory]
                                [--json]

Questions and the chances g(a|x) of their answers are the fake engine's. Weights have known means
v(x, a); a verifier accepts right and wrong samples with known rates; a graded score has known
normal laws. Each row compares the mean of our estimator over independent banks with a closed form
or with votes drawn directly from the law, in units of the error of that difference. Exit code 1
where one is more than five errors away, or a vote further from its limit than Hoeffding allows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from scaling_cli.engines.fake import OPTIONS, FakeEngine
from scaling_cli.figures.save import save
from scaling_cli.figures.style import COLOURS, LINES
from scaling_cli.figures.theory import Checked, Panel, theory_figure
from scaling_cli.laws.accuracy import best_of, count_correct, coverage
from scaling_cli.laws.calibration import verifier_ceiling
from scaling_cli.laws.limits import majority_limit, weighted_limit
from scaling_cli.laws.majority import majority
from scaling_cli.laws.optimisation import OverOptimisation, distance, over_optimisation
from scaling_cli.laws.resample import question_weights
from scaling_cli.laws.weighted import weighted_majority
from scaling_cli.types import Question

Array = NDArray[np.float64]
SPREAD = 0.2
"""A weight is its mean v(x, a), more or less this, at even chances."""
ACCEPTS = (0.9, 0.2)
"""How often the verifier accepts a right and a wrong sample."""
RIGHT, WRONG = (1.0, 0.6), (0.0, 1.0)
"""Mean and deviation of a graded score: right samples score higher, but wrong ones further out."""
VOTES = 2 ** np.arange(28)
"""Directly drawn votes go on until the closest of races is decided."""
FAR = 5.0
"""Errors between theory and an estimator that is still taken for chance."""
NAMES = ("majority", "weighted", "coverage", "accepted", "graded")
Rows = list[dict[str, object]]
Estimates = dict[str, tuple[NDArray[np.int64], Array, Array]]
"""Name to ks, the mean over banks of an estimator's data-set mean, and its standard error."""
Theory = dict[str, tuple[Array, Array]]
"""Name to the value at each of VOTES, and its standard error: 0 for a closed form."""


@dataclass(frozen=True)
class Law:
    """`g[question, answer]`, gold first, and the mean weight `v[question, answer]`."""

    g: Array
    v: Array

    @classmethod
    def of(cls, questions: int) -> Law:
        known = {f"t/s/{i}": Question(f"t/s/{i}", "t", "", str(10 + i)) for i in range(questions)}
        engine = FakeEngine("theory", {**OPTIONS, "questions": known}, 0)
        g = np.array([list(engine.answer_distribution(one).values()) for one in known])
        rng = np.random.default_rng(1)
        v = np.column_stack([rng.beta(3, 2, (questions, 1)), rng.beta(2, 3, g[:, 1:].shape)])
        return cls(g, SPREAD + (1 - 2 * SPREAD) * v)

    def bank(self, samples: int, seed: int) -> tuple[NDArray[np.int64], Array]:
        """`answer_class[question, sample]` and a weight for each."""
        rng = np.random.default_rng([seed, 1])
        drawn = rng.random((len(self.g), samples, 1)) > self.g.cumsum(axis=1)[:, None, :-1]
        classes = drawn.sum(axis=2)
        mean = np.take_along_axis(self.v, classes, axis=1)
        return classes, mean + SPREAD * rng.choice([-1.0, 1.0], classes.shape)

    def votes(self, k: int, draws: int) -> tuple[Array, Array]:
        """Plain and weighted vote of k samples drawn directly, `wins[question]`, ties shared."""
        rng, wins = np.random.default_rng([k, 2]), np.empty((2, len(self.g)))
        for place, (g, v) in enumerate(zip(self.g, self.v, strict=True)):
            counts = rng.multinomial(k, g, draws)
            sums = counts * (v - SPREAD) + 2 * SPREAD * rng.binomial(counts, 0.5)
            wins[:, place] = [_won(votes) for votes in (counts * 1.0, sums)]
        return wins[0], wins[1]

    def ends(self) -> dict[str, tuple[float, Array]]:
        """Theorems 1 and 2: share of questions whose gold has the largest mass, and how far it
        leads (or lags) on each."""
        found = {}
        for name, mass in (("majority", self.g), ("weighted", self.g * self.v)):
            lead = mass[:, 0] - mass[:, 1:].max(axis=1)
            found[name] = (float((lead > 0).mean()), np.abs(lead))
        return found


def _won(votes: Array) -> float:
    top = np.isclose(votes, votes.max(axis=1, keepdims=True), rtol=1e-9, atol=0)
    return float((top[:, 0] / top.sum(axis=1)).mean())


def accepted_best(p: Array, ks: Array) -> Array:
    """Best-of-k by accept or reject, ties at random: right with the ceiling's chance where any is
    accepted, else with that of the rejected. `[question, k]`."""
    t, f = ACCEPTS
    none = (1 - p * t - (1 - p) * f)[:, None] ** ks
    accepted, rejected = verifier_ceiling(p, t, f), verifier_ceiling(p, 1 - t, 1 - f)
    return (1 - none) * accepted[:, None] + none * rejected[:, None]


def graded_best(p: Array, ks: Array) -> Array:
    """Best-of-k by a graded score: the integral of k·p·f_right(s)·F(s)^(k-1), F the score's
    distribution over all samples. `[question, k]`."""
    s = np.linspace(-7.0, 9.0, 6_001)
    below = p[:, None] * norm.cdf(s, *RIGHT) + (1 - p[:, None]) * norm.cdf(s, *WRONG)
    density = p[:, None] * norm.pdf(s, *RIGHT) * (s[1] - s[0])
    logs = np.log(np.maximum(below, 1e-300))
    return np.column_stack([(k * density * np.exp((k - 1) * logs)).sum(axis=1) for k in ks])


def graded_scores(classes: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """A graded score for each sample."""
    (right, narrow), (wrong, wide) = RIGHT, WRONG
    gold = classes == 0
    return np.where(gold, right, wrong) + np.where(gold, narrow, wide) * rng.standard_normal(
        classes.shape
    )


def estimates(law: Law, samples: int, banks: int) -> Estimates:
    """Our estimators on independent banks; best-of-k and coverage on 32 times as many samples."""
    few = VOTES[samples >= VOTES]
    many = VOTES[32 * samples >= VOTES]
    drawn: dict[str, list[Array]] = {name: [] for name in NAMES}
    # Each bank is drawn again for best-of-k, which needs more samples to show its fall.
    for seed in range(banks):
        classes, weight = law.bank(samples, seed)
        drawn["majority"].append(majority(classes, few).mean(axis=0))
        weighted, _ = weighted_majority(classes, weight, few, tolerance=4e-3)
        drawn["weighted"].append(weighted.mean(axis=0))
        classes, _ = law.bank(32 * samples, banks + seed)
        rng = np.random.default_rng([seed, 3])
        accepted = rng.random(classes.shape) < np.where(classes == 0, *ACCEPTS)
        right, size = count_correct(classes), np.full(len(classes), classes.shape[1])
        drawn["coverage"].append(coverage(right, size, many).mean(axis=0))
        drawn["accepted"].append(best_of(classes, accepted * 1.0, many).mean(axis=0))
        drawn["graded"].append(best_of(classes, graded_scores(classes, rng), many).mean(axis=0))
    return {
        name: (
            few if name in ("majority", "weighted") else many,
            np.mean(values, axis=0),
            np.std(values, axis=0, ddof=1) / np.sqrt(banks),
        )
        for name, values in drawn.items()
    }


def predictions(law: Law, draws: int) -> Theory:
    """What the law says: closed forms, and votes drawn from it without any estimator of ours."""
    p, zero = law.g[:, 0], np.zeros(len(VOTES))
    wins = np.array([law.votes(int(k), draws) for k in VOTES])  # [k, vote, question]
    error = np.sqrt((wins * (1 - wins)).sum(axis=2) / draws) / len(p)
    return {
        "majority": (wins[:, 0].mean(axis=1), error[:, 0]),
        "weighted": (wins[:, 1].mean(axis=1), error[:, 1]),
        "coverage": ((1 - (1 - p[:, None]) ** VOTES).mean(axis=0), zero),
        "accepted": (accepted_best(p, VOTES).mean(axis=0), zero),
        "graded": (graded_best(p, VOTES).mean(axis=0), zero),
    }


def compare(law: Law, ours: Estimates, theory: Theory, banks: int) -> Rows:
    """Every estimator at every k against theory, and every vote against its limit."""
    rows: Rows = []
    for name, (ks, mean, error) in ours.items():
        for place, k in enumerate(ks):
            known, spread = theory[name][0][place], theory[name][1][place]
            # Less than one question in one bank is no difference that banks could show.
            unit = max(float(np.hypot(error[place], spread)), 1 / (FAR * banks * len(law.g)))
            z = float(mean[place] - known) / unit
            rows.append({"what": name, "k": int(k), "theory": float(known),
                         "ours": float(mean[place]), "errors": z, "ok": abs(z) <= FAR})  # fmt: skip
    for name, (end, lead) in law.ends().items():
        for k, value, spread in zip(VOTES, *theory[name], strict=True):
            allowed = np.minimum(law.g.shape[1] * np.exp(-k * lead**2 / 2), 1).mean()
            rows.append({"what": f"{name} from its limit", "k": int(k), "theory": end,
                         "ours": float(value), "allowed": float(allowed),
                         "ok": bool(abs(value - end) <= allowed + FAR * spread)})  # fmt: skip
    return rows


def limits(law: Law, samples: int) -> Rows:
    """What one bank says of where votes end, with its 95% interval."""
    classes, weight = law.bank(samples, 0)
    draws = question_weights(len(classes), 1_000, 0)
    found = {
        "majority": majority_limit(classes, draws),
        "weighted": weighted_limit(classes, weight, draws),
    }
    return [
        {"what": f"{name}'s limit from one bank", "theory": law.ends()[name][0],
         "ours": limit.mean, "lo": limit.lo, "hi": limit.hi,
         "ok": limit.lo <= law.ends()[name][0] <= limit.hi}
        for name, limit in found.items()
    ]  # fmt: skip


def gao(law: Law, samples: int) -> OverOptimisation:
    """What one bank says of the fall of best-of-k."""
    ks = VOTES[samples >= VOTES]
    classes, _ = law.bank(samples, 0)
    values = best_of(classes, graded_scores(classes, np.random.default_rng([0, 3])), ks)
    return over_optimisation(values, ks, question_weights(len(classes), 1_000, 0))


def panels(law: Law, ours: Estimates, theory: Theory, fall: OverOptimisation) -> list[Panel]:
    """Votes and their limits; accept or reject and its ceiling; a graded score and its fall."""

    def checked(name: str, title: str, colour: str, dashes: str = "") -> Checked:
        ks, mean, error = ours[name]
        known = VOTES if name in ("majority", "weighted") else ks
        values = theory[name][0][: len(known)]
        return Checked(title, colour, LINES[dashes or name], ks, mean, error, known, values)

    blue, orange, green, grey = COLOURS[0], COLOURS[1], COLOURS[2], COLOURS[6]
    votes = (checked("majority", "majority", blue), checked("weighted", "weighted", orange))
    ceiling = float(verifier_ceiling(law.g[:, 0], *ACCEPTS).mean())
    cover = checked("coverage", "coverage", grey)
    accepted = checked("accepted", "best of k", green, "best")
    graded = checked("graded", "best of k", green, "best")
    fits = ()
    if fall.alpha is not None and fall.beta is not None:
        d = distance(graded.ks)
        drawn = graded.theory[0] + d * (fall.alpha - fall.beta * d)
        fits = (("Gao's law, one bank", orange, graded.ks, drawn),)
    one, two = law.ends()["majority"][0], law.ends()["weighted"][0]
    return [
        Panel("Votes", votes, (("theorem 1", blue, one), ("theorem 2", orange, two))),
        Panel("A verifier that errs", (accepted, cover), (("its ceiling", green, ceiling),)),
        Panel("A score with a wild tail", (graded, cover), (), fits),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("questions", 200), ("samples", 256), ("banks", 16), ("draws", 1_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    law = Law.of(options.questions)
    ours = estimates(law, options.samples, options.banks)
    theory = predictions(law, options.draws)
    rows = compare(law, ours, theory, options.banks) + limits(law, options.samples)
    fall = gao(law, 32 * options.samples)
    peak = int(VOTES[np.argmax(theory["graded"][0])])
    rows.append({"what": "peak of best of k, exact; bank; Gao's law", "theory": peak,
                 "ours": fall.peak, "gao": fall.best_k, "ok": fall.certain})  # fmt: skip
    if options.plot is not None:
        save(theory_figure(panels(law, ours, theory, fall)), options.plot, "theory")
    if options.json:
        print(json.dumps({"rows": rows}))
    else:
        for row in rows:
            told = (f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items())
            print(" ".join(told))
    return 0 if all(row["ok"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
