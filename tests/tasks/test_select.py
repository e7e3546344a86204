"""Choosing questions: a larger choice always holds the smaller one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import TaskError
from scaling_cli.tasks.select import select
from scaling_cli.types import Question


def make(count: int, levels: int = 5) -> list[Question]:
    return [
        Question(f"t/test/{i:012x}", "t", f"q{i}", "1", str(i % levels + 1), None, i, f"a/{i}")
        for i in range(count)
    ]


@settings(max_examples=60)
@given(st.integers(2, 60), st.integers(0, 99), st.sampled_from([None, "level"]), st.data())
def test_a_subset_is_a_prefix_of_a_larger_one(
    size: int, seed: int, by: str | None, data: st.DataObject
) -> None:
    questions = make(size)
    count = data.draw(st.integers(1, size - 1))
    fewer = select(questions, {"count": count, "seed": seed, "by": by})
    more = select(questions, {"count": count + 1, "seed": seed, "by": by})
    assert more[:count] == fewer
    assert len({q.id for q in more}) == count + 1


@given(st.integers(1, 50), st.integers(0, 9))
def test_by_level_spreads_evenly(count: int, seed: int) -> None:
    chosen = select(make(50), {"count": count, "seed": seed, "by": "level"})
    sizes = Counter(q.level for q in chosen)
    assert max(sizes.values()) - min(sizes.get(str(n), 0) for n in range(1, 6)) <= 1


def test_a_level_with_few_questions_gives_what_it_has() -> None:
    questions = [q for q in make(50) if q.level != "1" or q.source_index == 0]
    chosen = select(questions, {"count": 21, "by": "level"})
    assert Counter(q.level for q in chosen) == {"1": 1, "2": 5, "3": 5, "4": 5, "5": 5}


def test_another_seed_is_another_subset_and_order_of_source_is_no_matter() -> None:
    questions = make(50)
    assert select(questions, {"count": 9, "seed": 0}) != select(questions, {"count": 9, "seed": 1})
    assert select(questions[::-1], {"count": 9}) == select(questions, {"count": 9})


def test_all_the_first_and_those_listed() -> None:
    questions = make(9)
    assert select(questions, None) == questions
    assert select(questions, 3) == questions[:3]
    listed = select(questions, [4, questions[2].id, 4])
    assert [q.source_index for q in listed] == [4, 2]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (0, "0 questions asked of a task of 9"),
        (10, "10 questions asked of a task of 9"),
        ([99], "no question 99"),
        ([True], "no question True"),
        ([[1]], r"no question \[1\]"),
        (["t/test/nope"], "no question t/test/nope"),
        ({"seed": 1}, "no count"),
        ({"count": 3, "sede": 1}, "`sede`"),
        ({"count": 3, "by": "answer"}, "spread by answer"),
        ({"count": 3, "by": "subject"}, "have no subject"),
        ({"count": 10}, "10 questions asked"),
    ],
)
def test_choices_that_cannot_be(choice: Any, said: str) -> None:
    with pytest.raises(TaskError, match=said):
        select(make(9), choice)
