"""Scores through the door: what a verifier asks is named, journalled and charged to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scaling_cli.errors import CallFailed, EngineDied, EngineError
from scaling_cli.running.door import together
from scaling_cli.running.ledger import Note, note_of
from scaling_cli.types import (
    Completion,
    Engine,
    Question,
    Request,
    Reward,
    Sampler,
    Tokenizer,
    Trace,
    Verifier,
)

if TYPE_CHECKING:
    from scaling_cli.running.session import QuestionSession

ATTEMPTS = 3
"""How often a score is asked for before it is recorded as failed."""

IsRight = Callable[[Question, Trace], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Scoring:
    """A verifier, and the model it asks: `engine` and `tokenizer` are None where it has none."""

    verifier: Verifier
    engine: Engine | None
    tokenizer: Tokenizer | None
    is_right: IsRight

    async def score(self, session: QuestionSession, path: str, trace: Trace) -> float | None:
        """The trace's score, NaN where it has none yet; None where it cannot be had, which is on
        record then, and in the ledger."""
        name = f"{session.question.id}#{path}"
        known = session.door.journal.done.get(name)
        if known is not None and known.reward is not None:
            self._note(session, name, trace, known.reward)
            return known.reward.value
        error = ""
        for attempt in range(ATTEMPTS):
            below = path if not attempt else f"{path}.{attempt}"
            asking = QuestionAsking(session, self, below, last_call(trace))
            try:
                reward = await self.verifier.score(trace, asking)
            except EngineDied:
                raise
            except EngineError as failed:
                error = str(failed)
                continue
            if self.verifier.facts.own_engine:
                session.door.keep(name, reward, None)
                self._note(session, name, trace, reward)
            return reward.value
        session.door.keep(name, None, error)
        session.ledger.failed[name] = error
        session.door.drawn(0, True)
        return None

    def _note(self, session: QuestionSession, name: str, trace: Trace, reward: Reward) -> None:
        facts = self.verifier.facts
        session.ledger.note(
            Note(
                name=name,
                role="verifier",
                model=facts.model or facts.name,
                parent=last_call(trace),
                prompt=None,
                new=None,
                prompt_tokens=reward.prompt_tokens,
                cached_tokens=reward.cached_tokens,
                new_tokens=reward.new_tokens,
                seconds=reward.seconds,
                reads_cache=facts.reads_cache,
            )
        )


def last_call(trace: Trace) -> str | None:
    """The call that the trace ends with."""
    return trace.calls[-1] if trace.calls else None


class QuestionAsking:
    """An `Asking`: one score's calls, named below it; `judged` is the call they judge."""

    def __init__(
        self, session: QuestionSession, scoring: Scoring, path: str, judged: str | None
    ) -> None:
        self._session = session
        self._scoring = scoring
        self._path = path
        self._judged = judged
        self._asked = 0

    @property
    def question(self) -> Question:
        return self._session.question

    @property
    def prompt(self) -> tuple[int, ...]:
        return self._session.prompt

    @property
    def prompt_text(self) -> str:
        return self._session.prompt_text

    @property
    def tokenizer(self) -> Tokenizer | None:
        return self._scoring.tokenizer

    @property
    def policy_tokenizer(self) -> Tokenizer | None:
        return self._session.door.tokenizer

    def success_probability(self, trace: Trace) -> float | None:
        """The exact chance that the trace ends right, which only the fake engine knows."""
        law: Any = getattr(self._session.door.engine, "value", None)
        return None if law is None else float(law(self.question.id, trace.text))

    async def is_right(self, trace: Trace) -> bool:
        return await self._scoring.is_right(self.question, trace)

    async def ask(
        self, prompt_text: str, sampler: Sampler, *, count: int = 1, alternatives: int = 0
    ) -> list[Completion]:
        """`count` replies of the verifier's own model."""
        numbers = range(self._asked, self._asked + count)
        self._asked += count
        return await together(
            self._ask(number, prompt_text, sampler, alternatives) for number in numbers
        )

    async def _ask(
        self, number: int, prompt_text: str, sampler: Sampler, alternatives: int
    ) -> Completion:
        engine, tokenizer = self._scoring.engine, self._scoring.tokenizer
        assert engine is not None
        name = f"{self.question.id}#{self._path}/{number}"
        request = Request(
            name=name,
            question_id=self.question.id,
            prompt=() if tokenizer is None else tuple(tokenizer.encode(prompt_text)),
            prompt_text=prompt_text,
            sampler=sampler,
            seed=self._session.door.seed_for(name),
            alternatives=alternatives,
        )
        record = await self._session.door.call(request, engine)
        if record.completion is None:
            raise CallFailed(f"{name}: {record.error}", "run the same command again")
        model = self._scoring.verifier.facts.model or "verifier"
        whole = tokenizer is not None
        self._session.ledger.note(
            note_of(record, request, "verifier", model, self._judged, whole=whole)
        )
        return record.completion

    async def roll(
        self, trace: Trace, *, count: int = 1, temperature: float | None = None
    ) -> list[Trace]:
        """`count` continuations by the policy, charged to the verifier."""
        below = self._session.under(f"{self._path.rpartition('/')[2]}/", "verifier")
        bare = replace(trace, rewards=())
        return await below.extend([bare] * count, temperature=temperature)
