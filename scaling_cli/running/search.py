"""One search cell: a strategy run on every question, its traces graded, every call charged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.errors import CallFailed
from scaling_cli.grading import GraderPool
from scaling_cli.laws.cost import Calls, CostModel, call_costs
from scaling_cli.running.candidates import Rows, candidate_row, known_sum, told
from scaling_cli.running.door import Door
from scaling_cli.running.journal import Journal
from scaling_cli.running.ledger import Ledger
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.progress import CellProgress, Progress
from scaling_cli.running.scoring import Scoring, last_call
from scaling_cli.running.session import QuestionSession, Search, call_question
from scaling_cli.store import RunFolder
from scaling_cli.strategies import STRATEGIES, width_of
from scaling_cli.types import Engine, EngineFacts, Question, Trace

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray


class SearchCell:
    """A cell being searched: `draw` every question in `questions`, then `publish`.

    Questions that are done stand in the store; what others asked so far stands in the journal,
    and a search that is run again is told the same replies.
    """

    def __init__(
        self,
        prepared: PreparedCell,
        folder: RunFolder,
        facts: EngineFacts | None,
        grader: GraderPool,
        progress: Progress,
        scoring: Scoring | None = None,
    ) -> None:
        assert prepared.cell.step is not None
        self.prepared = prepared
        self._folder = folder
        self._grader = grader
        self._progress = progress
        likely = 0 if scoring is None else scoring.verifier.facts.alternatives
        self._search = Search(prepared.cell.step, scoring, likely)
        unseeded = facts is not None and not facts.seeds_requests
        ticks = unseeded and facts is not None and facts.streams
        self.journal = Journal(folder.journal_path(prepared.key), ticks=ticks)
        self._models = _architectures(prepared)
        self._candidates: dict[str, Rows] = {}
        self._charges: dict[str, Rows] = {}
        recorded = {question_id for question_id, _ in folder.recorded(prepared.key)}
        recorded -= _failed_questions(folder, prepared.key)
        self.questions = [q for q in prepared.questions if q.id not in recorded]
        if unseeded and not ticks:
            self._drop_begun()
        done = len(prepared.questions) - len(self.questions)
        self._progress.cells[prepared.key] = CellProgress(
            label=prepared.label,
            questions=len(prepared.questions),
            samples=len(prepared.questions),
            questions_done=done,
            samples_done=done,
        )

    @property
    def width(self) -> int:
        """Requests a question keeps in flight at once, at most."""
        return width_of(self.prepared.cell.strategy, dict(self.prepared.cell.params))

    def _drop_begun(self) -> None:
        """Where calls can neither be seeded nor continued, a begun search is begun again.

        What was in flight at a kill were the long calls: keeping only the others would favour
        short ones.
        """
        begun = {question.id for question in self.questions}
        names = [name for name in self.journal.done if call_question(name) in begun]
        if names:
            self.journal.drop(names)

    async def draw(self, question: Question, engine: Engine, start: int) -> None:
        """Search one question, and grade what it found."""
        prepared = self.prepared
        architecture = prepared.model.architecture
        door = Door(
            cell=prepared.key,
            engine=engine,
            journal=self.journal,
            tokenizer=prepared.model.tokenizer,
            sampler=prepared.cell.sampler,
            seed=prepared.cell.seed,
            start=0 if engine.facts.seeds_requests else start,
            model=prepared.model.name,
            vocabulary=None if architecture is None else architecture.vocabulary,
            drawn=self._count,
        )
        session = QuestionSession(
            door,
            question,
            prompt_text=prepared.rendered[question.id],
            prompt=prepared.prompt_tokens(question),
            search=self._search,
            ledger=Ledger(),
        )
        strategy = STRATEGIES[prepared.cell.strategy]
        try:
            traces = await strategy(session, **dict(prepared.cell.params))
        except CallFailed as failed:
            self._candidates[question.id] = [self._empty(question, session, str(failed))]
        else:
            self._candidates[question.id] = await self._grade(question, session, traces)
        self._charges[question.id] = session.ledger.rows(question.id)
        self._tell(question)

    def _count(self, tokens: int, failed: bool) -> None:
        state = self._progress.cells[self.prepared.key]
        self._progress.drawn += tokens
        state.tokens += tokens
        state.failed += failed
        self._progress.changed(self._progress)

    def _tell(self, question: Question) -> None:
        state = self._progress.cells[self.prepared.key]
        rows = self._candidates[question.id]
        state.questions_done += 1
        state.samples_done += 1
        state.drawn += 1
        state.graded += len(rows)
        state.correct += sum(row["verdict"] == "correct" for row in rows)
        self._add_flops(state, self._charges[question.id])
        self._progress.changed(self._progress)

    def _add_flops(self, state: CellProgress, charges: Rows) -> None:
        """What the question's calls cost, verifier included; None once a cost is not known."""
        for name in {row["model"] for row in charges}:
            model = self._models.get(name)
            flops = call_costs(model, _calls([row for row in charges if row["model"] == name]))
            spent = float(flops["flops"].sum())
            state.flops = None if state.flops is None or math.isnan(spent) else state.flops + spent

    async def _grade(
        self, question: Question, session: QuestionSession, traces: Sequence[Trace]
    ) -> Rows:
        """A row for every trace; one for a search that found none, which is unanswered."""
        if not traces:
            return [self._empty(question, session, None)]
        grades = await self._grader.grade(
            [trace.text for trace in traces],
            [trace.finish_reason for trace in traces],
            question.answer,
            style=self.prepared.style,
            equality=self.prepared.equality,
        )
        return [
            candidate_row(_as_bank_row(question, index, trace, session), grade, self.prepared)
            | _of_search(trace, session.ledger.failure)
            for index, (trace, grade) in enumerate(zip(traces, grades, strict=True))
        ]

    def _empty(self, question: Question, session: QuestionSession, error: str | None) -> Any:
        """The row of a question without traces: it stays in the denominator."""
        return {
            "question_id": question.id,
            "index": 0,
            "answer_class": -1,
            "strict_class": -1,
            "verdict": "unanswered",
            "strict_verdict": "unanswered",
            "truncated": False,
            "boxed": [],
            "prompt_tokens": len(session.prompt) or None,
            "new_tokens": 0,
            "seconds": 0.0,
            "error": error,
        }

    async def publish(self) -> None:
        """Write the candidates and charges; the journal goes once both stand."""
        done = set(self._candidates)
        if done:
            for kind, found in (("charges", self._charges), ("candidates", self._candidates)):
                rows = [row for identity in sorted(done) for row in found[identity]]
                self._folder.replace_questions(kind, self.prepared.key, rows, done)
        failed = {
            identity
            for identity, rows in self._candidates.items()
            if any(row.get("error") or row.get("score_error") for row in rows)
        }
        whole = {q.id for q in self.prepared.questions} - failed
        unasked = {q.id for q in self.questions} - done
        written = {name for name in self.journal.done if call_question(name) in whole - unasked}
        self.journal.forget(written)

    def failed(self) -> Sequence[tuple[str, str]]:
        """(question, error) of every question that failed, for the run's last words."""
        return [
            (identity, str(rows[0].get("error") or rows[0].get("score_error")))
            for identity, rows in sorted(self._candidates.items())
            if rows[0].get("error") or rows[0].get("score_error")
        ]


