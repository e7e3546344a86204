"""The benchmarks run, and measure what they say: tiny sizes, and no assertion on a time."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import json
import math
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scaling_cli.engines.fake import OPTIONS, FakeEngine, fake_model
from scaling_cli.grading import GraderPool
from scaling_cli.running.prepare import PreparedCell, prepare
from scaling_cli.running.progress import Progress
from scaling_cli.running.regrade import regrade
from scaling_cli.store import RunFolder
from scaling_cli.sweep import EngineSpec, Sweep
from scaling_cli.types import Request, Sampler

FOLDER = Path(__file__).parent.parent / "benchmarks"
LENGTH = 60


def load(name: str) -> ModuleType:
    """A benchmark's module, which lies in no package."""
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


help_, bank, sampling, theory = load("help"), load("bank"), load("sampling"), load("theory")
plumbing, search_throughput = load("plumbing"), load("search_throughput")
# As a script beside it finds it.
sys.modules["search_throughput"] = search_throughput
search_vllm = load("search_vllm")


def test_help_counts_the_childs_cpu() -> None:
    busy = help_.cpu_seconds([sys.executable, "-c", "sum(range(20_000_000))"])
    idle = help_.cpu_seconds([sys.executable, "-c", "import time; time.sleep(0.2)"])
    assert 0 < idle < busy


def test_help_runs_the_command() -> None:
    done = subprocess.run(help_.command(), capture_output=True, text=True, check=True)
    assert "scale" in done.stdout and "run" in done.stdout


def test_grading_a_made_up_run_changes_nothing(tmp_path: Path) -> None:
    """Its recorded classes and verdicts are those that grading gives."""
    folder = bank.make_run(tmp_path / "run", 2, 40)
    before = folder.read_part("candidates", bank.CELL)
    assert {q.answer for q in folder.read_questions()} == {r"\frac{x+1}{2}", "101"}
    done = bank.grade(folder.path)
    after = folder.read_part("candidates", bank.CELL)
    assert done["answers"] == 80 and done["shift"] == 0
    same = [name for name in before.column_names if not name.endswith("class") and name != "boxed"]
    assert after.select(same).equals(before.select(same))
    right = np.asarray(before["answer_class"]) == 0
    assert right.any() and not right.all()
    assert ((np.asarray(after["answer_class"]) == 0) == right).all()


def test_grading_holds_one_question_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Python rows the whole cell would take five times what is allowed here."""
    folder = bank.make_run(tmp_path / "run", 60, 200)
    monkeypatch.setattr("scaling_cli.running.regrade.accuracy_rows", lambda folder, ask: [])
    tracemalloc.start()
    try:
        regrade(folder, "string", lambda line: None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12_000 * 200


def test_the_worker_of_the_grader_is_weighed(tmp_path: Path) -> None:
    rows = {row["what"]: row for row in bank.weigh_grading(tmp_path / "run", 1, 80)}
    whole = rows["grading 80 answers, MB at the peak"]
    worker = rows["grading 80 answers, MB of the worker in that"]
    assert 20 < worker["value"] < whole["value"] - 20
    assert whole["limit"] == bank.MEMORY_LIMIT_MB


def test_curves_are_timed_on_a_recorded_run(tmp_path: Path) -> None:
    rows = bank.time_curves(bank.make_run(tmp_path / "run", 4, 6), draws=20)
    assert all(row["value"] > 0 for row in rows)
    assert [row["limit"] for row in rows] == [bank.CURVE_LIMIT_SECONDS, None]


@pytest.fixture
def fake(tmp_path: Path) -> tuple[PreparedCell, Sweep, FakeEngine]:
    sampling.write_questions(tmp_path / "sums.jsonl", 3)
    sweep = sampling.make_sweep("a", EngineSpec("fake"), tmp_path / "sums.jsonl", 3, LENGTH)
    (prepared,) = prepare(sweep)
    known = {question.id: question for question in prepared.questions}
    engine = FakeEngine("a", {**OPTIONS, "never_stops": True, "questions": known}, 0)
    return prepared, sweep, engine


@dataclass
class Bare:
    """The fake engine as AsyncLLM shows itself; a request's parameters are the request."""

    engine: FakeEngine
    resets: int = 0

    async def generate(self, prompt: Any, parameters: Any, name: str) -> AsyncIterator[Any]:
        assert prompt == {"prompt_token_ids": list(parameters.prompt)}
        reply = await self.engine.generate(parameters)
        yield SimpleNamespace(outputs=[SimpleNamespace(token_ids=reply.tokens)])

    async def reset(self) -> None:
        self.resets += 1


