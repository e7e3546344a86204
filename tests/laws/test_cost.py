"""FLOPs by hand, by a loop over tokens, and their invariants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.cost import CostModel, bank_cost
from scaling_cli.types import Architecture

TINY = Architecture(
    family="tiny", layers=1, width=4, heads=2, kv_heads=1, head_dim=2, mlp_width=8, vocabulary=10
)


def by_loop(model: CostModel, prompt: int, new: int, window: int) -> float:
    """Token by token: what the closed form must equal."""
    a = model.architecture

    def body(position: int) -> float:
        seen = min(position, window) if window else position
        return model.per_token + a.layers * 4 * a.heads * a.head_dim * seen

    positions = range(1, prompt + max(new - 1, 0) + 1)
    return sum(map(body, positions)) + new * model.head


def test_the_worked_example_of_the_docs() -> None:
    model = CostModel(TINY)
    assert model.per_token == 288
    assert model.prefill(3) == 960
    assert model.decode(2, context=3) == 512
    cost = bank_cost(model, np.array([3]), np.array([[2] * 5]), np.array([5]), [5])
    assert cost["flops"][0, 0] == 3520
    assert cost["flops_uncached"][0, 0] == 5 * (960 + 512)
    assert cost["tokens"][0, 0] == 10


@given(
    prompt=st.integers(1, 40), new=st.integers(0, 40), window=st.integers(0, 50),
    layers=st.integers(1, 3),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_the_closed_form_is_the_loop(prompt: int, new: int, window: int, layers: int) -> None:
    model = CostModel(replace(TINY, layers=layers, windows=(window,) * layers))
    closed = float(model.prefill(prompt)) + float(model.decode(new, context=prompt))
    assert closed == pytest.approx(by_loop(model, prompt, new, window), rel=1e-12)


@given(prompt=st.integers(1, 200), cached=st.integers(0, 200))
def test_a_cached_prefix_saves_exactly_its_cost(prompt: int, cached: int) -> None:
    cached = min(cached, prompt)
    model = CostModel(TINY)
    saved = float(model.prefill(prompt)) - float(model.prefill(prompt, cached=cached))
    assert saved == pytest.approx(float(model.prefill(cached)))


@given(new=st.integers(0, 500), more=st.integers(1, 500), prompt=st.integers(0, 500))
def test_more_tokens_cost_more(new: int, more: int, prompt: int) -> None:
    model = CostModel(TINY)
    assert model.decode(new + more, context=prompt) > model.decode(new, context=prompt)


def test_a_window_as_long_as_the_context_is_none() -> None:
    wide = CostModel(replace(TINY, windows=(64,)))
    assert wide.decode(30, context=30) == CostModel(TINY).decode(30, context=30)


def test_a_mixture_with_all_experts_active_is_dense_plus_its_router() -> None:
    dense = CostModel(TINY)
    mixture = CostModel(
        replace(TINY, experts=4, active_experts=4, expert_width=2, sparse=(True,), mlp_width=99)
    )
    assert mixture.per_token - dense.per_token == 2 * TINY.width * 4


def test_a_cut_bank_costs_what_was_drawn_inside_the_cap() -> None:
    model = CostModel(TINY)
    cost = bank_cost(model, np.array([3, 3]), np.array([[2, 4], [6, 0]]), np.array([2, 1]), [1, 2])
    mean = (float(model.decode(2, context=3)) + float(model.decode(4, context=3))) / 2
    assert cost["flops"][0] == pytest.approx([960 + mean, 960 + 2 * mean])
    assert cost["flops"][1, 0] == pytest.approx(960 + float(model.decode(6, context=3)))


@pytest.mark.parametrize(
    ("model", "prompt", "tokens", "known"),
    [
        (None, [3], [[2]], {"tokens", "flops_verifier"}),
        (CostModel(TINY), None, [[2]], {"tokens", "flops_verifier"}),
        (CostModel(TINY), [3], [[-1]], {"flops_verifier"}),
    ],
)
def test_what_is_unknown_is_never_guessed(model, prompt, tokens, known) -> None:  # type: ignore[no-untyped-def]
    prompts = None if prompt is None else np.array(prompt)
    cost = bank_cost(model, prompts, np.array(tokens), np.array([1]), [1])
    assert {axis for axis, values in cost.items() if not np.isnan(values).any()} == known


def test_2nt_is_the_papers_count() -> None:
    model = CostModel(replace(TINY, parameters=1000, active_parameters=400))
    assert model.two_nt(7) == 2 * 400 * 7


def test_kv_traffic_of_a_mixture_of_windows() -> None:
    model = CostModel(replace(TINY, layers=2, windows=(0, 2)))
    # After 3 tokens one more is read (T = 2): it sees 4 tokens in full and 2 in the window.
    assert model.kv_bytes_read(2, context=3) == 2 * 1 * 2 * 2.0 * (4 + 2)
    assert model.eflops(3, 2, intensity=0.0) == model.prefill(3) + model.decode(2, context=3)


def test_ragged_shapes_are_refused() -> None:
    with pytest.raises(LawError, match="one row a question"):
        bank_cost(CostModel(TINY), np.array([3]), np.array([2, 2]), np.array([2]), [1])
