"""One bank cell: which samples it lacks, drawing them, and writing its parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from scaling_cli.errors import CallFailed
from scaling_cli.grading import GraderPool
from scaling_cli.laws.cost import CostModel
from scaling_cli.running.candidates import Rows, bank_row, grade_question
from scaling_cli.running.journal import Journal
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.progress import CellProgress, Progress
from scaling_cli.running.regrade import join_groups
from scaling_cli.running.session import (
    Door,
    QuestionSession,
    Search,
    call_index,
    call_name,
    call_sample,
)
from scaling_cli.store import RunFolder
from scaling_cli.strategies import STRATEGIES
from scaling_cli.types import Engine, EngineFacts, Question


class BankCell:
    """A cell being filled: `draw` every question in `questions`, then `publish`.

    Without an engine's `facts` nothing can be drawn, only published. `alternatives`: how many
    likely tokens the verifiers must be told that will score this bank.
    """

    def __init__(
        self,
        prepared: PreparedCell,
        folder: RunFolder,
        facts: EngineFacts | None,
        grader: GraderPool,
        progress: Progress,
        alternatives: int = 0,
    ) -> None:
        self.prepared = prepared
        self._alternatives = alternatives
        self._folder = folder
        self._grader = grader
        self._progress = progress
        self._candidates: dict[str, Rows] = {}
        # Only where a lost call cannot be drawn again from its seed are tokens journalled.
        unseeded = facts is not None and not facts.seeds_requests
        ticks = unseeded and facts is not None and facts.streams
        self.journal = Journal(folder.journal_path(prepared.key), ticks=ticks)
        self._recorded = folder.recorded(prepared.key)
        self._earlier = self._read_earlier()
        self._graded = self._read_graded()
        self.questions = [q for q in prepared.questions if self.missing(q)]
        if unseeded and not ticks:
            self._drop_interrupted()
        self._start_progress()

    @property
    def width(self) -> int:
        """Requests a question keeps in flight at once."""
        return self.prepared.cell.samples

    def missing(self, question: Question) -> list[int]:
        """Indices of the samples of `question` that the store lacks."""
        wanted = range(self.prepared.cell.samples)
        return [index for index in wanted if (question.id, index) not in self._recorded]

    def _names(self, question: Question) -> list[str]:
        return [call_name(question.id, index) for index in self.missing(question)]

    def _drop_interrupted(self) -> None:
        """Where calls can neither be seeded nor continued, a group is drawn as a whole.

        The calls in flight at a kill are the long ones; keeping the short ones of their
        group and redrawing the long would shorten the bank.
        """
        done = self.journal.done
        for question in self.questions:
            names = self._names(question)
            held = [name for name in names if name in done]
            if held and len(held) < len(names):
                self.journal.drop(held)

    def _read_earlier(self) -> defaultdict[str, Rows]:
        """Rows of the raw bank, by question: new samples are grouped together with them."""
        rows: defaultdict[str, Rows] = defaultdict(list)
        if self._folder.has_part("bank", self.prepared.key):
            for row in self._folder.read_part("bank", self.prepared.key).to_pylist():
                rows[row["question_id"]].append(row)
        return rows

    def _read_graded(self) -> defaultdict[str, Rows]:
        """Rows of the graded answers, by question."""
        rows: defaultdict[str, Rows] = defaultdict(list)
        if self._folder.has_part("candidates", self.prepared.key):
            for row in self._folder.read_part("candidates", self.prepared.key).to_pylist():
                rows[row["question_id"]].append(row)
        return rows

    def _start_progress(self) -> None:
        prepared = self.prepared
        wanted = len(prepared.questions) * prepared.cell.samples
        lacking = [name for question in self.questions for name in self._names(question)]
        held = sum(name in self.journal.done for name in lacking)
        self._progress.cells[prepared.key] = CellProgress(
            label=prepared.label,
            questions=len(prepared.questions),
            samples=wanted,
            questions_done=len(prepared.questions) - len(self.questions),
            samples_done=wanted - len(lacking) + held,
        )
        architecture = prepared.model.architecture
        self._cost = CostModel(architecture) if architecture is not None else None

    async def draw(self, question: Question, engine: Engine, start: int) -> None:
        """Sample what the question lacks, journal it, grade all its samples."""
        prepared, architecture = self.prepared, self.prepared.model.architecture
        door = Door(
            cell=prepared.key,
            engine=engine,
            journal=self.journal,
            tokenizer=prepared.model.tokenizer,
            sampler=prepared.cell.sampler,
            seed=prepared.cell.seed,
            model=prepared.model.name,
            vocabulary=None if architecture is None else architecture.vocabulary,
            # A seeded call is the same whichever start draws it: its row must not tell.
            start=0 if engine.facts.seeds_requests else start,
            drawn=self._count,
        )
        numbers = self.missing(question)
        session = QuestionSession(
            door,
            question,
            prompt_text=prepared.rendered[question.id],
            prompt=prepared.prompt_tokens(question),
            numbers=numbers,
            search=Search(alternatives=self._alternatives),
        )
        strategy = STRATEGIES[prepared.cell.strategy]
        # A sample that failed is a row with its error; the others are graded.
        with suppress(CallFailed):
            await strategy(session, **{**dict(prepared.cell.params), "samples": len(numbers)})
        await self._grade(question)

    def _count(self, tokens: int, failed: bool) -> None:
        self._progress.sampled(self.prepared.key, tokens, failed=failed)

    async def _grade(self, question: Question) -> None:
        rows = self._rows_of(question)
        graded = await grade_question(rows, question, self.prepared, self._grader)
        held = {row["index"] for row in graded}
        others = [row for row in self._graded[question.id] if row["index"] not in held]
        if others:
            # The raw bank is not at hand: classes are numbered over all answers nevertheless.
            graded = await join_groups(
                [others, graded],
                question.answer,
                self.prepared.style,
                self.prepared.equality,
                self._grader,
            )
        self._candidates[question.id] = graded
        state = self._progress.cells[self.prepared.key]
        state.questions_done += 1
        state.graded += len(graded)
        state.correct += sum(row["verdict"] == "correct" for row in graded)
        self._add_flops(state, graded)
        self._progress.changed(self._progress)

    def _add_flops(self, state: CellProgress, rows: Rows) -> None:
        counts = [(row["prompt_tokens"], row["new_tokens"]) for row in rows if not row["error"]]
        if self._cost is None or any(None in pair for pair in counts):
            state.flops = None
        elif state.flops is not None and counts:
            prompts, news = zip(*counts, strict=True)
            state.flops += float(self._cost.prefill(prompts[0]))
            state.flops += float(self._cost.decode(news, context=prompts).sum())

    def _rows_of(self, question: Question) -> Rows:
        """Every sample of a question: the stored ones, then the journal's, by index."""
        rows = {row["sample"]: row for row in self._earlier.get(question.id, [])}
        for name in self._names(question):
            record = self.journal.done.get(name)
            if record is not None:
                rows[call_index(name)] = bank_row(question.id, call_index(name), record)
        return [rows[index] for index in sorted(rows)]

    async def publish(self) -> None:
        """Write the bank and its graded answers; the journal goes once both stand."""
        drawn = [q for q in self.prepared.questions if self._is_news(q)]
        if drawn:
            for question in drawn:
                if question.id not in self._candidates:
                    await self._grade(question)
            new = [row for q in drawn for row in self._rows_of(q)]
            self._folder.merge_bank(self.prepared.key, new)
            candidates = [row for q in drawn for row in self._candidates[q.id]]
            self._folder.merge_candidates(self.prepared.key, candidates)
        written = {name for q in drawn for name in self._names(q)}
        # A kill after the parts were written leaves calls that were recorded before this start.
        earlier = {name for name in self.journal.done if call_sample(name) in self._recorded}
        self.journal.forget(written | earlier)

    def _is_news(self, question: Question) -> bool:
        """Whether the journal has samples of it, or the bank some that were never graded."""
        graded = {row["index"] for row in self._graded[question.id]}
        return any(row["sample"] not in graded for row in self._earlier[question.id]) or any(
            name in self.journal.done for name in self._names(question)
        )

    def failed(self) -> Sequence[tuple[str, str]]:
        """(call, error) of every call that failed, for the run's last words."""
        wanted = {name for question in self.questions for name in self._names(question)}
        done: dict[str, Any] = self.journal.done
        return [(n, done[n].error) for n in sorted(wanted) if n in done and done[n].error]
