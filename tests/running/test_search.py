"""The battery of DESIGN.md on the real session: every strategy, every kind of verifier, one law."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaling_cli.engines.fake import END, OPTIONS, FakeEngine, fake_model
from scaling_cli.errors import EngineError
from scaling_cli.grading import GraderPool
from scaling_cli.laws.cost import CostModel
from scaling_cli.pricing import Pricing
from scaling_cli.running.bench import Bench
from scaling_cli.running.journal import Journal, Record
from scaling_cli.running.prepare import PreparedCell, PreparedVerifier
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import _fill
from scaling_cli.running.search import SearchCell
from scaling_cli.searched import charged, question_costs
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.strategies import STRATEGIES, needs_verifier, parameters
from scaling_cli.sweep import Cell, EngineSpec, ModelSpec, Sweep, TaskSpec, VerifierSpec
from scaling_cli.tasks.prompts import Prompt
from scaling_cli.types import Completion, OnTokens, Question, Request, Sampler, StepRule

SEARCHES = [name for name in STRATEGIES if needs_verifier(name)]
SMALL: Mapping[str, Mapping[str, Any]] = {
    "beam": {"n": 4, "m": 2},
    "lookahead": {"n": 4, "m": 2, "k": 1},
    "dvts": {"n": 4, "m": 2},
    "rebase": {"n": 4},
    "mcts": {"n": 3, "width": 3, "expansions": 6},
    "best_first": {"n": 3, "branching": 2, "expansions": 6},
}
VERIFIERS = {
    "confidence": VerifierSpec("confidence", "confidence", (("measure", "tail"), ("window", 8))),
    "judge": VerifierSpec(
        "judge", "judge", (("prompt", "step"),), ModelSpec("j"), EngineSpec("fake")
    ),
    "oracle": VerifierSpec("oracle", "oracle"),
    "oracle-rollout": VerifierSpec("oracle-rollout", "rollout", (("rollouts", 2),)),
}  # fmt: skip
PLAIN = VerifierSpec("confidence", "confidence")
QUESTIONS = tuple(Question(f"s/test/{i}", "s", f"{i} + 1?", str(i + 1)) for i in range(5))
LAW = {**OPTIONS, "questions": {q.id: q for q in QUESTIONS}, "steps": 3, "mean_tokens": 30}
PROMPT_TOKENS = 20


class Watched(FakeEngine):
    """Counts what it samples, answers late and in any order, and may be killed."""

    def __init__(self, *, dies_after: int = 10**9, **options: Any) -> None:
        super().__init__("m", {**LAW, **options}, 0)
        self.sampled: dict[str, int] = {}
        self._left = dies_after
        self._order = random.Random(dies_after)

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        for _ in range(self._order.randrange(4)):
            await asyncio.sleep(0)
        if self._left <= 0:
            raise KeyboardInterrupt
        self._left -= 1
        assert request.name not in self.sampled, "a recorded call was made again"
        reply = await super().generate(request, on_tokens)
        self.sampled[request.name] = reply.new_tokens or 0
        return reply


def prepared(strategy: str, verifier: str, **params: Any) -> PreparedCell:
    spec = VERIFIERS[verifier]
    values = {**parameters(strategy), **SMALL[strategy], **params}
    cell = Cell(
        ModelSpec("m"), TaskSpec("s"), EngineSpec("fake"), strategy,
        tuple(sorted(values.items())), Sampler(temperature=1.0, max_tokens=200), 1, 0,
        verifier=spec, step=StepRule(max_tokens=64),
    )  # fmt: skip
    model = None if spec.model is None else fake_model("j")
    return PreparedCell(
        cell=cell, key="c" * 16, identity={}, model=fake_model("m"), task_revision="r",
        style="math", equality="math", prompt=Prompt("boxed"), questions=QUESTIONS,
        rendered={q.id: f"{q.text:<9}<assistant>" for q in QUESTIONS},
        verifier=PreparedVerifier(spec, "v" * 16, {}, model),
    )  # fmt: skip


async def _search(
    path: Path,
    cell: PreparedCell,
    engine: Watched,
    in_flight: int,
    judge: Watched,
    progress: Progress,
) -> RunFolder:
    from contextlib import AsyncExitStack

    folder = RunFolder.create(path)
    folder.write_questions(QUESTIONS)
    async with AsyncExitStack() as stack:
        with GraderPool() as grader:
            bench = Bench(stack, folder, grader, progress)
            assert cell.verifier is not None
            if cell.verifier.model is not None and cell.verifier.spec.engine is not None:
                key = (cell.verifier.model.weights_hash, cell.verifier.spec.engine)
                bench.engines[key] = judge
            scoring = await bench.scoring(cell.verifier, cell.style, cell.equality, QUESTIONS)
            search = SearchCell(cell, folder, engine.facts, grader, progress, scoring)
            sweep = Sweep("x", (), (), questions_in_flight=in_flight)
            await _fill([search], engine, sweep, 0)
            await search.publish()
            assert not search.failed()
    return folder


def run(
    path: Path,
    cell: PreparedCell,
    *,
    in_flight: int = 64,
    dies: int = 10**9,
    progress: Progress | None = None,
) -> Any:
    engine, judge = Watched(dies_after=dies), Watched(dies_after=dies)
    try:
        folder = asyncio.run(_search(path, cell, engine, in_flight, judge, progress or Progress()))
    except KeyboardInterrupt:
        folder = RunFolder(path)
    return folder, engine, judge


def rows(folder: RunFolder, kind: str, cell: PreparedCell) -> list[dict[str, Any]]:
    listed = folder.read_part(kind, cell.key).to_pylist()
    return [{k: v for k, v in row.items() if k != "seconds"} for row in listed]


@pytest.mark.parametrize("verifier", list(VERIFIERS))
@pytest.mark.parametrize("strategy", SEARCHES)
def test_the_battery(tmp_path: Path, strategy: str, verifier: str) -> None:
    cell = prepared(strategy, verifier)
    folder, engine, judge = run(tmp_path / "all", cell)
    candidates, charges = rows(folder, "candidates", cell), rows(folder, "charges", cell)

    # Charged is what was sampled, pruned branches and the verifier's calls included.
    sampled = {**engine.sampled, **judge.sampled}
    assert {f"{c['question_id']}#{c['call']}": c["new_tokens"] for c in charges} == sampled
    assert len(charges) == len(sampled)
    assert all(c["new_tokens"] > 0 and c["context"] > 0 for c in charges)
    assert all(0 <= c["known_tokens"] <= c["context"] for c in charges)
    asked = {c["role"] for c in charges}
    assert asked == ({"policy"} if verifier in ("confidence", "oracle") else {"policy", "verifier"})

    # Every trace is a whole one: it ended, or reached the limit, or repeated itself.
    assert {row["question_id"] for row in candidates} == {q.id for q in QUESTIONS}
    assert all(row["error"] is None and row["score_error"] is None for row in candidates)
    assert all(row["rewards"] and None not in row["rewards"] for row in candidates)

    _is_a_whole_tree(candidates, charges, looks_ahead=strategy == "lookahead")

    # One question in flight or all of them: the same tables.
    alone, *_ = run(tmp_path / "one", cell, in_flight=1)
    for kind in ("candidates", "charges"):
        assert rows(alone, kind, cell) == rows(folder, kind, cell)

    # Killed at three moments and run again: the same tables, and no recorded call made twice.
    path, made = tmp_path / "killed", 0
    for dies in (3, 11, 10**9):
        held = set(Journal.peek(RunFolder.create(path).journal_path(cell.key)))
        killed, again, asked_again = run(path, cell, dies=dies)
        assert not held & {*again.sampled, *asked_again.sampled}
        made += len(again.sampled) + len(asked_again.sampled)
    for kind in ("candidates", "charges"):
        assert rows(killed, kind, cell) == rows(folder, kind, cell)
    assert len(sampled) <= made <= len(sampled) + 2 * 64

    # Nothing is left to do, and nothing is done.
    done, idle, _ = run(tmp_path / "all", cell)
    assert not idle.sampled and not done.journal_path(cell.key).exists()


def _is_a_whole_tree(
    candidates: list[dict[str, Any]], charges: list[dict[str, Any]], *, looks_ahead: bool
) -> None:
    """Every trace can be followed back from its last call to the prompt, score by score, every
    step was scored, and a verifier's calls hang below the step that they judge."""
    calls = {(c["question_id"], c["call"]): c for c in charges}
    steps = {name for name, c in calls.items() if c["role"] == "policy"}
    for row in candidates:
        path = [calls[row["question_id"], row["call"]]]
        while path[-1]["parent"] is not None:
            path.append(calls[row["question_id"], path[-1]["parent"]])
        assert sum(call["new_tokens"] for call in path) == row["new_tokens"]
        if not looks_ahead:
            assert [call["score"] for call in reversed(path)] == row["rewards"]
    assert len({(row["question_id"], row["call"]) for row in candidates}) == len(candidates)
    scored = {name for name, c in calls.items() if c["score"] is not None}
    assert scored == steps or (looks_ahead and scored < steps)
    judged = {(c["question_id"], c["parent"]) for c in charges if c["role"] == "verifier"}
    assert judged <= scored


