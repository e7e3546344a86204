"""Between drawing and writing: a kill at any step there costs no sample and no grade."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.errors import StoreError
from scaling_cli.running import run as run_module
from scaling_cli.running.journal import Journal
from scaling_cli.store import RunFolder
from tests.running.test_run import (
    QUESTIONS,
    _data,
    calls,
    candidates,
    questions,
    run,
    sweep_of,
    tables,
)

__all__ = ["calls", "questions"]


class Killed(BaseException):
    """Ends a process here, without any clearing up that a test could not take back."""


@contextmanager
def killed_before(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, times: int
) -> Iterator[None]:
    """The process ends as the method is called for the `times`-th time."""
    left = [times]
    method = getattr(owner, name)

    def dies(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise Killed
        return method(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dies)
        with pytest.raises(Killed):
            yield


STEPS = [(RunFolder, "merge_bank"), (RunFolder, "merge_candidates"), (Journal, "forget")]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("owner", "name"), STEPS, ids=lambda value: str(value))
def test_a_kill_while_parts_are_written_costs_nothing(
    questions: Path,
    tmp_path: Path,
    calls: list[str],
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    times: int,
) -> None:
    path = tmp_path / "r"
    with killed_before(monkeypatch, owner, name, times):
        run(sweep_of(questions), path)
    assert len(calls) == 7 * QUESTIONS
    run(sweep_of(questions), path)
    assert len(calls) == 7 * QUESTIONS, "a recorded call was made twice"
    run(sweep_of(questions), tmp_path / "fresh")
    assert _data(path) == _data(tmp_path / "fresh")
    assert not list(path.glob("journal/*"))


def test_graded_answers_moved_away_are_graded_again_without_an_engine(
    questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r"
    run(sweep_of(questions), path)
    before = _data(path)
    for part in path.glob("candidates/*.parquet"):
        part.unlink()

    async def no_engine(*_: Any) -> None:
        raise AssertionError("an engine was started")

    monkeypatch.setattr(run_module, "open_engine", no_engine)
    run(sweep_of(questions), path)
    assert _data(path) == before


def test_without_the_raw_bank_new_answers_join_the_classes_of_the_old(
    questions: Path, tmp_path: Path, calls: list[str]
) -> None:
    """Shared runs hold graded answers only: two wrong answers must not become one class."""
    path = tmp_path / "r"
    run(sweep_of(questions), path)
    for part in path.glob("bank/*.parquet"):
        part.unlink()
    asked = len(calls)
    run(sweep_of(questions, samples=12), path)
    assert len(calls) - asked == 6 * QUESTIONS
    run(sweep_of(questions, samples=12), tmp_path / "fresh")
    assert {(r["question_id"], r["index"], r["answer"]) for r in candidates(path)} == {
        (r["question_id"], r["index"], r["answer"]) for r in candidates(tmp_path / "fresh")
    }
    assert _classes(path) == _classes(tmp_path / "fresh")


def _classes(path: Path) -> set[frozenset[tuple[str, str | None]]]:
    """Which answers of a question are taken for one, whatever number their class has."""
    members: dict[tuple[str, int], set[tuple[str, str | None]]] = {}
    for row in candidates(path):
        question, group = row["question_id"], row["answer_class"]
        members.setdefault((question, group), set()).add((row["verdict"], row["answer"]))
        assert {event["answer_class"] for event in row["boxed"]} <= {group}
    return {frozenset({(question, None), *found}) for (question, _), found in members.items()}


def test_tokens_charged_are_the_tokens_sampled(
    questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scaling_cli.engines.fake import FakeEngine

    sampled: list[tuple[int, int]] = []
    generate = FakeEngine.generate

    async def counted(self: Any, request: Any, on_tokens: Any = None) -> Any:
        reply = await generate(self, request, on_tokens)
        sampled.append((len(request.prompt), len(reply.tokens)))
        return reply

    monkeypatch.setattr(FakeEngine, "generate", counted)
    outcome = run(sweep_of(questions), tmp_path / "r")
    rows = candidates(tmp_path / "r")
    assert sum(row["new_tokens"] for row in rows) == sum(new for _, new in sampled)
    assert sum(row["prompt_tokens"] for row in rows) == sum(prompt for prompt, _ in sampled)
    assert outcome.drawn == sum(new for _, new in sampled)
    folder = RunFolder(tmp_path / "r")
    bank = [r for key in folder.cells("bank") for r in folder.read_part("bank", key).to_pylist()]
    assert sum(len(row["tokens"]) for row in bank) == outcome.drawn


def test_a_full_disk_in_mid_run_is_one_sentence_and_loses_nothing(
    questions: Path, tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, room = tmp_path / "r", [30]
    record = Journal.record

    def full(self: Journal, entry: Any) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise StoreError("cannot write the journal: No space left", "free some space")
        record(self, entry)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "record", full)
        with pytest.raises(StoreError, match="No space left"):
            run(sweep_of(questions), path)
    kept = len(set(calls))
    run(sweep_of(questions), path)
    assert len(calls) - kept == 7 * QUESTIONS - 30
    run(sweep_of(questions), tmp_path / "fresh")
    assert _data(path) == _data(tmp_path / "fresh")


def test_a_journal_that_cannot_be_written_between_calls_stops_the_run(
    questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where tokens are journalled by the clock, a full disk must not go unnoticed for hours."""

    def full(self: Journal) -> None:
        raise StoreError("cannot write the journal: No space left", "free some space")

    monkeypatch.setattr(run_module, "TICK_SECONDS", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "flush", full)
        patch.setattr(Journal, "close", lambda self: self._file.close())
        with pytest.raises(StoreError, match="No space left"):
            run(sweep_of(questions, seeded=False, streams=True, latency=5.0), tmp_path / "r")


def test_more_questions_later_are_the_same_as_at_once(questions: Path, tmp_path: Path) -> None:
    run(sweep_of(questions, count=5), tmp_path / "r")
    run(sweep_of(questions), tmp_path / "r")
    run(sweep_of(questions), tmp_path / "fresh")
    assert tables(tmp_path / "r") == tables(tmp_path / "fresh")


@pytest.mark.parametrize("count", [3, 5])
def test_fewer_questions_keep_what_more_have_recorded(
    questions: Path, tmp_path: Path, calls: list[str], count: int
) -> None:
    run(sweep_of(questions), tmp_path / "r")
    asked, before = len(calls), _data(tmp_path / "r")
    run(sweep_of(questions, count=count, samples=2), tmp_path / "r")
    assert len(calls) == asked and _data(tmp_path / "r") == before
