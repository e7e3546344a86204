"""Cells come in the file's order, and a cell's key is a hash of its meaning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.sweep import (
    Cell,
    EngineSpec,
    ModelSpec,
    StrategySpec,
    Sweep,
    TaskSpec,
    cell_key,
    cells,
    count_cells,
    identity,
)
from scaling_cli.types import Sampler, StepRule

SWEEP = Sweep(name="x", models=(ModelSpec("small"), ModelSpec("large")), tasks=(TaskSpec("gsm8k"),))
CELL = Cell(
    model=ModelSpec("small"),
    task=TaskSpec("gsm8k"),
    engine=EngineSpec("vllm"),
    strategy="beam",
    params=(("deep", True), ("width", 4)),
    sampler=Sampler(temperature=0.8, max_tokens=512),
    samples=16,
    seed=0,
)
FACTS: dict[str, Any] = {
    "weights_hash": "w",
    "tokenizer_hash": "t",
    "dtype": "bfloat16",
    "task_revision": "r",
    "prompt_hash": "p",
    "stop": ("\nQuestion:",),
}


def key(cell: Cell, **facts: Any) -> str:
    return cell_key(identity(cell, **{**FACTS, **facts}))


def test_every_model_has_a_greedy_cell_first() -> None:
    found = [(c.model.name, c.greedy, c.samples) for c in cells(SWEEP)]
    assert found == [
        ("small", True, 1),
        ("small", False, 16),
        ("large", True, 1),
        ("large", False, 16),
    ]
    assert not any(c.greedy for c in cells(replace(SWEEP, greedy=False)))


def test_axes_multiply() -> None:
    sweep = replace(
        SWEEP,
        tasks=(TaskSpec("gsm8k"), TaskSpec("math500", max_tokens=64)),
        strategies=(StrategySpec("sampling"), StrategySpec("beam", (("width", (2, 4)),))),
        temperatures=(0.5, 1.0),
        max_tokens=(128, 256),
        seeds=(0, 1),
    )
    found = cells(sweep)
    assert len(found) == len(set(found))
    # Per model: gsm8k at two lengths and math500 at its own; greedy + 3 × 2 × 2 each.
    assert len(found) == 2 * 3 * (1 + 3 * 2 * 2)
    assert count_cells(sweep) >= len(found)
    beams = [c for c in found if c.strategy == "beam" and c.model.name == "small"]
    assert {(c.params, c.sampler.temperature, c.sampler.max_tokens, c.seed) for c in beams} == {
        ((("width", width),), temperature, length, seed)
        for width in (2, 4)
        for temperature in (0.5, 1.0)
        for length in (64, 128, 256)
        for seed in (0, 1)
    }


def test_a_model_overrides_the_sweep() -> None:
    own = ModelSpec("own", samples=8, temperature=0.3, max_tokens=99, engine=EngineSpec("fake"))
    greedy, sampled = cells(replace(SWEEP, models=(own,), tasks=(TaskSpec("t", max_tokens=7),)))
    assert (sampled.samples, sampled.sampler.temperature, sampled.sampler.max_tokens) == (
        8,
        0.3,
        99,
    )
    assert greedy.samples == 1 and greedy.engine == sampled.engine == EngineSpec("fake")


def test_steps_end_by_the_models_rule_else_the_tasks_else_the_sweeps() -> None:
    lines, short, few = (StepRule("newline", ("\n",), n) for n in (9, 8, 7))
    sweep = replace(
        SWEEP,
        models=(ModelSpec("own", step=lines), ModelSpec("plain")),
        tasks=(TaskSpec("t", step=short), TaskSpec("u")),
        strategies=(StrategySpec("sampling"), StrategySpec("beam")),
        step=few,
    )
    found = {(c.model.name, c.task.name): c.step for c in cells(sweep) if c.searches}
    assert found == {
        ("own", "t"): lines,
        ("own", "u"): lines,
        ("plain", "t"): short,
        ("plain", "u"): few,
    }
    # A bank has no steps: it stays the same cell.
    (bank,) = (c for c in cells(SWEEP) if c.model.name == "small" and not c.greedy)
    assert key(bank) == key(replace(bank, model=replace(bank.model, step=lines)))


def test_temperature_zero_is_the_greedy_cell_but_for_a_search() -> None:
    both = (StrategySpec("sampling"), StrategySpec("beam"))
    found = cells(replace(SWEEP, models=SWEEP.models[:1], strategies=both, temperatures=(0.0,)))
    assert [(c.strategy, c.samples) for c in found] == [("sampling", 1), ("beam", 1)]
    assert [c.searches for c in found] == [False, True]


def test_truncation_is_not_part_of_a_greedy_cell() -> None:
    cut = replace(SWEEP, top_p=0.9, top_k=5, min_p=0.1, repetition_penalty=1.2)
    greedy, sampled = cells(cut)[:2]
    assert key(greedy) == key(cells(replace(SWEEP, repetition_penalty=1.2))[0])
    assert (sampled.sampler.top_p, sampled.sampler.top_k, sampled.sampler.min_p) == (0.9, 5, 0.1)


def test_a_key_once_given_never_changes() -> None:
    """Banks on disk are found by it: a change here orphans every one of them."""
    plain = replace(CELL, strategy="sampling", params=())
    assert key(plain, stop=()) == "f05e633d305d02b7"
    assert key(CELL) == "1f145868d3138306"


@pytest.mark.parametrize("field", sorted(identity(CELL, **FACTS)))
def test_every_field_of_the_identity_counts(field: str) -> None:
    described = identity(CELL, **FACTS)
    value = described[field]
    other: Any = value + 1 if isinstance(value, int | float) else f"{value}x"
    assert cell_key({**described, field: other}) != cell_key(described)


SETTINGS: dict[str, Any] = {
    "temperature": 0.7,
    "max_tokens": 513,
    "top_p": 0.9,
    "top_k": 5,
    "min_p": 0.1,
    "repetition_penalty": 1.1,
}
OTHER_CELLS = {
    "engine": replace(CELL, engine=EngineSpec("fake")),
    "task": replace(CELL, task=TaskSpec("math500")),
    "strategy": replace(CELL, strategy="rebase"),
    "param": replace(CELL, params=(("deep", True), ("width", 8))),
    "seed": replace(CELL, seed=1),
    **{
        name: replace(CELL, sampler=replace(CELL.sampler, **{name: value}))
        for name, value in SETTINGS.items()
    },
}


@pytest.mark.parametrize("name", OTHER_CELLS)
def test_another_meaning_is_another_cell(name: str) -> None:
    assert key(OTHER_CELLS[name]) != key(CELL)


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_another_fact_is_another_cell(fact: str) -> None:
    assert key(CELL, **{fact: ("x",) if fact == "stop" else "other"}) != key(CELL)


@given(
    samples=st.integers(1, 10**6),
    questions=st.none() | st.integers(1, 500) | st.tuples(st.text(max_size=5)),
    path=st.none() | st.just(Path("elsewhere/model.gguf")),
    own_samples=st.none() | st.integers(1, 99),
)
def test_how_much_is_wanted_is_not_part_of_the_key(
    samples: int, questions: Any, path: Path | None, own_samples: int | None
) -> None:
    more = replace(
        CELL,
        samples=samples,
        task=replace(CELL.task, questions=questions),
        model=replace(CELL.model, path=path, samples=own_samples),
    )
    assert key(more) == key(CELL)


@given(
    ks=st.none() | st.tuples(st.integers(1, 64)),
    caps=st.none() | st.tuples(st.integers(1, 64)),
    selectors=st.sampled_from([("first",), ("majority", "best")]),
    samples=st.integers(1, 999),
    name=st.text("ab", min_size=1),
    extraction=st.sampled_from(["lenient", "strict"]),
)
def test_what_only_selects_leaves_every_key(
    ks: Any, caps: Any, selectors: Any, samples: int, name: str, extraction: str
) -> None:
    other = replace(
        SWEEP,
        ks=ks,
        caps=caps,
        selectors=selectors,
        samples=samples,
        name=name,
        extraction=extraction,
    )
    assert [key(c) for c in cells(other)] == [key(c) for c in cells(SWEEP)]


@given(st.permutations(sorted(identity(CELL, **FACTS).items())))
def test_the_key_does_not_depend_on_the_order_of_fields(pairs: list[tuple[str, Any]]) -> None:
    described = dict(pairs)
    described["params"] = dict(reversed(described["params"].items()))
    assert cell_key(described) == key(CELL)


def test_a_task_from_a_file_is_known_by_its_name_not_its_place() -> None:
    here = replace(CELL, task=TaskSpec("a/my.jsonl", data=Path("/a/my.jsonl")))
    there = replace(CELL, task=TaskSpec("my.jsonl", data=Path("b/my.jsonl")))
    assert key(here) == key(there)
    assert "/" not in str(identity(here, **FACTS)["task"])


def test_not_a_number_has_no_key() -> None:
    with pytest.raises(ValueError, match="JSON"):
        cell_key({"temperature": float("nan")})