def _failed_questions(folder: RunFolder, key: str) -> set[str]:
    """Questions of which some row holds an error: they are searched again."""
    if not folder.has_part("candidates", key):
        return set()
    table = folder.read_part("candidates", key, ["question_id", "error", "score_error"])
    return {row["question_id"] for row in table.to_pylist() if row["error"] or row["score_error"]}


def _as_bank_row(
    question: Question, index: int, trace: Trace, session: QuestionSession
) -> dict[str, Any]:
    """A trace as a sample of a bank, so that both are graded alike."""
    notes = [session.ledger.notes[name] for name in trace.calls]
    return {
        "question_id": question.id,
        "sample": index,
        "text": trace.text,
        "tokens": list(trace.tokens) or None,
        "logprob_sum": known_sum(trace.logprobs),
        "logprobs": told(trace.logprobs),
        "finish_reason": trace.finish_reason,
        "prompt_tokens": notes[0].prompt_tokens if notes else None,
        "cached_tokens": None,
        "new_tokens": _total([note.new_tokens for note in notes]),
        "seconds": math.fsum(note.seconds for note in notes),
        "error": None,
    }


def _total(counts: Sequence[int | None]) -> int | None:
    return None if None in counts else sum(count for count in counts if count is not None)


def _architectures(prepared: PreparedCell) -> dict[str, CostModel]:
    """The cost models of the policy and of its verifier's model, by name, where known."""
    verifier = None if prepared.verifier is None else prepared.verifier.model
    models = [model for model in (verifier, prepared.model) if model is not None]
    return {
        model.name: CostModel(model.architecture)
        for model in models
        if model.architecture is not None
    }


def _calls(charges: Rows) -> Calls:
    def counts(name: str) -> FloatArray:
        values = [row[name] for row in charges]
        return np.array([math.nan if value is None else value for value in values], np.float64)

    names = ("context", "new_tokens", "cached_tokens", "known_tokens", "seconds")
    return Calls(*map(counts, names))


def _of_search(trace: Trace, failure: str | None) -> dict[str, Any]:
    """What a bank's rows do not have."""
    path = trace.calls[0].rpartition("#")[2] if trace.calls else ""
    last = last_call(trace)
    return {
        "rewards": [None if math.isnan(reward) else reward for reward in trace.rewards] or None,
        "spent": trace.spent,
        "tree": int(path.partition("/")[0]) if "/" in path else None,
        "call": None if last is None else last.rpartition("#")[2],
        "score_error": failure,
    }
