"""Prices of calls and banks: by hand, by a tree of token ids, and what is never guessed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.cost import (
    Calls,
    CostModel,
    MachinePrice,
    TokenPrices,
    bank_cost,
    call_costs,
)
from scaling_cli.laws.prefixes import known_prefixes
from scaling_cli.types import Architecture

TINY = Architecture(
    family="tiny", layers=1, width=4, heads=2, kv_heads=1, head_dim=2, mlp_width=8, vocabulary=10
)
MODEL = CostModel(TINY)


def test_the_worked_example_of_the_docs() -> None:
    assert MODEL.per_token == 288
    assert MODEL.prefill(3) == 960
    assert MODEL.decode(2, context=3) == 512
    cost = bank_cost(MODEL, np.array([3]), np.array([[2] * 5]), np.array([5]), [5])
    assert cost["flops"][0, 0] == 3520
    assert cost["flops_uncached"][0, 0] == 5 * (960 + 512)
    assert cost["tokens"][0, 0] == 10


def test_the_tree_of_the_docs() -> None:
    known = known_prefixes([[1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]], [[4, 5], [6], [7]])
    assert known == [0, 4, 5]
    prompt, new = np.array([3, 5, 5]), np.array([2, 1, 1])
    cost = call_costs(MODEL, Calls(prompt, new, np.array([0, 0, 4]), known))
    assert cost["flops"].tolist() == [1472, 448, 80]
    assert cost["flops_uncached"].tolist() == [1472, 1760, 1760]
    assert cost["flops_engine"].tolist() == [1472, 1760, 448]


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[list[int], list[int]]]:
    """Calls as (prompt ids, new ids), each continuing one before it; every sampled id unique."""
    fresh = iter(range(100, 10_000))
    calls: list[tuple[list[int], list[int]]] = []
    for index in range(draw(st.integers(1, 8))):
        parent = draw(st.integers(-1, index - 1))
        start = [1, 2, 3] if parent < 0 else calls[parent][0] + calls[parent][1]
        # What a strategy writes after its parent: nothing, or one of two texts.
        added = draw(st.sampled_from([[], [11], [12, 13]])) if parent >= 0 else []
        calls.append((start + added, [next(fresh) for _ in range(draw(st.integers(0, 4)))]))
    return calls


@given(trees(), st.integers(0, 6))
@settings(max_examples=200, deadline=None)
def test_every_distinct_prefix_is_computed_once(
    calls: list[tuple[list[int], list[int]]], window: int
) -> None:
    model = CostModel(replace(TINY, windows=(window,)))
    done: set[tuple[int, ...]] = set()
    expected = 0.0
    for prompt, sampled in calls:
        text = prompt + sampled[:-1]
        for end in range(1, len(text) + 1):
            if tuple(text[:end]) not in done:
                done.add(tuple(text[:end]))
                expected += float(model.body(end - 1, end))
        expected += len(sampled) * model.head
    known = known_prefixes([prompt for prompt, _ in calls], [sampled for _, sampled in calls])
    prompts, new = (np.array([len(call[place]) for call in calls]) for place in (0, 1))
    cost = call_costs(model, Calls(prompts, new, known_tokens=known))
    assert cost["flops"].sum() == pytest.approx(expected, rel=1e-12)
    assert (cost["flops"] <= cost["flops_uncached"]).all()


def test_a_bank_is_the_tree_of_its_calls() -> None:
    new = np.array([4, 2, 7])
    sampled = [list(range(100 * n, 100 * n + count)) for n, count in enumerate(new, 1)]
    known = known_prefixes([list(range(9))] * 3, sampled)
    calls = call_costs(MODEL, Calls(np.full(3, 9), new, known_tokens=known))
    bank = bank_cost(MODEL, np.array([9]), new[None], np.array([3]), [3])
    for axis in ("flops", "flops_uncached", "tokens"):
        assert bank[axis][0, 0] == pytest.approx(calls[axis].sum())


def test_a_bank_costs_one_prompt_and_the_mean_decode() -> None:
    tokens, samples = np.array([[2, 4], [6, 0]]), np.array([2, 1])
    cost = bank_cost(MODEL, np.array([3, 3]), tokens, samples, [1, 2])
    mean = (float(MODEL.decode(2, context=3)) + float(MODEL.decode(4, context=3))) / 2
    assert cost["flops"][0] == pytest.approx([960 + mean, 960 + 2 * mean])
    assert cost["flops"][1, 0] == pytest.approx(960 + float(MODEL.decode(6, context=3)))


def test_a_capped_bank_costs_what_was_drawn_inside_the_cap() -> None:
    prompt, samples = np.array([3]), np.array([3])
    seconds = np.array([[1.0, 2.0, 3.0]])
    capped = bank_cost(
        MODEL, prompt, np.array([[2, 9, 5]]), samples, [1, 3], cap=4, seconds=seconds
    )
    drawn = bank_cost(MODEL, prompt, np.array([[2, 4, 4]]), samples, [1, 3])
    for axis in ("tokens", "flops", "flops_uncached"):
        assert capped[axis].tolist() == drawn[axis].tolist()
    assert np.isnan(capped["seconds"]).all()


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=6),
    st.integers(1, 6),
    st.integers(0, 40),
)
def test_a_cap_or_a_smaller_k_never_costs_more(tokens: list[int], k: int, cap: int) -> None:
    rows, samples, prompt = np.array([tokens]), np.array([len(tokens)]), np.array([5])
    whole = bank_cost(MODEL, prompt, rows, samples, [k, k + 1])
    capped = bank_cost(MODEL, prompt, rows, samples, [k, k + 1], cap=cap)
    for axis in ("flops", "flops_uncached", "tokens"):
        assert (whole[axis][:, 0] <= whole[axis][:, 1]).all()
        assert (capped[axis] <= whole[axis] + 1e-9).all()


def test_the_engines_cache_lies_between_none_and_all() -> None:
    cached = np.array([[0.0, 2.0]])
    cost = bank_cost(
        MODEL, np.array([3]), np.array([[2, 2]]), np.array([2]), [2], cached_tokens=cached
    )
    left = float(MODEL.prefill(3)) + float(MODEL.prefill(3, cached=2))
    assert cost["flops_engine"][0, 0] == left + 2 * 512


@pytest.mark.parametrize(
    ("model", "prompt", "tokens", "known"),
    [
        (None, [3], [[2]], {"tokens", "flops_verifier", "verifier_tokens"}),
        (MODEL, None, [[2]], {"tokens", "flops_verifier", "verifier_tokens"}),
        (MODEL, [-1], [[2]], {"tokens", "flops_verifier", "verifier_tokens"}),
        (MODEL, [3], [[-1]], {"flops_verifier", "verifier_tokens"}),
    ],
)
def test_what_is_unknown_is_never_guessed(model, prompt, tokens, known) -> None:  # type: ignore[no-untyped-def]
    prompts = None if prompt is None else np.array(prompt)
    cost = bank_cost(model, prompts, np.array(tokens), np.array([1]), [1])
    assert {axis for axis, values in cost.items() if not np.isnan(values).any()} == known


def test_one_unknown_question_leaves_the_others_known() -> None:
    cost = bank_cost(
        MODEL, np.array([3, -1, 3]), np.array([[2], [2], [0]]), np.array([1, 1, 0]), [1]
    )
    assert np.isnan(cost["flops"][:, 0]).tolist() == [False, True, True]
    assert np.isnan(cost["tokens"][:, 0]).tolist() == [False, False, True]


def test_a_server_that_caches_more_than_the_prompt_is_not_believed() -> None:
    cost = bank_cost(
        MODEL, np.array([3]), np.array([[2]]), np.array([1]), [1], cached_tokens=np.array([[50.0]])
    )
    assert np.isnan(cost["flops_engine"]).all()
    assert cost["flops"][0, 0] == 960 + 512


def test_dollars_and_equivalent_flops_on_request_only() -> None:
    prompt, tokens, samples = np.array([1000]), np.array([[100, 300]]), np.array([2])
    plain = bank_cost(MODEL, prompt, tokens, samples, [1])
    assert not {"dollars", "eflops"} & set(plain)
    asked = bank_cost(
        MODEL, prompt, tokens, samples, [1, 2], intensity=5.0,
        prices=TokenPrices(prompt=2.0, new=10.0),
    )  # fmt: skip
    assert asked["dollars"][0] == pytest.approx([0.004, 0.008])
    traffic = float(MODEL.kv_bytes_read(np.array([100, 300]), context=1000).mean())
    assert asked["eflops"][0, 1] == pytest.approx(
        float(bank_cost(MODEL, prompt, tokens, samples, [2])["flops"][0, 0]) + 2 * 5.0 * traffic
    )


def test_cached_tokens_at_their_own_price() -> None:
    prices = TokenPrices(prompt=2.0, new=10.0, cached=0.5)
    assert prices.dollars(1000, 100, 400) == pytest.approx((600 * 2 + 400 * 0.5 + 1000) / 1e6)
    assert np.isnan(prices.dollars(1000, 100, np.nan))
    assert not np.isnan(TokenPrices(prompt=2.0, new=10.0).dollars(1000, 100, np.nan))


def test_a_rented_machine_is_shared_by_its_calls() -> None:
    rented = MachinePrice(per_hour=4.0, calls_at_once=10)
    assert rented.dollars(90.0) == pytest.approx(0.01)
    tokens, samples, seconds = np.array([[100, 300]]), np.array([2]), np.array([[60.0, 120.0]])
    cost = bank_cost(None, None, tokens, samples, [1, 4], seconds=seconds, prices=rented)
    assert cost["dollars"][0] == pytest.approx([0.01, 0.04])
    cut = bank_cost(None, None, tokens, samples, [1], cap=50, seconds=seconds, prices=rented)
    assert np.isnan(cut["dollars"]).all()


def test_ragged_shapes_are_refused() -> None:
    with pytest.raises(LawError, match="one row a question"):
        bank_cost(MODEL, np.array([3]), np.array([2, 2]), np.array([2]), [1])
