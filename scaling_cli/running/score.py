"""Scoring the samples of recorded banks, without sampling again."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from scaling_cli.errors import CallFailed, StoreError
from scaling_cli.plan import Sample
from scaling_cli.running.admission import Admission
from scaling_cli.running.door import Door
from scaling_cli.running.journal import Journal
from scaling_cli.running.ledger import Ledger
from scaling_cli.running.manifest import note_scorer
from scaling_cli.running.prepare import PreparedVerifier
from scaling_cli.running.progress import CellProgress, Progress
from scaling_cli.running.scoring import Scoring
from scaling_cli.running.session import (
    QuestionSession,
    Search,
    call_name,
    call_question,
    call_sample,
)
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.store.beside import add_session
from scaling_cli.types import EngineFacts, Question, Request, Sampler, Trace

Row = dict[str, Any]
SCORE = "/s0"
"""What the name of a score adds to its sample's."""


class NoEngine:
    """Stands where a bank is scored: its policy is asked nothing any more."""

    facts = EngineFacts("none", "", "", True, False, True, 64)

    async def generate(self, request: Request, on_tokens: object = None) -> Any:
        raise CallFailed(
            f"{request.name} would ask the policy again", "score a bank by a verifier that does not"
        )

    async def close(self) -> None:
        """Nothing to stop."""


def score_name(cell: str, scorer: str) -> str:
    """The name under which a verifier's scores of a cell's bank are kept."""
    return f"{cell}.{scorer}"


def unscored(folder: RunFolder, cell: str, scorer: str) -> dict[str, list[int]]:
    """Samples of the cell's bank without a score, by question."""
    held = scored(folder, cell, scorer)
    missing: dict[str, list[int]] = {}
    table = folder.read_part("candidates", cell, ["question_id", "index", "error"])
    for row in table.to_pylist():
        if not row["error"] and (row["question_id"], row["index"]) not in held:
            missing.setdefault(row["question_id"], []).append(row["index"])
    return missing


def scored(folder: RunFolder, cell: str, scorer: str) -> set[Sample]:
    """Samples of the cell's bank that the verifier has scored; failed scorings are tried again."""
    name = score_name(cell, scorer)
    if not folder.has_part("scores", name):
        return set()
    table = folder.read_part("scores", name, ["question_id", "index", "error"])
    return {(r["question_id"], r["index"]) for r in table.to_pylist() if not r["error"]}


def journalled(folder: RunFolder, cell: str, scorer: str) -> set[Sample]:
    """Samples of which a scoring was stopped with calls on record, which are not made again."""
    names = Journal.peek(folder.journal_path(score_name(cell, scorer)))
    return {call_sample(name.partition(SCORE)[0]) for name in names}


async def score_bank(
    folder: RunFolder,
    cell: str,
    record: CellRecord,
    scorer: PreparedVerifier,
    scoring: Scoring,
    progress: Progress,
) -> list[tuple[str, str]]:
    """Score what lacks a score, and write it; (sample, error) of every scoring that failed.

    The caller holds the folder's lock.
    """
    missing = unscored(folder, cell, scorer.key)
    if not missing:
        return []
    name = score_name(cell, scorer.key)
    questions = {question.id: question for question in folder.read_questions()}
    traces = _traces(folder, cell, missing)
    _start(progress, name, record, scorer, traces)
    journal = Journal(folder.journal_path(name), ticks=False)
    resumed = bool(journal.done)
    slots = 64 if scoring.engine is None else scoring.engine.facts.slots
    admission = Admission(room=int(slots * 1.5))
    ledgers: dict[str, Ledger] = {}
    scores: list[Row] = []

    async def one(question: Question) -> None:
        ledger = ledgers[question.id] = Ledger()
        door = Door(name, NoEngine(), journal, None, Sampler(), seed=record.seed)
        session = QuestionSession(
            door,
            question,
            prompt_text="",
            prompt=(),
            search=Search(scoring=scoring),
            ledger=ledger,
        )
        found = traces[question.id]
        rewards = await asyncio.gather(*(_score(session, i, t) for i, t in found.items()))
        for index, reward in zip(found, rewards, strict=True):
            error = journal.done.get(call_name(question.id, f"{index}{SCORE}"))
            scores.append(
                {
                    "question_id": question.id,
                    "index": index,
                    "score": None if reward is None else reward,
                    "error": None if reward is not None else _reason(error),
                }
            )
        progress.cells[name].questions_done += 1
        for _ in found:
            progress.sampled(name, 0, failed=False)

    try:
        async with asyncio.TaskGroup() as tasks:
            for identity in traces:
                width = len(traces[identity])
                await admission.enter(width)
                task = tasks.create_task(one(questions[identity]))
                task.add_done_callback(partial(_left, admission, width))
    except* StoreError as failed:
        raise failed.exceptions[0] from None
    finally:
        journal.close()
    charges = [row for identity, ledger in ledgers.items() for row in ledger.rows(identity)]
    if not resumed:  # else part of it was read before this clock began
        _keep_pace(folder, cell, scorer, charges, progress)
    _write(folder, name, scores, charges)
    note_scorer(folder, cell, scorer)
    failed_names = {row["question_id"] for row in scores if row["error"]}
    journal.forget({n for n in journal.done if call_question(n) not in failed_names})
    return [(f"{r['question_id']}#{r['index']}", r["error"]) for r in scores if r["error"]]


