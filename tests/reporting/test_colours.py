"""Models and searches have one number each, whatever chooses their answers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.configurations import Name
from scaling_cli.reporting.colours import number_of, numbers_of

MODELS = ("alpha", "beta")
NAMES: st.SearchStrategy[Name] = st.tuples(
    st.sampled_from(MODELS),
    st.sampled_from(
        ["greedy", "sampling", "beam by judge", "beam by confidence", "rebase by judge"]
    ),
    st.sampled_from(["first", "majority", "best by judge"]),
)


@given(st.lists(NAMES))
def test_one_number_a_model_and_one_a_search(names: list[Name]) -> None:
    numbers = numbers_of(MODELS, names)
    assert sorted(numbers.values()) == list(range(len(numbers)))
    for name in names:
        model, generator, _ = name
        found = number_of(name, numbers)
        if generator in ("greedy", "sampling"):
            assert found == MODELS.index(model)
        else:
            assert found >= len(MODELS)
        assert all((found == number_of(other, numbers)) == _alike(name, other) for other in names)


def _alike(one: Name, other: Name) -> bool:
    banks = ("greedy", "sampling")
    same = one[1] == other[1] or (one[1] in banks and other[1] in banks)
    return one[0] == other[0] and same
