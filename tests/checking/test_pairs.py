"""What may be compared with what: refused by name, and allowed by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scaling_cli.checking.pairs import ALLOWED, NotComparable, match
from scaling_cli.checking.snapshot import Curves
from tests.checking.made import facts, made, snapshot_of

BASE = made()


@pytest.mark.parametrize(
    ("run", "aspect", "named"),
    [
        (made(facts=facts(weights="x" * 64)), "model", "weights of small · sampling was wwww"),
        (made(facts=facts(tokenizer="u")), "model", "tokenizer"),
        (made(model="other"), "model", "other stands in place of small"),
        (made(facts=facts(prompt="q")), "prompt", "prompt of small · sampling was p, is q"),
        (made(facts=facts(stop=["\n\n"])), "prompt", "stop"),
        (made(facts=facts(task_revision="s")), "task", "task_revision"),
        (made(facts=facts(temperature=0.6)), "sampler", "was 0.8, is 0.6"),
        (made(facts=facts(max_tokens=128)), "sampler", "max_tokens"),
        (made(facts=facts(engine="vllm")), "engine", "was fake, is vllm"),
        (made(facts=facts(equality="string")), "grading", "equality"),
        (made(facts=facts(verifier="prm")), "verifier", "verifier of small · sampling was none"),
        (made(facts=facts(other=1)), "strategy", "other of small · sampling was none, is 1"),
        (made(questions=43), "questions", "3 only in the run (sums/test/000000000028"),
        (made(questions=38), "questions", "2 only in the baseline"),
        (made(ks=(1, 2), accuracy={n: t[:, :2] for n, t in BASE.accuracy.items()},
              costs={n: t[:, :2] for n, t in BASE.costs.items()}), "samples", "k = 4 of small"),
        (made(accuracy={"first": BASE.accuracy["first"]}), "missing", "lacks majority of small"),
    ],
)  # fmt: skip
def test_each_difference_is_refused_until_it_is_allowed(
    run: Curves, aspect: str, named: str
) -> None:
    with pytest.raises(NotComparable) as caught:
        match(snapshot_of(run), snapshot_of(BASE))
    assert f"{aspect}: " in caught.value.message and named in caught.value.message
    assert f"--allow {aspect}" in caught.value.hint
    others = [one for one in ALLOWED if one != aspect]
    with pytest.raises(NotComparable):
        match(snapshot_of(run), snapshot_of(BASE), allowed=others)
    pairs, notes = match(snapshot_of(run), snapshot_of(BASE), allowed=[aspect])
    assert len(pairs) == 1 and notes[0].startswith(f"allowed to differ: {aspect}: ")
    (pair,) = pairs
    assert pair.baseline.question_ids == pair.run.question_ids
    assert pair.baseline.ks == pair.run.ks
    for side in (pair.baseline, pair.run):
        shape = (len(side.question_ids), len(side.ks))
        assert {table.shape for table in side.costs.values()} == {shape}
        widths = {"first": 1, "majority": len(side.ks)}
        for name in pair.names:
            assert side.accuracy[name].shape == (shape[0], widths[name])


def test_all_that_differs_is_named_at_once() -> None:
    run = made(questions=30, facts=facts(prompt="q", weights="x", top_p=0.9))
    with pytest.raises(NotComparable) as caught:
        match(snapshot_of(run), snapshot_of(BASE), edited=True)
    hint = caught.value.hint
    for aspect in ("model", "prompt", "sampler", "questions", "edited"):
        assert f"{aspect}: " in caught.value.message and f"--allow {aspect}" in hint
    allowed = ("model", "prompt", "sampler", "questions", "edited")
    pairs, notes = match(snapshot_of(run), snapshot_of(BASE), allowed=allowed, edited=True)
    assert len(pairs[0].run.question_ids) == 30 and len(notes) == 5


def test_questions_are_paired_by_id_not_by_place() -> None:
    backwards = made(
        question_ids=BASE.question_ids[::-1],
        accuracy={name: table[::-1] for name, table in BASE.accuracy.items()},
        costs={name: table[::-1] for name, table in BASE.costs.items()},
    )
    ((pair,), _) = match(snapshot_of(backwards), snapshot_of(BASE))
    assert (pair.run.accuracy["majority"] == pair.baseline.accuracy["majority"]).all()


def test_cells_of_one_name_are_matched_by_sampler_and_place_of_seed() -> None:
    def seeded(*seeds: int) -> list[Curves]:
        return [
            replace(made(facts=facts(temperature=heat)), seed=seed)
            for heat in (1.0, 0.6)
            for seed in seeds
        ]

    pairs, _ = match(snapshot_of(*seeded(11, 10)), snapshot_of(*seeded(1, 2)))
    assert len(pairs) == 4
    for pair in pairs:
        assert pair.run.facts == pair.baseline.facts
        assert pair.run.seed == pair.baseline.seed + 9
    with pytest.raises(NotComparable, match="missing"):
        match(snapshot_of(*seeded(1)), snapshot_of(*seeded(1, 2)))


def test_a_task_a_limit_or_parameters_of_its_own_stand_apart() -> None:
    variants = [BASE, made(limit=16), made(task="other"), made(params='{"width": 4}')]
    pairs, _ = match(snapshot_of(*variants[::-1]), snapshot_of(*variants))
    assert len(pairs) == 4
    for pair in pairs:
        for name in ("limit", "task", "params"):
            assert getattr(pair.run, name) == getattr(pair.baseline, name)


def test_too_few_questions_and_nothing_in_common() -> None:
    with pytest.raises(NotComparable, match="is compared on 4 questions"):
        match(snapshot_of(made(questions=4)), snapshot_of(BASE), allowed=["questions"])
    with pytest.raises(NotComparable, match="holds nothing of what"):
        match(snapshot_of(made(task="other")), snapshot_of(BASE), allowed=ALLOWED)


def test_hostile_names_are_spelled_out() -> None:
    run = made(model="\x1b[31mevil\n", task="sums")
    with pytest.raises(NotComparable) as caught:
        match(snapshot_of(run, run="\x07run"), snapshot_of(BASE))
    assert caught.value.message.isprintable() and r"\x1b[31mevil\x0a" in caught.value.message