@pytest.mark.parametrize("strategy", SEARCHES)
def test_a_larger_budget_never_costs_less(tmp_path: Path, strategy: str) -> None:
    totals = []
    for n in (2, 4, 8):
        wider = {"mcts": {"n": n, "expansions": n}, "best_first": {"n": n, "expansions": n}}
        params = wider.get(strategy, {"n": n})
        _, engine, _ = run(tmp_path / str(n), prepared(strategy, "oracle", **params))
        totals.append(sum(engine.sampled.values()))
    assert totals == sorted(totals)


def _priced(folder: RunFolder, cell: PreparedCell) -> dict[str, Any]:
    from dataclasses import asdict

    facts = {key: value for key, value in asdict(cell.model.architecture).items()}  # type: ignore[arg-type]
    judge = cell.verifier.model if cell.verifier is not None else None
    verifier = None
    if judge is not None:
        verifier = {"model": judge.name, "architecture": asdict(judge.architecture)}  # type: ignore[arg-type]
    record = CellRecord({}, 0, details={"model": "m", "architecture": facts, "verifier": verifier})
    return question_costs(
        charged(folder, cell.key, record, verifier, Pricing()), [q.id for q in QUESTIONS]
    )


@pytest.mark.parametrize("verifier", list(VERIFIERS))
def test_the_verifier_is_on_the_bill_and_prefixes_are_paid_once(
    tmp_path: Path, verifier: str
) -> None:
    cell = prepared("beam", verifier)
    progress = Progress()
    folder, *_ = run(tmp_path, cell, progress=progress)
    costs = _priced(folder, cell)
    assert progress.cells[cell.key].flops == pytest.approx(float(costs["flops"].sum()))
    assert np.allclose(costs["flops"], costs["flops_policy"] + costs["flops_verifier"])
    assert (costs["flops_policy"] > 0).all() and (costs["flops_uncached"] > costs["flops"]).all()
    charged_to_verifier = verifier in ("judge", "oracle-rollout")
    assert (costs["flops_verifier"] > 0).all() == charged_to_verifier
    assert (costs["verifier_tokens"] > 0).all() == charged_to_verifier


