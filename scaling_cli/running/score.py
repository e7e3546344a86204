"""Scoring the samples of recorded banks, without sampling again."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from scaling_cli.errors import CallFailed, ScaleError, StoreError, first_error
from scaling_cli.plan import Sample
from scaling_cli.running.admission import Admission
from scaling_cli.running.bank_traces import bank_traces
from scaling_cli.running.door import Door, together
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
    questions = [q for q in folder.read_questions() if q.id in missing]
    traces = bank_traces(folder, cell, missing)
    _start(progress, name, record, scorer, traces)
    journal = Journal(folder.journal_path(name), ticks=False)
    resumed = bool(journal.done)
    bank = _Bank(name, record.seed, journal, scoring, progress)
    try:
        await bank.score([(question, traces[question.id]) for question in questions])
    finally:
        journal.close()
    charges = bank.charges()
    if not resumed:  # else part of it was read before this clock began
        _keep_pace(folder, cell, scorer, charges, progress)
    _write(folder, name, bank.rows, charges)
    note_scorer(folder, cell, scorer)
    bank.forget()
    return [(f"{r['question_id']}#{r['index']}", r["error"]) for r in bank.rows if r["error"]]


@dataclass(slots=True)
class _Bank:
    """A bank while it is scored: its `rows` and, by question, what they were charged."""

    name: str
    seed: int
    journal: Journal
    scoring: Scoring
    progress: Progress
    rows: list[Row] = field(default_factory=list)
    ledgers: dict[str, Ledger] = field(default_factory=dict)

    async def score(self, samples: Sequence[tuple[Question, Mapping[int, Trace]]]) -> None:
        """All samples, question by question as they fit; ScaleError where the model dies."""
        engine = self.scoring.engine
        slots = 64 if engine is None else engine.facts.slots
        admission = Admission(room=int(slots * 1.5))
        try:
            async with asyncio.TaskGroup() as tasks:
                for question, traces in samples:
                    work = partial(self._question, question, traces)
                    await admission.start(tasks, len(traces), work)
        except* ScaleError as failed:
            raise first_error(failed) from None

    async def _question(self, question: Question, traces: Mapping[int, Trace]) -> None:
        ledger = self.ledgers[question.id] = Ledger()
        session = QuestionSession(
            Door(self.name, NoEngine(), self.journal, None, Sampler(), seed=self.seed),
            question,
            prompt_text="",
            prompt=(),
            search=Search(scoring=self.scoring),
            ledger=ledger,
        )
        scores = await together(_score(session, i, trace) for i, trace in traces.items())
        for index, score in zip(traces, scores, strict=True):
            self.rows.append(
                {
                    "question_id": question.id,
                    "index": index,
                    "score": score,
                    "error": ledger.failed.get(call_name(question.id, f"{index}{SCORE}")),
                }
            )
        self.progress.cells[self.name].questions_done += 1
        for _ in traces:
            self.progress.sampled(self.name, 0, failed=False)

    def charges(self) -> list[Row]:
        """A row for every call of the verifier, those of failed scorings included."""
        return [row for identity, ledger in self.ledgers.items() for row in ledger.rows(identity)]

    def forget(self) -> None:
        """Let go of what is written; a question of which a scoring failed is kept."""
        failed = {row["question_id"] for row in self.rows if row["error"]}
        self.journal.forget({n for n in self.journal.done if call_question(n) not in failed})


async def _score(session: QuestionSession, index: int, trace: Trace) -> float | None:
    """One sample's score, under a name that does not depend on which others are scored; None
    where it has none."""
    (scored,) = await session.branch(index).score([trace])
    reward = scored.rewards[-1]
    return None if math.isnan(reward) else reward


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
