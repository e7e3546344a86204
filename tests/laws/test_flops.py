"""FLOPs by hand, by a loop over tokens, and their invariants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.flops import CostModel
from scaling_cli.types import Architecture

TINY = Architecture(
    family="tiny", layers=1, width=4, heads=2, kv_heads=1, head_dim=2, mlp_width=8, vocabulary=10
)


def by_loop(model: CostModel, prompt: int, new: int) -> float:
    """Token by token and layer by layer: what the closed form must equal."""
    a = model.architecture

    def body(position: int) -> float:
        seen = [min(position, w) if w else position for w in a.windows or (0,) * a.layers]
        return model.per_token + 4 * a.heads * a.head_dim * sum(seen)

    positions = range(1, prompt + max(new - 1, 0) + 1)
    return sum(map(body, positions)) + new * model.head


@given(
    prompt=st.integers(0, 40), new=st.integers(0, 40),
    windows=st.lists(st.integers(0, 50), min_size=1, max_size=4),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_the_closed_form_is_the_loop(prompt: int, new: int, windows: list[int]) -> None:
    model = CostModel(replace(TINY, layers=len(windows), windows=tuple(windows)))
    closed = float(model.prefill(prompt)) + float(model.decode(new, context=prompt))
    assert closed == pytest.approx(by_loop(model, prompt, new), rel=1e-12)


@given(prompt=st.integers(1, 200), cached=st.integers(0, 200), window=st.integers(0, 60))
def test_a_cached_prefix_saves_exactly_its_cost(prompt: int, cached: int, window: int) -> None:
    cached = min(cached, prompt)
    model = CostModel(replace(TINY, windows=(window,)))
    saved = float(model.prefill(prompt)) - float(model.prefill(prompt, cached=cached))
    assert saved == pytest.approx(float(model.prefill(cached)))


@given(new=st.integers(0, 500), more=st.integers(1, 500), prompt=st.integers(0, 500))
def test_more_tokens_cost_more(new: int, more: int, prompt: int) -> None:
    model = CostModel(TINY)
    assert model.decode(new + more, context=prompt) > model.decode(new, context=prompt)
    assert model.prefill(prompt + more) > model.prefill(prompt)


def test_nothing_sampled_costs_nothing() -> None:
    assert CostModel(TINY).decode(0, context=30) == 0


def test_a_window_as_long_as_the_context_is_none() -> None:
    wide = CostModel(replace(TINY, windows=(64,)))
    assert wide.decode(30, context=30) == CostModel(TINY).decode(30, context=30)
    narrow = CostModel(replace(TINY, windows=(32,)))
    assert narrow.decode(30, context=30) < CostModel(TINY).decode(30, context=30)


def test_a_mixture_with_all_experts_active_is_dense_plus_its_router() -> None:
    dense = CostModel(TINY)
    mixture = CostModel(
        replace(TINY, experts=4, active_experts=4, expert_width=2, sparse=(True,), mlp_width=99)
    )
    assert mixture.per_token - dense.per_token == 2 * TINY.width * 4


def test_a_shared_expert_and_a_plain_mlp() -> None:
    shared = replace(TINY, experts=4, active_experts=1, expert_width=2, sparse=(True,))
    extra = CostModel(replace(shared, shared_expert_width=5)).per_token
    assert extra - CostModel(shared).per_token == 2 * 3 * TINY.width * 5
    plain = CostModel(replace(TINY, gated=False)).per_token
    assert CostModel(TINY).per_token - plain == 2 * TINY.width * TINY.mlp_width


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,)])
def test_arrays_keep_their_shape(shape: tuple[int, ...]) -> None:
    model, count = CostModel(TINY), np.full(shape, 3)
    assert model.prefill(count).shape == shape
    assert model.decode(count, context=7).shape == shape
    assert model.kv_bytes_read(count, context=count).shape == shape
    assert (model.prefill(count) == 960).all()


def test_what_is_unknown_stays_unknown() -> None:
    model = CostModel(TINY)
    assert np.isnan(model.prefill(np.array([np.nan, 3.0]))).tolist() == [True, False]
    assert np.isnan(model.two_nt(7))


def test_2nt_is_the_papers_count() -> None:
    model = CostModel(replace(TINY, parameters=1000, active_parameters=400))
    assert model.two_nt(7) == 2 * 400 * 7


def test_kv_traffic_of_a_mixture_of_windows() -> None:
    model = CostModel(replace(TINY, layers=2, windows=(0, 2)))
    # After 3 tokens one more is read (T = 2): it sees 4 tokens in full and 2 in the window.
    assert model.kv_bytes_read(2, context=3) == 2 * 1 * 2 * 2.0 * (4 + 2)
    assert model.kv_bytes_per_token() == 2 * 2 * 1 * 2 * 2.0
    compute = model.prefill(3) + model.decode(2, context=3)
    assert model.eflops(3, 2, intensity=0.0) == compute
    assert model.eflops(3, 2, intensity=10.0) == compute + 10 * 48


@pytest.mark.parametrize(
    "wrong",
    [
        lambda model: model.prefill(3, cached=4),
        lambda model: model.prefill(np.array([3, -1])),
        lambda model: model.decode(-1, context=3),
        lambda model: model.two_nt(-1),
    ],
)
def test_impossible_counts_are_refused(wrong) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LawError):
        wrong(CostModel(TINY))