def test_logical_flops_are_those_of_the_tree_of_tokens(tmp_path: Path) -> None:
    """Beside the rows: every distinct prefix once in the body, the head for every sampled token."""
    cell = prepared("rebase", "oracle")
    engine, calls = Watched(), []
    generate = engine.generate

    async def noted(request: Request, on_tokens: OnTokens | None = None) -> Completion:
        reply = await generate(request, on_tokens)
        calls.append((request, reply))
        return reply

    engine.generate = noted  # type: ignore[method-assign]
    folder = asyncio.run(_search(tmp_path, cell, engine, 64, Watched(), Progress()))
    model = CostModel(cell.model.architecture)  # type: ignore[arg-type]
    ours = _priced(folder, cell)["flops"]
    for place, question in enumerate(QUESTIONS):
        own = [(r, c) for r, c in calls if r.question_id == question.id]
        read = {(r.prompt + c.tokens)[:end] for r, c in own for end in range(1, len(r.prompt) + 1)}
        decoded = sum(float(model.decode(c.new_tokens, context=len(r.prompt))) for r, c in own)
        # What was sampled was computed as it was sampled: its prefixes are not read again.
        sampled = {
            (r.prompt + c.tokens)[:end]
            for r, c in own
            for end in range(len(r.prompt) + 1, len(r.prompt) + len(c.tokens))
        }
        bodies = sum(float(model.body(len(p) - 1, len(p))) for p in read - sampled)
        assert ours[place] == pytest.approx(bodies + decoded, rel=1e-9)


