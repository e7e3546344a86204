"""Plain majority voting over all size-k subsets, from answer classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from scaling_cli.laws.plurality import plurality
from scaling_cli.laws.subsets import as_ks, count_samples, reach
from scaling_cli.types import UNANSWERED

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray

Unanswered = Literal["abstain", "class"]


def majority(
    answer_class: IntArray, ks: Sequence[int] | IntArray, *, unanswered: Unanswered = "abstain"
) -> FloatArray:
    """Expected accuracy of a majority vote, `values[question, k]`; NaN where k > n.

    Wang et al. 2023, exact over all subsets of `answer_class[question, sample]`, ties shared
    evenly; a subset without a vote scores 0. `unanswered="class"` lets the samples without
    an answer vote together, for a wrong one; failed ones never vote.
    """
    sizes, samples = as_ks(ks), count_samples(answer_class)
    votes = count_votes(answer_class, unanswered=unanswered)
    values = np.full((len(samples), len(sizes)), np.nan)
    for n, questions, columns in reach(samples, sizes):
        chosen = votes[questions]
        values[np.ix_(questions, columns)] = plurality(
            chosen[:, 0], chosen[:, 1:], n, sizes[columns]
        )
    return values


def count_votes(answer_class: IntArray, *, unanswered: Unanswered = "abstain") -> IntArray:
    """Votes per class, `votes[question, class]`; class 0 is gold."""
    classes = voting_classes(answer_class, unanswered=unanswered)
    questions, width = len(classes), int(classes.max(initial=0)) + 1
    rows, columns = np.nonzero(classes >= 0)
    cells = rows * width + classes[rows, columns]
    return np.bincount(cells, minlength=questions * width).reshape(questions, width)


def voting_classes(answer_class: IntArray, *, unanswered: Unanswered) -> IntArray:
    """The classes with unanswered samples left as they are, or made one more class."""
    classes = np.asarray(answer_class)
    if unanswered == "abstain":
        return classes
    return np.where(classes == UNANSWERED, classes.max(initial=0) + 1, classes)
