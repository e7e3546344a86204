"""Answers of one question vote together where they are equal, gold first."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.grading.classes import (
    MOST_ASKED,
    TIMED_OUT,
    grade_group,
    group_answers,
    verdict_of,
)
from scaling_cli.types import Grade


class Algebra:
    """A comparison that counts what it is asked; pairs listed as equal are, `slow` never end."""

    def __init__(self, *equal: tuple[str, str], slow: str = "\0") -> None:
        self._equal = set(equal)
        self._slow = slow
        self.asked: list[tuple[str, str]] = []

    def __call__(self, gold: str, answer: str) -> bool | None:
        self.asked.append((gold, answer))
        if self._slow in answer:
            return None
        return (gold, answer) in self._equal


def grades(texts: list[str], gold: str, **changes: object) -> list[Grade]:
    options = {"style": "math", "equality": "math", "compare": Algebra()} | changes
    reasons = options.pop("reasons", ["stop"] * len(texts))
    return grade_group(texts, reasons, gold, **options)  # type: ignore[arg-type]


def test_gold_is_class_0_and_others_count_in_order_of_appearance() -> None:
    algebra = Algebra()
    answers = ["7", "0.5", None, "8", "7.0", r"\frac12", "", "8"]
    assert group_answers(answers, "1/2", equality="math", compare=algebra) == [
        1, 0, -1, 2, 1, 0, -1, 2,
    ]  # fmt: skip
    assert algebra.asked == []


def test_under_string_equality_only_the_same_characters_vote_together() -> None:
    answers = ["0.5", "1/2", " 1/2 ", "0.50"]
    assert group_answers(answers, "1/2", equality="string", compare=Algebra()) == [1, 0, 0, 2]


def test_the_algebra_is_asked_gold_first_then_representatives_in_order() -> None:
    algebra = Algebra(("|x|", r"\sqrt{x^2}"), ("\\log y", "\\ln y"))
    answers = [r"\log y", r"\sqrt{x^2}", r"\ln y", r"\ln y", r"\ln  y"]
    assert group_answers(answers, "|x|", equality="math", compare=algebra) == [1, 0, 1, 1, 1]
    assert algebra.asked == [
        ("|x|", r"\log y"),
        ("|x|", r"\sqrt{x^2}"),
        ("|x|", r"\ln y"),
        (r"\log y", r"\ln y"),
    ]


def test_a_timeout_is_neither_right_nor_wrong_and_is_asked_once() -> None:
    algebra = Algebra(slow="!")
    texts = [r"\boxed{9!!}", r"\boxed{9!!}", r"\boxed{5}"]
    graded = grades(texts, "5", compare=algebra)
    assert [grade.verdict for grade in graded] == ["timeout", "timeout", "correct"]
    assert [grade.answer_class for grade in graded] == [-1, -1, 0]
    assert graded[0].boxed[0][2] == -1
    assert len(algebra.asked) == 1
    assert group_answers(["9!!"], "5", equality="math", compare=algebra) == [TIMED_OUT]


def test_plain_numbers_never_reach_the_algebra() -> None:
    algebra = Algebra()
    answers = [str(number) for number in range(2000)] + [f"{number}/7" for number in range(2000)]
    classes = group_answers(answers, "5", equality="math", compare=algebra)
    assert algebra.asked == []
    assert len(set(classes)) == 2000 + 2000 - 286


def test_roundings_and_percentages_do_reach_it() -> None:
    algebra = Algebra((r"\frac{1}{3}", "0.333333"), ("0.25", r"25\%"))
    assert group_answers(["0.333333"], r"\frac{1}{3}", equality="math", compare=algebra) == [0]
    assert group_answers(["4", r"25\%"], "0.25", equality="math", compare=algebra) == [1, 0]
    assert len(algebra.asked) == 2


def test_one_answer_costs_a_bounded_number_of_comparisons() -> None:
    algebra = Algebra()
    answers = [rf"\sin({number})" for number in range(200)]
    classes = group_answers(answers, "5", equality="math", compare=algebra)
    assert classes == list(range(1, 201))
    assert len(set(algebra.asked)) == len(algebra.asked)
    last = [pair for pair in algebra.asked if pair[1] == r"\sin(199)"]
    assert len(last) == MOST_ASKED and last[0] == ("5", r"\sin(199)")


def test_a_huge_answer_is_a_class_of_its_own() -> None:
    algebra = Algebra()
    huge = r"\frac{" * 30_000
    assert group_answers([huge, "5", huge], "5", equality="math", compare=algebra) == [1, 0, 1]
    assert algebra.asked == []


def test_a_grade_tells_strict_from_lenient() -> None:
    text = r"<think>\boxed{1}</think> first \boxed{4}, no: \boxed{5}"
    marked, unmarked, empty = grades([text, "The answer is 5.", ""], "5")
    assert marked.answer == marked.strict_answer == "5"
    assert marked.verdict == marked.strict_verdict == "correct"
    assert marked.boxed == (("4", text.index("4}") + 2, 1), ("5", len(text), 0))
    assert unmarked.answer == "5" and unmarked.strict_answer is None
    assert unmarked.verdict == "correct" and unmarked.strict_verdict == "unanswered"
    assert (unmarked.answer_class, unmarked.strict_class, unmarked.boxed) == (0, -1, ())
    assert empty.verdict == "unanswered" and empty.answer is None and empty.answer_class == -1


def test_a_cut_sample_answers_only_what_it_boxed() -> None:
    texts = ["so far 5", r"\boxed{5} and on", "#### 5", "#### 5\nbut"]
    cut = grades(texts, "5", reasons=["length"] * 4)
    assert [grade.verdict for grade in cut] == ["unanswered", "correct", "unanswered", "correct"]
    whole = grades(texts, "5")
    assert {grade.verdict for grade in whole} == {"correct"}


def test_a_failed_sample_is_unanswered() -> None:
    assert grades([""], "5", reasons=[None])[0].verdict == "unanswered"


@pytest.mark.parametrize("gold", ["B", "(B)", "b", r"\text{(B)}"])
def test_letters_are_letters_however_they_are_marked(gold: str) -> None:
    texts = [r"\boxed{B}", r"\boxed{\text{(B)}}", r"\boxed{B. 42}", "The answer is (B).", "B", "C"]
    graded = grades(texts, gold, style="letter")
    assert [grade.answer_class for grade in graded] == [0, 0, 0, 0, 0, 1]
    assert graded[2].strict_answer == "B"


spellings = st.sampled_from(
    ["1/2", "0.5", r"\frac12", "50", r"50\%", "x+1", "1+x", "x = 5", "5", "(1,2)", "A", "", None]
)


@given(st.lists(spellings, max_size=12), st.integers())
def test_classes_do_not_depend_on_the_order_of_samples(
    answers: list[str | None], seed: int
) -> None:
    """Without the algebra's asymmetry the partition is one of the set of answers."""
    shuffled = answers[:]
    random.Random(seed).shuffle(shuffled)
    algebra = Algebra()
    first = dict(
        zip(answers, group_answers(answers, "5", equality="math", compare=algebra), strict=True)
    )
    second = dict(
        zip(shuffled, group_answers(shuffled, "5", equality="math", compare=algebra), strict=True)
    )
    for a in answers:
        assert (first[a] == 0) == (second[a] == 0) and (first[a] == -1) == (second[a] == -1)
        for b in answers:
            assert (first[a] == first[b]) == (second[a] == second[b])


def test_verdicts_of_classes() -> None:
    assert [verdict_of(group) for group in (0, 1, -1, TIMED_OUT)] == [
        "correct",
        "wrong",
        "unanswered",
        "timeout",
    ]