def test_with_the_oracle_best_is_the_coverage_of_its_own_candidates(tmp_path: Path) -> None:
    from scaling_cli.laws.selectors import Choice
    from scaling_cli.laws.whole_sets import whole

    cell = prepared("beam", "oracle")
    folder, *_ = run(tmp_path, cell)
    bank, _ = folder.sample_bank(cell.key, score="reward_last")
    best, covered = (whole(bank, name, Choice()) for name in ("best", "coverage"))
    assert best.tolist() == covered.tolist() and 0 < covered.mean() <= 1


def test_a_failed_scoring_is_told_kept_and_tried_again(tmp_path: Path) -> None:
    cell = prepared("beam", "judge")
    judge = Watched()
    generate, broken = judge.generate, True

    async def refuses(request: Request, on_tokens: OnTokens | None = None) -> Completion:
        if broken and request.question_id == QUESTIONS[0].id:
            raise EngineError("the judge is out", "wait")
        return await generate(request, on_tokens)

    judge.generate = refuses  # type: ignore[method-assign]
    engine = Watched()
    with pytest.raises(AssertionError):
        asyncio.run(_search(tmp_path, cell, engine, 64, judge, Progress()))
    folder = RunFolder(tmp_path)
    candidates = rows(folder, "candidates", cell)
    lost = [row for row in candidates if row["question_id"] == QUESTIONS[0].id]
    assert lost and all("the judge is out" in row["score_error"] for row in lost)
    assert all(value is None for row in lost for value in row["rewards"])
    assert all(row["score_error"] is None for row in candidates if row not in lost)

    broken, calls = False, len(engine.sampled)
    again = asyncio.run(_search(tmp_path, cell, engine, 64, judge, Progress()))
    assert all(row["score_error"] is None for row in rows(again, "candidates", cell))
    assert calls > 0 and not folder.journal_path(cell.key).exists()


def test_a_scoring_that_works_at_a_second_try_is_no_failure(tmp_path: Path) -> None:
    cell = prepared("beam", "judge")
    judge, refused = Watched(), set()
    generate = judge.generate

    async def refuses_once(request: Request, on_tokens: OnTokens | None = None) -> Completion:
        judged = request.name.partition("/")[0].partition(".")[0]
        if judged not in refused:
            refused.add(judged)
            raise EngineError("the judge is busy", "wait")
        return await generate(request, on_tokens)

    judge.generate = refuses_once  # type: ignore[method-assign]
    folder = asyncio.run(_search(tmp_path, cell, Watched(), 64, judge, Progress()))
    candidates = rows(folder, "candidates", cell)
    assert refused and all(row["score_error"] is None for row in candidates)
    assert all(row["rewards"] and None not in row["rewards"] for row in candidates)
    assert not folder.journal_path(cell.key).exists()


def test_a_failure_on_record_does_not_outlive_a_scoring_that_works(tmp_path: Path) -> None:
    """Killed after a scoring had failed for good, and run again with a judge that answers."""
    cell = prepared("beam", "judge")
    folder = RunFolder.create(tmp_path)
    journal = Journal(folder.journal_path(cell.key), ticks=False)
    journal.record(Record(f"{QUESTIONS[0].id}#s0", None, "the judge is out", 0, 0))
    journal.close()
    folder = asyncio.run(_search(tmp_path, cell, Watched(), 64, Watched(), Progress()))
    assert all(row["score_error"] is None for row in rows(folder, "candidates", cell))


