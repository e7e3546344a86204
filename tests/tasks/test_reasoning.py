"""Generated tasks: the same problems in every process and at every size."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from scaling_cli.errors import TaskError
from scaling_cli.tasks import generated_names, is_task_name, load, options_of, reasoning
from scaling_cli.tasks.generate import generate
from scaling_cli.tasks.reasoning import PROBED, load_generated
from scaling_cli.tasks.shots import take_shots
from tests.tasks.test_shots import Choice

pytest.importorskip("reasoning_gym")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Generate in this process: starting another one each time takes seconds."""
    np = pytest.importorskip("numpy")
    before, numpy_before = random.getstate(), np.random.get_state()
    monkeypatch.setattr(reasoning, "_ask", lambda _, order: generate(order))
    yield
    random.setstate(before)
    np.random.set_state(numpy_before)


@pytest.mark.usefixtures("here")
def test_a_problem_is_the_same_at_every_size() -> None:
    small, large = load("gsm_symbolic", size=3), load("gsm_symbolic", size=PROBED + 4)
    assert large.questions[:3] == small.questions
    assert (small.revision, small.style) == (large.revision, "math")
    assert "seed=0" in small.revision and "size" not in small.revision
    assert len({q.id for q in large.questions}) == PROBED + 4
    assert small.solutions[0].endswith(f"#### {small.questions[0].answer}")


@pytest.mark.usefixtures("here")
def test_a_task_that_draws_from_the_global_generator_is_seeded_too() -> None:
    name = "reasoning-gym/list_functions"
    random.seed(1)
    small = load(name, size=9)
    random.seed(2)
    large = load(name, size=20)
    assert large.questions[:9] == small.questions
    assert large.revision == small.revision
    assert {q.text for q in load(name, size=9, seed=1).questions}.isdisjoint(
        q.text for q in small.questions
    )


def test_the_hash_seed_of_the_process_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for seed in "12":
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        seen.append(load("isomorphic_strings", size=2).questions)
    assert seen[0] == seen[1]


def test_a_process_that_dies_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "false")
    with pytest.raises(TaskError, match="could not be generated: no reply"):
        load("gsm_symbolic", size=2)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("size", [2, 9, 10, 33])
def test_a_task_whose_problems_follow_the_size_says_so(size: int) -> None:
    data = load("reasoning-gym/acre", size=size)
    assert data.revision.endswith(f";size={max(size, PROBED)}")
    assert len(data.questions) == size


@pytest.mark.usefixtures("here")
def test_options_and_seed_reach_the_task_and_the_revision() -> None:
    options = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}
    data = load("reasoning-gym/chain_sum", seed=5, size=2, options=options)
    assert all(0 <= abs(int(q.answer)) <= 18 for q in data.questions)
    assert "seed=5" in data.revision
    assert data.revision != load("reasoning-gym/chain_sum", seed=5, size=2).revision


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("reasoning-gym/chain_som", {}, "no task chain_som.*chain_sum"),
        ("reasoning-gym/chain_sum", {"min_tarms": 2}, "refuses its options.*min_tarms"),
        ("reasoning-gym/rubiks_cube", {}, "problem 0 has no gold answer"),
    ],
)
def test_what_cannot_be_asked(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(TaskError, match=said):
        load(name, size=2, options=options)


def reply(*answers: str | None) -> dict[str, Any]:
    shared = {"level": None, "subject": None, "solution": ""}
    problems = [{"text": f"q{i}", "answer": a, **shared} for i, a in enumerate(answers)]
    return {"version": "1", "size_matters": False, "problems": problems}


@pytest.mark.parametrize(
    ("answers", "style"),
    [
        (["1", "-2.5", "1,000", "3/4", "$\\dfrac{1}{-2}$"], "math"),
        (["1", "infeasible"], "text"),
        (["12:30"], "text"),
        (["x**2"], "text"),
        ([*["1"] * PROBED, "word"], "math"),
    ],
)
def test_answers_that_are_not_all_numbers_are_read_as_text(
    monkeypatch: pytest.MonkeyPatch, answers: list[str], style: str
) -> None:
    monkeypatch.setattr(reasoning, "_ask", lambda *_: reply(*answers))
    data = load_generated("x", seed=0, size=len(answers), options={})
    assert data.style == style
    assert [q.answer for q in data.questions] == answers


def test_examples_are_other_problems_of_the_same_generator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def ask(name: str, order: dict[str, Any]) -> dict[str, Any]:
        asked.append((order["seed"], order["options"]))
        return reply(*"123456789")

    monkeypatch.setattr(reasoning, "_ask", ask)
    options = (("max_terms", 2),)
    data = load_generated("gsm_symbolic", seed=0, size=3, options=dict(options))
    taken = take_shots(Choice(name="gsm_symbolic", options=options), data)
    assert [shot.text for shot in taken] == ["q3", "q4", "q5", "q6"]
    assert asked[0][0] != asked[1][0] and asked[0][1] == asked[1][1] == {"max_terms": 2}


def test_bare_names_are_known_and_a_size_of_none_is_refused() -> None:
    assert is_task_name("chain_sum") and is_task_name("gsm_symbolic")
    assert not is_task_name("chain_som") and not is_task_name("../chain_sum")
    with pytest.raises(TaskError, match="a size of 0"):
        load("gsm_symbolic", size=0)


def test_names_and_options_are_told_before_anything_is_generated() -> None:
    names = generated_names()
    assert "reasoning-gym/chain_sum" in names and names == sorted(names)
    assert all(is_task_name(name) for name in names)
    assert not is_task_name("reasoning-gym/nonsense")
    assert options_of("gsm_symbolic") == {"difficulty": 1.0}
    options = options_of("reasoning-gym/chain_sum")
    assert options is not None and {"min_terms", "max_digits"} <= set(options)
    assert not {"seed", "size"} & set(options)
    assert options_of("gsm8k") == options_of("mine.jsonl") == {}
    assert options_of("nonsense") is None
