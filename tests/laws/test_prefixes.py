"""Known prefixes against a set of every prefix that was ever computed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.laws.prefixes import known_prefixes

CALLS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 2), min_size=1, max_size=6),
        st.lists(st.integers(0, 2), min_size=1, max_size=4),
    ),
    max_size=8,
)


@given(CALLS)
def test_every_distinct_prefix_is_paid_for_once(calls: list[tuple[list[int], list[int]]]) -> None:
    known = known_prefixes([p for p, _ in calls], [n for _, n in calls])
    computed: set[tuple[int, ...]] = set()
    for (prompt, new), found in zip(calls, known, strict=True):
        ends = range(1, len(prompt) + 1)
        assert found == sum(tuple(prompt[:end]) in computed for end in ends)
        whole = prompt + new[:-1]
        computed |= {tuple(whole[:end]) for end in range(1, len(whole) + 1)}


def test_a_first_child_pays_for_the_last_token_of_its_parent() -> None:
    prompts = [[1, 2], [1, 2, 3, 4], [1, 2, 3, 4]]
    assert known_prefixes(prompts, [[3, 4], [5], [6]]) == [0, 3, 4]
