"""Runs on the fake engine: resumed, extended, broken and repaired, always to the same bytes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.errors import EngineDied, StoreError
from scaling_cli.running import run as run_module
from scaling_cli.running.prepare import prepare
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import Outcome, run_cells
from scaling_cli.store import RunFolder
from scaling_cli.sweep import EngineSpec, ModelSpec, Sweep, TaskSpec
from scaling_cli.types import Completion

QUESTIONS = 12


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "sums.jsonl"
    rows = (f'{{"question": "{i} + {i}?", "answer": "{2 * i}"}}' for i in range(1, QUESTIONS + 1))
    file.write_text("\n".join(rows))
    return file


def sweep_of(
    questions: Path,
    *,
    models: tuple[str, ...] = ("a",),
    samples: int = 6,
    count: int = QUESTIONS,
    in_flight: int | None = None,
    **options: Any,
) -> Sweep:
    return Sweep(
        name="s",
        models=tuple(ModelSpec(name) for name in models),
        tasks=(TaskSpec("sums.jsonl", data=questions, questions=count),),
        engine=EngineSpec("fake", tuple(sorted(options.items()))),
        samples=samples,
        max_tokens=(120,),
        questions_in_flight=in_flight,
    )


def run(sweep: Sweep, path: Path) -> Outcome:
    folder = RunFolder.create(path)
    with folder.lock():
        return run_cells(prepare(sweep), sweep, folder, Progress())


def tables(path: Path) -> dict[str, str]:
    """Every Parquet file of a run, by the hash of its bytes."""
    files = sorted(path.rglob("*.parquet"))
    return {str(f.relative_to(path)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def candidates(path: Path) -> list[dict[str, Any]]:
    """The graded answers of all cells."""
    folder = RunFolder(path)
    tables = [folder.read_part("candidates", key) for key in folder.cells("candidates")]
    return [row for table in tables for row in table.to_pylist()]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the calls that engines were asked, in order."""
    from scaling_cli.engines.fake import FakeEngine

    asked: list[str] = []
    generate = FakeEngine.generate

    async def counted(self: Any, request: Any, on_tokens: Any = None) -> Completion:
        asked.append(f"{self._name}/{request.sampler.temperature}/{request.name}")
        return await generate(self, request, on_tokens)

    monkeypatch.setattr(FakeEngine, "generate", counted)
    return asked


def test_one_question_at_a_time_or_all_at_once_give_the_same_bytes(
    questions: Path, tmp_path: Path
) -> None:
    run(sweep_of(questions, in_flight=1), tmp_path / "one")
    run(sweep_of(questions, in_flight=64, latency=0.02), tmp_path / "many")
    assert tables(tmp_path / "one") == tables(tmp_path / "many")


def test_running_again_asks_nothing(questions: Path, tmp_path: Path, calls: list[str]) -> None:
    run(sweep_of(questions), tmp_path / "r")
    before, asked = tables(tmp_path / "r"), len(calls)
    assert asked == QUESTIONS * 7 and len(set(calls)) == asked
    assert run(sweep_of(questions), tmp_path / "r").drawn == 0
    assert len(calls) == asked and tables(tmp_path / "r") == before


@pytest.mark.parametrize(
    ("more", "new"),
    [
        ({"samples": 9}, 3 * QUESTIONS),
        ({"models": ("a", "b")}, 7 * QUESTIONS),
    ],
)
def test_more_of_something_draws_only_what_is_missing(
    questions: Path, tmp_path: Path, calls: list[str], more: dict[str, Any], new: int
) -> None:
    run(sweep_of(questions), tmp_path / "r")
    asked = len(calls)
    run(sweep_of(questions, **more), tmp_path / "r")
    assert len(calls) - asked == new and len(set(calls)) == len(calls)
    run(sweep_of(questions, **more), tmp_path / "fresh")
    assert tables(tmp_path / "r") == tables(tmp_path / "fresh")


def test_more_questions_draw_only_theirs(questions: Path, tmp_path: Path, calls: list[str]) -> None:
    run(sweep_of(questions, count=5), tmp_path / "r")
    run(sweep_of(questions), tmp_path / "r")
    assert len(calls) == len(set(calls)) == 7 * QUESTIONS


@pytest.mark.parametrize("after", [1, 10, 40, 70])
def test_an_engine_that_dies_loses_nothing(
    questions: Path, tmp_path: Path, calls: list[str], after: int
) -> None:
    with pytest.raises(EngineDied):
        run(sweep_of(questions, die_after=after), tmp_path / "r")
    run(sweep_of(questions), tmp_path / "r")
    done = [name for name in calls if calls.count(name) == 1]
    assert len(done) >= after - 1
    run(sweep_of(questions), tmp_path / "fresh")
    assert _data(tmp_path / "r") == _data(tmp_path / "fresh")