@pytest.mark.parametrize("strategy", ["beam", "rebase", "dvts", "mcts"])
def test_a_first_step_that_tells_nothing_has_no_score_and_is_no_failure(
    tmp_path: Path, strategy: str
) -> None:
    """As llama.cpp replies to a step of a stop text alone: tokens, and a chance of none."""
    cell = prepared(strategy, "confidence")
    cell = replace(cell, verifier=PreparedVerifier(PLAIN, "v" * 16, {}, None))
    engine = Watched()
    generate = engine.generate

    async def blank(request: Request, on_tokens: OnTokens | None = None) -> Completion:
        reply = await generate(request, on_tokens)
        # Every second first step is blank; of one question all are.
        number = request.name.rpartition("#")[2].rpartition("/")[2]
        first = len(request.prompt) == PROMPT_TOKENS
        if not first or (int(number) % 2 and request.question_id != QUESTIONS[0].id):
            return reply
        engine.sampled[request.name] = 2
        nothing = (math.nan, math.nan)
        return replace(reply, text="", tokens=tuple(b"\n\n"), new_tokens=2, logprobs=nothing,
                       finish_reason="stop", stopped_by="\n\n")  # fmt: skip

    engine.generate = blank  # type: ignore[method-assign]
    folder = asyncio.run(_search(tmp_path, cell, engine, 64, Watched(), Progress()))
    candidates, charges = rows(folder, "candidates", cell), rows(folder, "charges", cell)
    assert all(row["error"] is None and row["score_error"] is None for row in candidates)
    calls = {(row["question_id"], row["call"]): row for row in charges}
    bare = [c for c in charges if c["parent"] is None and c["new_tokens"] == 2]
    assert bare and all(c["score"] is None for c in bare)
    assert all(c["score"] is not None for c in charges if c not in bare)
    # Led by what has a score wherever there is some; and where there is none, it goes on.
    for row in candidates:
        root = calls[row["question_id"], row["call"]]
        while root["parent"] is not None:
            root = calls[row["question_id"], root["parent"]]
        blind = row["question_id"] == QUESTIONS[0].id
        assert (root in bare) == blind or strategy in ("dvts", "mcts")
        assert (row["rewards"][0] is None) == (root in bare) and row["rewards"][-1] is not None
    assert not folder.journal_path(cell.key).exists()


def test_a_failed_call_is_one_row_that_stays_in_the_denominator(tmp_path: Path) -> None:
    cell = prepared("rebase", "oracle")
    engine = Watched(fail_rate=0.2)
    with pytest.raises(AssertionError):
        asyncio.run(_search(tmp_path, cell, engine, 64, Watched(), Progress()))
    folder = RunFolder(tmp_path)
    candidates = rows(folder, "candidates", cell)
    assert {row["question_id"] for row in candidates} == {q.id for q in QUESTIONS}
    failed = [row for row in candidates if row["error"]]
    assert failed and all("as asked" in row["error"] for row in failed)
    assert len({row["question_id"] for row in failed}) == len(failed)


def test_sampled_solutions_of_the_law_are_right_as_often_as_it_says() -> None:
    engine = FakeEngine("m", {**LAW, "mean_tokens": 12}, 0)
    question = QUESTIONS[0]

    async def solve(seed: int) -> Completion:
        prompt = f"{question.text}<assistant>"
        tokens = tuple(prompt.encode())
        return await engine.generate(
            Request(f"{seed}", question.id, tokens, prompt, Sampler(max_tokens=400), seed)
        )

    replies = [asyncio.run(solve(seed)) for seed in range(600)]
    right = np.mean([engine.value(question.id, reply.text) for reply in replies])
    chance = engine.success_probability(question.id)
    assert right == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 600))
    assert all(reply.tokens and reply.tokens[-1] == END for reply in replies)
