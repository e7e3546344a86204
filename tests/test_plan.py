"""A plan holds exactly what is missing; its rows say what that costs and how it is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import SweepError
from scaling_cli.plan import ASSUMED_SHARE, Price, Todo, Wanted, expect, missing, plan, total
from scaling_cli.sweep import Cell, EngineSpec, ModelSpec, TaskSpec
from scaling_cli.types import Sampler

CELL = Cell(
    model=ModelSpec("small"),
    task=TaskSpec("gsm8k"),
    engine=EngineSpec("fake"),
    strategy="sampling",
    params=(),
    sampler=Sampler(temperature=0.8, max_tokens=100),
    samples=4,
    seed=0,
)
IDS = ("q/a", "q/b")
LARGE = replace(CELL, model=ModelSpec("large", samples=2), samples=2)
GREEDY = replace(CELL, sampler=replace(CELL.sampler, temperature=0.0), samples=1)

samples = st.tuples(st.sampled_from("abcdef"), st.integers(0, 9))


@given(
    ids=st.lists(st.sampled_from("abcdef"), unique=True),
    count=st.integers(0, 8),
    recorded=st.lists(samples),
)
def test_missing_and_recorded_make_the_whole(
    ids: list[str], count: int, recorded: list[tuple[str, int]]
) -> None:
    wanted = {(question, index) for question in ids for index in range(count)}
    found = missing(ids, count, recorded)
    assert len(found) == len(set(found))
    assert set(found) == wanted - set(recorded)
    assert missing(ids, count, set(recorded)) == found
    assert missing(ids, count, {*recorded, *found}) == ()


@given(more=st.integers(0, 5), recorded=st.sets(samples))
def test_more_samples_only_add(more: int, recorded: set[tuple[str, int]]) -> None:
    few, many = missing("abc", 3, recorded), missing("abc", 3 + more, recorded)
    assert set(few) <= set(many)
    assert all(index >= 3 for _, index in set(many) - set(few))


def planned(recorded: dict[str, set[tuple[str, int]]]) -> list[Todo]:
    wanted = [Wanted("g", GREEDY, IDS), Wanted("s", CELL, IDS), Wanted("l", LARGE, IDS)]
    return list(plan(wanted, lambda key: recorded.get(key, set())).todo)


def test_recorded_counts_only_what_is_wanted() -> None:
    held = {("q/a", 0), ("q/a", 9), ("q/other", 0)}
    todo = planned({"s": held})[1]
    assert (todo.samples, todo.recorded, len(todo.missing)) == (8, 1, 7)
    assert todo.missing[0] == ("q/a", 1)


def test_each_engine_starts_once() -> None:
    other_engine = replace(CELL, engine=EngineSpec("fake", (("skill", 0.9),)))
    copy = replace(CELL, model=ModelSpec("small", path=Path("copy.gguf")))
    shorter = replace(CELL, model=ModelSpec("small", max_tokens=50))
    order = [CELL, LARGE, GREEDY, other_engine, copy, shorter]
    wanted = [Wanted(str(number), cell, IDS) for number, cell in enumerate(order)]
    found = [
        (group.model.name, [todo.wanted.key for todo in group.todo])
        for group in plan(wanted, lambda key: ()).groups
    ]
    assert found == [
        ("small", ["0", "2", "5"]),
        ("large", ["1"]),
        ("small", ["3"]),
        ("small", ["4"]),
    ]


def test_a_complete_cell_starts_nothing() -> None:
    whole = {(question, index) for question in IDS for index in range(4)}
    made = plan([Wanted("s", CELL, IDS), Wanted("l", LARGE, IDS)], lambda key: whole)
    assert made.groups == ()
    assert [todo.recorded for todo in made.todo] == [8, 4]


def test_two_cells_of_one_bank_are_refused() -> None:
    with pytest.raises(SweepError, match="small on gsm8k and large on gsm8k are the same"):
        plan([Wanted("s", CELL, IDS), Wanted("s", LARGE, IDS)], lambda key: ())


def test_where_the_expected_tokens_come_from() -> None:
    whole = {(question, 0) for question in IDS}
    wanted = [
        Wanted("g", GREEDY, IDS),
        Wanted("s", CELL, IDS),
        Wanted("short", replace(CELL, sampler=replace(CELL.sampler, max_tokens=20)), IDS),
        Wanted("long", replace(CELL, sampler=replace(CELL.sampler, max_tokens=200)), IDS),
        Wanted("l", LARGE, IDS),
    ]
    made = plan(wanted, lambda key: whole if key == "g" else set())
    rows = {
        row.key: row
        for row in expect(made, {"g": 30.0}, lambda todo, mean: Price(mean * len(todo.missing)))
    }
    assert (rows["g"].basis, rows["g"].missing, rows["g"].tokens, rows["g"].flops) == (
        "recorded", 0, 0.0, 0.0,
    )  # fmt: skip
    assert (rows["s"].basis, rows["s"].tokens_per_sample, rows["s"].tokens) == (
        "similar", 30.0, 240.0,
    )  # fmt: skip
    assert (rows["short"].basis, rows["short"].tokens_per_sample) == ("similar", 20.0)
    # Samples cut at 100 tokens do not tell the length at 200.
    assert (rows["long"].basis, rows["long"].tokens_per_sample) == ("assumed", 200 * ASSUMED_SHARE)
    assert (rows["l"].basis, rows["l"].tokens) == ("assumed", 4 * 100 * ASSUMED_SHARE)
    assert rows["l"].flops == rows["l"].tokens


def test_the_total() -> None:
    made = plan([Wanted("s", CELL, IDS), Wanted("l", LARGE, IDS)], lambda key: {("q/a", 0)})
    known = total(expect(made, {"s": 10.0}, lambda todo, mean: Price(2.0)))
    assert (known.samples, known.recorded, known.missing) == (12, 2, 10)
    assert (known.tokens, known.flops, known.assumed) == (7 * 10.0 + 3 * 50.0, 4.0, 1)
    large = Price(None)
    unknown = total(
        expect(made, {}, lambda todo, mean: large if todo.wanted.key == "l" else Price(2.0))
    )
    assert unknown.flops is None
    assert total([]).flops == 0


def test_a_search_asks_for_so_many_solutions() -> None:
    made = plan(
        [Wanted("s", replace(CELL, samples=1), IDS, solutions=6.0, scores=3.0)], lambda k: ()
    )
    (row,) = expect(made, {"s": 10.0}, lambda todo, mean: Price(5.0, 70.0, 2.0))
    assert (row.missing, row.tokens) == (2, 2 * 6 * 10.0)
    assert (row.flops, row.verifier_tokens, row.flops_verifier) == (5.0, 70.0, 2.0)
