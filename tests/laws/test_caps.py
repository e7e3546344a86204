from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.caps import at_cap, cap_grid, flatten, k_grid
from scaling_cli.types import SampleBank


def example() -> SampleBank:
    return SampleBank(
        question_ids=("a", "b"),
        answer_class=np.array([[0, 2, -1], [1, 0, -9]]),
        tokens=np.array([[100, 40, 512], [10, 300, 0]]),
        reward=np.array([[0.1, 0.2, np.nan], [0.4, 0.5, np.nan]]),
        truncated=np.array([[False, False, True], [False, False, False]]),
        samples=np.array([3, 2]),
        prompt_tokens=None,
    )


BOXED_CLASS = np.array([[[1, 0], [2, 0], [3, 0]], [[1, 0], [0, 4], [0, 0]]])
BOXED_END = np.array([[[30, 90], [38, -1], [-1, -1]], [[9, -1], [250, 60], [-1, -1]]])


@pytest.mark.parametrize(
    ("cap", "classes", "tokens"),
    [
        (16, [[-1, -1, -1], [1, -1, -9]], [[16, 16, 16], [10, 16, 0]]),
        (39, [[1, 2, -1], [1, -1, -9]], [[39, 39, 39], [10, 39, 0]]),
        (64, [[1, 2, -1], [1, 4, -9]], [[64, 40, 64], [10, 64, 0]]),
        (90, [[0, 2, -1], [1, 4, -9]], [[90, 40, 90], [10, 90, 0]]),
        (256, [[0, 2, -1], [1, 4, -9]], [[100, 40, 256], [10, 256, 0]]),
        (512, [[0, 2, -1], [1, 0, -9]], [[100, 40, 512], [10, 300, 0]]),
    ],
)
def test_the_last_complete_answer_inside_the_cap_counts(
    cap: int, classes: list[list[int]], tokens: list[list[int]]
) -> None:
    capped = at_cap(example(), flatten(BOXED_CLASS, BOXED_END), cap)
    np.testing.assert_array_equal(capped.answer_class, classes)
    np.testing.assert_array_equal(capped.tokens, tokens)
    np.testing.assert_array_equal(
        capped.truncated,
        example().truncated | ((example().tokens > cap) & (BOXED_END != -2).any(2)),
    )


def test_the_bank_itself_is_left_alone() -> None:
    before = example()
    at_cap(before, flatten(BOXED_CLASS, BOXED_END), 16)
    np.testing.assert_array_equal(before.answer_class, example().answer_class)


def test_a_score_of_another_answer_is_dropped() -> None:
    capped = at_cap(example(), flatten(BOXED_CLASS, BOXED_END), 64)
    np.testing.assert_array_equal(
        np.isnan(capped.reward), [[True, False, True], [False, True, True]]
    )


def test_without_positions_the_strict_rule_holds() -> None:
    unknown = flatten(BOXED_CLASS, np.full(BOXED_END.shape, -1))
    assert len(unknown.question) == 0
    capped = at_cap(example(), unknown, 64)
    np.testing.assert_array_equal(capped.answer_class, [[-1, 2, -1], [1, -1, -9]])


def test_unknown_lengths_and_empty_caps_are_refused() -> None:
    bank, events = example(), flatten(BOXED_CLASS, BOXED_END)
    with pytest.raises(LawError, match="at least 1"):
        at_cap(bank, events, 0)
    bank.tokens[0, 0] = -1
    with pytest.raises(LawError, match="no token count"):
        at_cap(bank, events, 64)


@given(st.integers(0, 20_000))
def test_grid_of_k(n: int) -> None:
    ks = k_grid(n)
    assert ks[:64] == list(range(1, min(n, 64) + 1))
    assert ks == sorted(set(ks))
    assert len(ks) <= 104
    if n:
        assert ks[-1] == n


def test_grid_of_k_is_even_in_the_logarithm() -> None:
    spaced = np.log(k_grid(10_000)[63:])
    assert len(spaced) == 41
    assert np.diff(spaced).max() < 1.15 * np.diff(spaced).min()


def test_grid_of_caps() -> None:
    assert cap_grid(512) == [16, 32, 64, 128, 256, 512]
    assert cap_grid(600) == [16, 32, 64, 128, 256, 512, 600]
    assert cap_grid(16) == [16]
    assert cap_grid(5) == [5]
