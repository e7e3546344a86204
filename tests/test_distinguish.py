"""No two cells have the same names in a table."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.distinguish import NAMES, SETTINGS, beside_strategy, telling


def row(**fields: Any) -> dict[str, Any]:
    shared = {"cell": "a", "model": "m", "strategy": "sampling", "temperature": 0.8, "seed": 0}
    return {**shared, **fields}


def test_nothing_is_added_where_names_tell_cells_apart() -> None:
    rows = [row(), row(cell="b", model="n", temperature=1.0), row(k=2), row(k=4)]
    assert telling(rows, ["model", "strategy", "k"]) == []


def test_what_differs_between_cells_of_the_same_names_stands_behind_the_strategy() -> None:
    rows = [row(), row(cell="b", temperature=1.0), row(cell="c", model="n", seed=1)]
    assert beside_strategy(["model", "strategy", "k"], rows) == [
        "model", "strategy", "temperature", "k",
    ]  # fmt: skip


def test_cells_that_no_setting_tells_apart_are_told_by_their_keys() -> None:
    rows = [row(), row(cell="b")]
    assert telling(rows, ["model", "strategy"]) == ["cell"]
    assert telling([*rows, row(cell="c", seed=1)], ["model", "strategy"]) == ["seed", "cell"]


def test_a_setting_that_is_shown_already_is_not_shown_twice() -> None:
    rows = [row(), row(cell="b", temperature=1.0)]
    assert telling(rows, ["model", "strategy", "temperature"]) == []


@given(
    st.lists(
        st.fixed_dictionaries(
            {name: st.integers(0, 1) for name in ("model", "temperature", "seed", "prompt", "k")}
        ),
        max_size=8,
    ),
    st.sets(st.sampled_from(["model", "k", "temperature"])),
)
def test_no_two_cells_are_left_alike(settings: list[dict[str, int]], shown: set[str]) -> None:
    rows = [{**one, "cell": str(number)} for number, one in enumerate(settings)]
    names = [name for name in (*NAMES, *SETTINGS) if name in {*shown, *telling(rows, [*shown])}]
    seen = {tuple(str(one.get(name)) for name in names) for one in rows}
    assert len(seen) == len(rows)