def test_both_sides_ask_the_same(fake: Any, tmp_path: Path) -> None:
    prepared, sweep, engine = fake
    cell = sampling.of_round(prepared, 1)
    asked: dict[str, Any] = {}
    generate = engine.generate

    async def noted(request: Any, on_tokens: Any = None) -> Any:
        asked[request.name] = request
        return await generate(request, on_tokens)

    engine.generate = noted
    folder = RunFolder.create(tmp_path / "run")
    with GraderPool() as grader:
        ours = asyncio.run(sampling.through_scale(cell, sweep, engine, folder, grader, Progress()))
    requests = sampling.requests_of(cell)
    assert asked == {request.name: request for request in requests}
    assert len(requests) == 3 * sampling.SAMPLES
    assert all(request.sampler.ignore_eos for request in requests)
    theirs = asyncio.run(sampling.bare(Bare(engine), [r.prompt for r in requests], requests))
    assert ours.tokens == theirs.tokens == len(requests) * LENGTH
    assert 0 < ours.seconds <= ours.whole
    assert len(folder.read_part("candidates", cell.key)) == len(requests)


def test_rounds_rotate() -> None:
    order: list[tuple[str, int]] = []

    def side(name: str) -> Any:
        async def work(number: int) -> Any:
            order.append((name, number))
            return sampling.Speed(100 + number, 1.0, 1.0)

        return work

    names = [sampling.OURS, sampling.BARE, sampling.NATIVE]
    llm = Bare(engine=FakeEngine("a", OPTIONS, 0))
    rounds = asyncio.run(sampling.interleave({n: side(n) for n in names}, 3, llm.reset))
    assert [speeds[sampling.OURS].tokens for speeds in rounds] == [100, 101, 102]
    assert [order[3 * number][0] for number in range(3)] == names
    assert llm.resets == 9


def speeds(ours: float, rival: float) -> dict[str, Any]:
    """A round in which 100 tokens took these seconds."""
    return {
        sampling.OURS: sampling.Speed(100, ours, ours + 1),
        sampling.BARE: sampling.Speed(100, rival, rival),
    }


@pytest.mark.parametrize(("ours", "ok"), [(10.0, True), (10.2, True), (10.5, False)])
def test_the_verdict_is_of_the_median_ratio(ours: float, ok: bool) -> None:
    rounds = [speeds(ours, 10.0), speeds(5.0, 10.0), speeds(20.0, 10.0)]
    (row,) = sampling.report("a", rounds)
    assert row["ratios"] == [10.0 / ours, 2.0, 0.5]
    assert row["median"] == 10.0 / ours and row["ok"] is ok
    assert row["median_with_publishing"] == pytest.approx(10.0 / (ours + 1))


def test_unequal_work_is_no_measurement() -> None:
    unequal = speeds(1.0, 1.0)
    unequal[sampling.BARE] = replace(unequal[sampling.BARE], tokens=99)
    with pytest.raises(RuntimeError, match="same number of tokens"):
        sampling.report("a", [unequal])


@pytest.mark.parametrize(
    "name",
    [
        "help",
        "bank",
        "curves",
        "sampling",
        "theory",
        "plumbing",
        "search_throughput",
        "search_vllm",
    ],
)
def test_each_tells_how_it_is_run(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--json" in done.stdout


def test_help_json_is_one_object() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "help.py"), "--runs", "1", "--json"],
        capture_output=True,
        text=True,
    )
    (row,) = json.loads(done.stdout)["rows"]
    assert row["ok"] == (done.returncode == 0) == (row["median"] <= row["limit"])


@pytest.fixture(scope="module")
def known_law() -> Any:
    """A law, our estimators on twelve banks of it, and what it says itself."""
    law = theory.Law.of(20)
    return law, theory.estimates(law, 32, 12), theory.predictions(law, 300)


def test_best_of_k_by_accept_or_reject_is_what_enumeration_gives() -> None:
    """Every kind of three samples: right or wrong, accepted or rejected, ties at random."""
    p, (t, f) = 0.3, theory.ACCEPTS
    chance = {(1, 1): p * t, (1, 0): p * (1 - t), (0, 1): (1 - p) * f, (0, 0): (1 - p) * (1 - f)}
    expected = 0.0
    for drawn in itertools.product(chance, repeat=3):
        best = [right for right, accepted in drawn if accepted == max(a for _, a in drawn)]
        expected += math.prod(chance[one] for one in drawn) * sum(best) / len(best)
    found = theory.accepted_best(np.array([p]), np.array([1, 3]))
    assert found[0] == pytest.approx([p, expected])


def test_best_of_k_by_a_graded_score_is_what_sampling_gives() -> None:
    rng = np.random.default_rng(0)
    classes = (rng.random((20_000, 16)) > 0.4).astype(int)
    best = theory.graded_scores(classes, rng).argmax(axis=1)
    sampled = (np.take_along_axis(classes, best[:, None], 1) == 0).mean()
    one, many = theory.graded_best(np.array([0.4]), np.array([1, 16]))[0]
    assert one == pytest.approx(0.4, abs=1e-6)
    assert many == pytest.approx(sampled, abs=4 * 0.5 / math.sqrt(20_000))


