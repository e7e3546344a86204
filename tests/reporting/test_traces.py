"""Calls as a tree: every call once, parents first, nothing guessed."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.reporting.traces import ordered, path_of, tree_data
from tests.reporting.hostile import call

NAME, PARENT, VERIFIER, MODEL, PROMPT, CACHED, NEW, SCORES, CANDIDATE, KEPT = range(10)


def trace(tokens: int, rewards: list[float] | None = None, **changes: Any) -> dict[str, Any]:
    return {"new_tokens": tokens, "rewards": rewards, "error": None} | changes


def by_name(tree: dict[str, Any]) -> dict[str, list[Any]]:
    return {row[NAME]: row for row in tree["calls"]}


CHARGES = [
    call("q", "0", None, new_tokens=10),
    call("q", "1", None, new_tokens=12),
    call("q", "2", "0", new_tokens=5),
    call("q", "10", "0", new_tokens=6),
    call("q", "s0", "0", role="verifier", new_tokens=1),
]


def test_kept_and_pruned_are_told_and_scores_stand_on_their_steps() -> None:
    tree = tree_data(CHARGES, [trace(16, [0.5, 0.9])])
    found = by_name(tree)
    assert list(found) == ["0", "1", "2", "10", "s0"], "2 stands before 10"
    assert found["10"][CANDIDATE] == 0 and found["10"][SCORES] == [0.9]
    assert found["0"][SCORES] == [0.5] and found["0"][KEPT] == 1
    assert not found["1"][KEPT] and not found["2"][KEPT]
    assert tree["told"] and tree["verifier"] == {"calls": 1, "prompt": 40, "new": 1}
    assert tree["calls"][found["10"][PARENT]][NAME] == "0" and found["0"][PARENT] == -1


def test_two_leaves_as_long_are_not_guessed_between() -> None:
    charges = [call("q", "0", None, new_tokens=7), call("q", "1", None, new_tokens=7)]
    tree = tree_data(charges, [trace(7, [0.1])])
    assert not tree["told"] and all(row[CANDIDATE] is None for row in tree["calls"])
    # In a subtree of its own it can be found.
    charges = [call("q", "0/0", None, new_tokens=7), call("q", "1/0", None, new_tokens=7)]
    tree = tree_data(charges, [trace(7, [0.1], tree=1)])
    assert tree["told"] and by_name(tree)["1/0"][CANDIDATE] == 0


def test_a_trace_that_names_its_last_call_is_not_looked_for() -> None:
    charges = [call("q", "0", None, new_tokens=7), call("q", "1", None, new_tokens=7)]
    tree = tree_data(charges, [trace(7, call="q#1"), trace(7, call="0")])
    assert tree["told"] and [row[CANDIDATE] for row in tree["calls"]] == [1, 0]
    assert not tree_data(charges, [trace(7, call="9")])["told"]


def test_scores_that_do_not_fit_the_steps_stand_at_the_end() -> None:
    found = by_name(tree_data(CHARGES, [trace(16, [0.2, 0.4, 0.8])]))
    assert found["10"][SCORES] == [0.2, 0.4, 0.8] and found["0"][SCORES] == []
    found = by_name(tree_data(CHARGES, [trace(16, [None, 0.4])]))
    assert found["10"][SCORES] == [0.4] and found["0"][SCORES] == []


def test_scores_on_record_are_not_mixed_with_those_of_a_trace() -> None:
    """The last step was not scored: the trace's scores are those of the steps before."""
    charges = [CHARGES[0] | {"score": 0.5}, *CHARGES[1:]]
    found = by_name(tree_data(charges, [trace(16, [0.5], call="10")]))
    assert found["0"][SCORES] == [0.5] and found["10"][SCORES] == []


def test_a_search_that_found_nothing_pruned_everything() -> None:
    tree = tree_data(CHARGES, [trace(0)])
    assert tree["told"] and not any(row[KEPT] for row in tree["calls"])


def test_a_score_on_record_beside_its_call_is_shown() -> None:
    found = by_name(tree_data([CHARGES[0], CHARGES[4] | {"score": 0.75, "model": "judge"}], []))
    assert found["s0"][SCORES] == [0.75] and found["s0"][MODEL] == "judge"


def test_what_a_failed_trace_was_is_not_asked() -> None:
    tree = tree_data(CHARGES, [trace(0, error="the engine died")])
    assert tree["told"] and not any(row[KEPT] for row in tree["calls"])


def test_unknown_counts_stay_unknown() -> None:
    charges = [call("q", "0", None, new_tokens=None), call("q", "s0", "0", role="verifier",
               prompt_tokens=None)]  # fmt: skip
    tree = tree_data(charges, [trace(5)])
    assert tree["verifier"]["prompt"] is None and by_name(tree)["0"][NEW] is None
    assert not tree["told"]


@given(
    st.lists(st.integers(-1, 12), min_size=1, max_size=12),
    st.lists(st.integers(0, 60), max_size=4),
)
def test_every_call_stands_once_below_an_earlier_one(parents: list[int], ends: list[int]) -> None:
    """Also where a damaged file names parents that are not there, or go round in a circle."""
    charges = [
        call("q", str(i), None if p < 0 else str(p), new_tokens=i) for i, p in enumerate(parents)
    ]
    calls = ordered(charges)
    assert sorted(int(one.name) for one in calls) == list(range(len(parents)))
    for number, one in enumerate(calls):
        assert one.parent is None or one.parent < number
        assert path_of(calls, number)[-1] == number
    tree = tree_data(charges, [trace(end) for end in ends])
    placed = [row[CANDIDATE] for row in tree["calls"] if row[CANDIDATE] is not None]
    assert len(set(placed)) == len(placed)
    for row in tree["calls"]:
        assert row[KEPT] or row[CANDIDATE] is None