def _data(path: Path) -> dict[str, str]:
    return {name: value for name, value in tables(path).items() if "/" in name}


def test_a_failed_question_is_kept_counted_and_repaired(questions: Path, tmp_path: Path) -> None:
    path = tmp_path / "r"
    first = run(sweep_of(questions, fail_rate=0.3), path)
    assert 0 < len(first.failed) < QUESTIONS * 7
    cells = RunFolder(path).cells("candidates")
    rows = [
        row for key in cells for row in RunFolder(path).read_part("candidates", key).to_pylist()
    ]
    assert len(rows) == QUESTIONS * 7
    assert sum(row["error"] is not None for row in rows) == len(first.failed)
    assert all(row["verdict"] == "unanswered" for row in rows if row["error"])
    assert run(sweep_of(questions), path).failed == ()
    run(sweep_of(questions), tmp_path / "fresh")
    assert _data(path) == _data(tmp_path / "fresh")


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.running.test_run import run, sweep_of
run(sweep_of(Path({questions!r}), latency=0.2), Path({path!r}))
"""


def test_killed_at_any_moment_and_run_again_is_never_killed(
    questions: Path, tmp_path: Path
) -> None:
    root = str(Path(__file__).parents[2])
    path, source = tmp_path / "r", random.Random(3)
    code = KILLED.format(root=root, questions=str(questions), path=str(path))
    kills = 0
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root}
        )
        deadline = time.monotonic() + 20
        while not list(path.glob("journal/*.jsonl")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(source.random() * 0.25)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills >= 2
    run(sweep_of(questions), path)
    run(sweep_of(questions), tmp_path / "fresh")
    assert _data(path) == _data(tmp_path / "fresh")


def test_a_second_process_is_told_who_holds_the_folder(questions: Path, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "r")
    with folder.lock(), pytest.raises(StoreError, match=f"held by process {os.getpid()}"):
        run(sweep_of(questions), tmp_path / "r")


def test_calls_of_questions_not_asked_now_stay_in_the_journal(
    questions: Path, tmp_path: Path, calls: list[str]
) -> None:
    path = tmp_path / "r"
    with pytest.raises(EngineDied):
        run(sweep_of(questions, die_after=60), path)
    asked = len(calls)
    run(sweep_of(questions, count=2), path)
    run(sweep_of(questions), path)
    assert len(calls) - asked <= 7 * QUESTIONS - 60 + 1


def test_nothing_is_started_to_publish_what_was_drawn(
    questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r"

    async def killed(self: Any) -> None:
        self.journal.close()

    from scaling_cli.running.cell import BankCell

    with monkeypatch.context() as patch:
        patch.setattr(BankCell, "publish", killed)
        run(sweep_of(questions), path)

    async def no_engine(*_: Any) -> None:
        raise AssertionError("an engine was started")

    monkeypatch.setattr(run_module, "open_engine", no_engine)
    run(sweep_of(questions), path)
    monkeypatch.undo()
    run(sweep_of(questions), tmp_path / "fresh")
    assert _data(path) == _data(tmp_path / "fresh")


@pytest.mark.parametrize("broken", ["empty", "never_stops"])
def test_an_odd_model_is_graded_like_any(questions: Path, tmp_path: Path, broken: str) -> None:
    run(sweep_of(questions, **{broken: True}), tmp_path / "r")
    folder = RunFolder(tmp_path / "r")
    rows = [
        r
        for key in folder.cells("candidates")
        for r in folder.read_part("candidates", key).to_pylist()
    ]
    assert {row["verdict"] for row in rows} == {"unanswered"}
    assert {row["truncated"] for row in rows} == {broken == "never_stops"}


def test_a_seeded_call_is_the_same_whenever_it_is_drawn(questions: Path, tmp_path: Path) -> None:
    """The way of every engine with per-request seeds: a lost call is drawn again as it was."""
    from scaling_cli.engines.fake import OPTIONS, FakeEngine
    from scaling_cli.types import Request, Sampler

    engine = FakeEngine("a", {**OPTIONS, "length_of_wrong": 3.0}, 0)
    request = Request("n", "q", (1,), "<assistant>", Sampler(max_tokens=500), 7)
    first = asyncio.run(engine.generate(request))
    again = asyncio.run(engine.generate(replace(request, name="later")))
    assert first.tokens == again.tokens