def _left(admission: Admission, width: int, task: asyncio.Task[None]) -> None:
    admission.leave(width)


async def _score(session: QuestionSession, index: int, trace: Trace) -> float | None:
    """One sample's score, under a name that does not depend on which others are scored."""
    (scored,) = await session.branch(index).score([trace])
    reward = scored.rewards[-1]
    return None if reward != reward else reward


def _reason(record: Any) -> str:
    return str(record.error) if record is not None and record.error else "no score"


def _start(
    progress: Progress,
    name: str,
    record: CellRecord,
    scorer: PreparedVerifier,
    traces: Mapping[str, Mapping[int, Trace]],
) -> None:
    progress.cells[name] = CellProgress(
        label=f"{record.details['label']} scored by {scorer.spec.label}",
        questions=len(traces),
        samples=sum(map(len, traces.values())),
        flops=None,
    )
    progress.restart_clock()


def _traces(
    folder: RunFolder, cell: str, missing: Mapping[str, Sequence[int]]
) -> dict[str, dict[int, Trace]]:
    """The samples to be scored, as finished traces."""
    if not folder.has_part("bank", cell):
        raise StoreError(
            f"the completions of {folder.name} are not here: they are not shared with a run",
            "score the run where it was sampled, or sample it again",
        )
    columns = ["question_id", "sample", "text", "tokens", "logprobs", "finish_reason",
               "confidence", "certainty"]  # fmt: skip
    found: dict[str, dict[int, Trace]] = {}
    for row in folder.read_part("bank", cell, columns).to_pylist():
        if row["sample"] in missing.get(row["question_id"], ()):
            found.setdefault(row["question_id"], {})[row["sample"]] = _trace(row)
    return found


def _trace(row: Row) -> Trace:
    return Trace(
        tokens=tuple(row["tokens"] or ()),
        text=row["text"],
        finished=True,
        finish_reason=row["finish_reason"],
        logprobs=_column(row["logprobs"]),
        calls=(call_name(row["question_id"], row["sample"]),),
        confidence=_column(row["confidence"]),
        certainty=_column(row["certainty"]),
    )


def _column(values: Sequence[float | None] | None) -> tuple[float, ...] | None:
    """A number for each token, NaN where the engine told none."""
    if values is None:
        return None
    return tuple(math.nan if value is None else value for value in values)


def _keep_pace(
    folder: RunFolder,
    cell: str,
    scorer: PreparedVerifier,
    charges: Sequence[Row],
    progress: Progress,
) -> None:
    """How fast the verifier's model read; nothing of one that has none."""
    if scorer.model is None or scorer.spec.engine is None:
        return
    read = sum((row["context"] or 0) + (row["new_tokens"] or 0) for row in charges)
    # How long it took is worth knowing and not worth failing over.
    with suppress(StoreError):
        add_session(
            folder,
            {
                "model": scorer.model.name,
                "engine": scorer.spec.engine.name,
                "role": "verifier",
                "cell": cell,
                "samples": len({(row["question_id"], row["parent"]) for row in charges}),
                "tokens": read,
                "seconds": progress.elapsed,
            },
        )


def _write(folder: RunFolder, name: str, scores: Sequence[Row], charges: list[Row]) -> None:
    """Scores and charges of these samples beside those of earlier ones."""
    fresh = {(row["question_id"], row["call"]) for row in charges}
    if folder.has_part("charges", name):
        before = folder.read_part("charges", name).to_pylist()
        charges += [row for row in before if (row["question_id"], row["call"]) not in fresh]
    folder.write_part("charges", name, charges)
    done = {(row["question_id"], row["index"]) for row in scores}
    rows = list(scores)
    if folder.has_part("scores", name):
        before = folder.read_part("scores", name).to_pylist()
        rows += [row for row in before if (row["question_id"], row["index"]) not in done]
    folder.write_part("scores", name, rows)
