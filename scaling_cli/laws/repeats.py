"""Runs of one thing on the same questions: their variance apart from that of the questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray


@dataclass(frozen=True, slots=True)
class Variance:
    """Components of the variance of one question's score in one run, and the design's size.

    `between_questions`: what other questions would change; `between_runs`: what all questions
    of a run have in common; `rest`: chance on one question in one run; `within`: the last two
    together, which every question tells of.
    """

    between_questions: float
    between_runs: float
    rest: float
    within: float
    questions: int
    runs: int

    @property
    def error_of_questions(self) -> float:
        """Standard error of the mean of one run that other questions alone would bring."""
        return float(np.sqrt(self.between_questions / self.questions))

    @property
    def error_of_runs(self) -> float:
        """Standard error of the mean of one run that another run on the same questions brings.

        Every call has a seed of its own, so that a run's questions have no luck in common:
        `between_runs`, known from few runs only, is a check of that and not part of this.
        """
        return float(np.sqrt(self.within / self.questions))

    @property
    def share_of_runs(self) -> float:
        """Share of one run's squared error that running again, not asking others, accounts for."""
        runs, both = self.error_of_runs**2, self.error_of_runs**2 + self.error_of_questions**2
        return runs / both if both > 0 else 0.0


def two_way(values: FloatArray) -> Variance:
    """Components from `values[question, run]`, scores in [0, 1].

    Two-way analysis of variance with both effects random and one value a place (Searle, Casella
    and McCulloch, Variance Components, 1992, section 4.7): E[MS_questions] = s_e + R·s_q,
    E[MS_runs] = s_e + Q·s_r, E[MS_rest] = s_e. A component that comes out below 0 is 0. With two
    runs `between_runs` rests on one degree of freedom, `rest` on as many as questions.
    """
    table = np.asarray(values, np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or np.isnan(table).any():
        raise LawError(
            f"values of shape {table.shape} cannot be taken apart",
            "give values[question, run] without gaps, two questions and two runs or more",
        )
    questions, runs = table.shape
    rows, columns, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    left = table - rows[:, None] - columns[None, :] + mean
    rest = float((left**2).sum()) / ((questions - 1) * (runs - 1))
    of_questions = runs * float(((rows - mean) ** 2).sum()) / (questions - 1)
    of_runs = questions * float(((columns - mean) ** 2).sum()) / (runs - 1)
    return Variance(
        between_questions=max((of_questions - rest) / runs, 0.0),
        between_runs=max((of_runs - rest) / questions, 0.0),
        rest=rest,
        within=((questions - 1) * rest + of_runs) / questions,
        questions=questions,
        runs=runs,
    )