def test_estimators_and_limits_agree_with_a_known_law(known_law: Any, tmp_path: Path) -> None:
    law, ours, known = known_law
    rows = theory.compare(law, ours, known, 12) + theory.limits(law, 32)
    assert len(rows) > 80 and [row for row in rows if not row["ok"]] == []
    fall = theory.gao(law, 1_024)
    assert fall.certain and fall.peak < 64
    figure = theory.theory_figure(theory.panels(law, ours, known, fall))
    assert figure.axes[0].get_title(loc="left") == "Votes"
    assert all(path.stat().st_size > 5_000 for path in theory.save(figure, tmp_path, "theory"))


def test_another_law_is_not_mistaken_for_this_one(known_law: Any) -> None:
    """A verifier of other rates, and votes that tend elsewhere, are told apart."""
    law, ours, known = known_law
    other = {
        **known,
        "accepted": (known["accepted"][0] - 0.05, known["accepted"][1]),
        "majority": (1 - known["majority"][0], known["majority"][1]),
    }
    wrong = {row["what"] for row in theory.compare(law, ours, other, 12) if not row["ok"]}
    assert wrong == {"accepted", "majority", "majority from its limit"}


def test_theory_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = ["--questions", "5", "--samples", "8", "--banks", "3", "--draws", "20", "--json"]
    code = theory.main(tiny)
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["what"] for row in rows} > {*theory.NAMES}
    assert code == (0 if all(row["ok"] for row in rows) else 1)


def test_plumbing_is_measured_on_every_request(tmp_path: Path) -> None:
    (row,) = plumbing.measure(240, 20, 1, tmp_path)
    assert row["requests"] == 3 * plumbing.REQUESTS_A_QUESTION
    assert row["ratio"] == row["value"] / plumbing.LIMIT_MICROSECONDS
    assert row["ok"] == (row["value"] <= plumbing.LIMIT_MICROSECONDS)
    charges = RunFolder(tmp_path / "run-0").read_part("charges", "c" * 16)
    assert set(charges["new_tokens"].to_pylist()) == {20}


def test_a_lone_request_takes_what_the_law_says() -> None:
    """Its prompt once, then one step a token; asked again, only what no whole block holds."""
    law, engine = search_throughput.Law(), search_throughput.GpuLike(search_throughput.Law())
    prompt = tuple(range(40))
    request = Request("q#0", "q", prompt, "", Sampler(max_tokens=2048), 1)

    async def twice() -> list[Any]:
        return [await engine.generate(request), await engine.generate(request)]

    loop = search_throughput.SimulatedLoop()
    first, second = loop.run_until_complete(twice())
    loop.close()
    decoding = first.new_tokens * (law.step + law.sequence)
    assert first.seconds == pytest.approx(decoding + 40 * law.prompt)
    assert second.seconds == pytest.approx(decoding + 8 * law.prompt)
    assert (first.cached_tokens, second.cached_tokens) == (0, 32)
    assert engine.uncached == 48 and engine.new == 2 * first.new_tokens


@pytest.mark.parametrize("strategy", ["beam", "rebase"])
def test_searches_together_keep_an_engine_busy(strategy: str) -> None:
    """Small, and in simulated time: few slots, and as many questions as fill them twice."""
    law = search_throughput.Law(slots=32)
    together = search_throughput.run(strategy, 16, 8, law)
    alone = search_throughput.run(strategy, 2, 1, law)
    assert together.rate > alone.rate and together.each < alone.each
    full = law.slots / (law.step + law.sequence * law.slots)
    assert 0.5 * full < together.new / together.seconds <= full
    assert 0.9 < together.cached_share < 1


def test_search_throughput_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = ["--questions", "8", "--in-flight", "4", "--alone", "1", "--json"]
    code = search_throughput.main(tiny)
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["strategy"] for row in rows] == ["beam", "rebase"]
    assert code == (0 if all(row["ok"] for row in rows) else 1)


@pytest.mark.parametrize("strategy", ["sampling", "beam", "rebase"])
async def test_what_a_real_engine_replies_is_counted(strategy: str, tmp_path: Path) -> None:
    """On the fake engine: all that its replies hold, and questions that no other run asks."""
    args = SimpleNamespace(width=4, length=60, step=20)
    cell = search_vllm.make_cell(strategy, fake_model(), [7, 8], args)
    engine = FakeEngine("m", {**OPTIONS, "questions": {q.id: q for q in cell.questions}}, 0)
    speed = await search_vllm.run(cell, engine, 2, tmp_path / "run")
    assert speed.questions == 2 and engine.calls >= 2 * 4 and speed.new >= engine.calls
    assert speed.tokens > speed.new and 0 < speed.cached_share < 1
    (other,) = search_vllm.make_cell(strategy, fake_model(), [9], args).questions
    assert other.text not in {question.text for question in cell.questions}
