"""One question's view of the door: every call is named, seeded and charged here."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from scaling_cli.errors import CallFailed
from scaling_cli.running.door import Door, in_turn, seed_of, together
from scaling_cli.running.journal import Record
from scaling_cli.running.ledger import Ledger, note_of
from scaling_cli.running.scoring import Scoring, last_call
from scaling_cli.running.steps import step_end, stop_text
from scaling_cli.types import (
    Completion,
    FinishReason,
    Question,
    Request,
    Role,
    Sampler,
    StepEnd,
    StepRule,
    Trace,
)

__all__ = ["Door", "QuestionSession", "Search", "call_index", "call_name", "seed_of"]


@dataclass(frozen=True, slots=True)
class Search:
    """What sessions know beyond the door: where steps end, who scores, and how many likely
    tokens the verifier must be told at every position that the policy samples."""

    rule: StepRule = field(default_factory=StepRule)
    scoring: Scoring | None = None
    alternatives: int = 0


class QuestionSession:
    """A `Session`: one question's view of the door.

    `numbers` are the names of the traces a first `extend` makes, so that a bank with some
    samples draws the missing ones under the names they always had.
    """

    def __init__(
        self,
        door: Door,
        question: Question,
        *,
        prompt_text: str,
        prompt: Sequence[int],
        numbers: Iterable[int] | None = None,
        path: str = "",
        search: Search | None = None,
        ledger: Ledger | None = None,
        role: Role = "policy",
    ) -> None:
        self._door = door
        self._question = question
        self._prompt_text = prompt_text
        self._prompt = tuple(prompt)
        self._numbers = iter(numbers) if numbers is not None else itertools.count()
        self._scores = itertools.count()
        self._path = path
        self._branches: set[int] = set()
        self._search = search or Search()
        self._ledger = ledger or Ledger()
        self._role = role
        self._spent = 0

    @property
    def question(self) -> Question:
        return self._question

    @property
    def ledger(self) -> Ledger:
        """Every call made so far, those of branches included."""
        return self._ledger

    @property
    def prompt(self) -> tuple[int, ...]:
        return self._prompt

    @property
    def prompt_text(self) -> str:
        return self._prompt_text

    @property
    def door(self) -> Door:
        return self._door

    def branch(self, index: int) -> QuestionSession:
        """A session whose calls carry names of their own, for fan-out; each index once."""
        if index in self._branches:
            raise ValueError(f"branch {index} of this session was made before: its names are taken")
        self._branches.add(index)
        return self.under(f"{index}/", self._role)

    def under(self, path: str, role: Role) -> QuestionSession:
        """A session whose calls are named below `path` and charged to `role`."""
        return QuestionSession(
            self._door,
            self._question,
            prompt_text=self._prompt_text,
            prompt=self._prompt,
            path=f"{self._path}{path}",
            search=self._search,
            ledger=self._ledger,
            role=role,
        )

    async def extend(
        self,
        traces: Sequence[Trace],
        *,
        stop: Sequence[str] = (),
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> list[Trace]:
        """Continue every trace by one call, all at once; the order is kept."""
        rooms = [self._room(trace) if max_tokens is None else max_tokens for trace in traces]
        samplers = self._samplers(tuple(stop), rooms, temperature)
        return await self._grow(traces, samplers, self._extended)

    async def step(
        self, traces: Sequence[Trace], *, temperature: float | None = None
    ) -> list[Trace]:
        """Continue every trace by one step, all at once; the order is kept."""
        rule = self._search.rule
        rooms = [min(rule.max_tokens, self._room(trace)) for trace in traces]
        samplers = self._samplers(rule.stops, rooms, temperature)
        return await self._grow(traces, samplers, self._stepped)

    async def score(self, traces: Sequence[Trace]) -> list[Trace]:
        """Every trace with one more reward, NaN where it has none or its scoring failed."""
        scoring = self._search.scoring
        if scoring is None:
            raise ValueError("this cell has no verifier: name one in the sweep")
        paths = [f"s{next(self._scores)}" for _ in traces]
        gathered = in_turn if scoring.verifier.facts.at_once else together
        values = await gathered(
            scoring.score(self, f"{self._path}{path}", trace)
            for path, trace in zip(paths, traces, strict=True)
        )
        return [
            self._scored(trace, math.nan if value is None else value)
            for trace, value in zip(traces, values, strict=True)
        ]

    def _scored(self, trace: Trace, value: float) -> Trace:
        last = last_call(trace)
        if last is not None:
            self._ledger.scored(last, value)
        return _scored(trace, value)

    def _room(self, trace: Trace) -> int:
        """Tokens the trace may still have."""
        return self._door.sampler.max_tokens - len(trace.tokens)

    def _samplers(
        self, stops: tuple[str, ...], rooms: Sequence[int], temperature: float | None
    ) -> list[Sampler]:
        """A sampler for every room; traces with as much room share one."""
        own = self._door.sampler
        found = {
            room: replace(
                own,
                stop=(*own.stop, *stops),
                max_tokens=max(room, 1),
                temperature=own.temperature if temperature is None else temperature,
            )
            for room in {*rooms}
        }
        return [found[room] for room in rooms]

    async def _grow(
        self,
        traces: Sequence[Trace],
        samplers: Sequence[Sampler],
        longer: Callable[[Trace, Record, Completion], Trace],
    ) -> list[Trace]:
        """Ask for every trace, then make the longer ones; CallFailed where a call failed."""
        if any(trace.finished for trace in traces):
            raise ValueError("a finished trace cannot be continued")
        # Names are given before the first await: they must not depend on timing.
        names = [f"{self._path}{next(self._numbers)}" for _ in traces]
        records = await together(
            self._ask(name, trace, sampler)
            for name, trace, sampler in zip(names, traces, samplers, strict=True)
        )
        grown = []
        for trace, record in zip(traces, records, strict=True):
            if record.completion is None:
                raise CallFailed(f"{record.name}: {record.error}", "run the same command again")
            grown.append(longer(trace, record, record.completion))
            self._spent += record.completion.new_tokens or 0
        return [replace(t, spent=self._spent) if t.finished else t for t in grown]

    async def _ask(self, name: str, trace: Trace, sampler: Sampler) -> Record:
        call = call_name(self._question.id, name)
        request = Request(
            name=call,
            question_id=self._question.id,
            prompt=self._prompt + trace.tokens,
            prompt_text=self._prompt_text + trace.text,
            sampler=sampler,
            seed=self._door.seed_for(call),
            alternatives=self._search.alternatives,
        )
        record = await self._door.call(
            request, reduced=partial(reduced, vocabulary=self._door.vocabulary)
        )
        if record.completion is not None:
            parent, whole = last_call(trace), bool(self._prompt)
            self._ledger.note(
                note_of(record, request, self._role, self._door.model, parent, whole=whole)
            )
        return record

    def _extended(self, trace: Trace, record: Record, completion: Completion) -> Trace:
        tokens, text = self._written(trace, completion)
        reason = completion.finish_reason
        room = self._room(trace) - (completion.new_tokens or 0)
        ended = reason == "stop" or room < 1
        return _longer(
            trace,
            record,
            completion,
            tokens=tokens,
            text=text,
            finished=ended,
            finish_reason=reason,
            steps=trace.steps,
            ends=trace.ends,
        )

    def _stepped(self, trace: Trace, record: Record, completion: Completion) -> Trace:
        own, rule = self._door.sampler, self._search.rule
        ended_by = stop_text(completion, (*own.stop, *rule.stops), self._door.tokenizer)
        tokens, text = self._written(trace, completion)
        new = text[len(trace.text) :]
        end = step_end(completion, ended_by, rule, self._step_before(trace, new), new)
        room = own.max_tokens - len(tokens)
        cut = end == "repeat" or (end in ("step", "cap") and room < 1)
        reason: FinishReason | None = "length" if cut else "stop" if end == "end" else None
        return _longer(
            trace,
            record,
            completion,
            tokens=tokens,
            text=text,
            finished=reason is not None,
            finish_reason=reason,
            steps=(*trace.steps, len(tokens)),
            ends=(*trace.ends, end),
        )

    def _step_before(self, trace: Trace, new: str) -> str:
        """The text of the trace's last step, where it could be `new` once more."""
        if not trace.text.rstrip().endswith(new.strip()):
            return ""
        if len(trace.steps) < 2 or self._door.tokenizer is None:
            return trace.text
        return trace.text[len(self._door.tokenizer.decode(trace.tokens[: trace.steps[-2]])) :]

    def _written(self, trace: Trace, completion: Completion) -> tuple[tuple[int, ...], str]:
        """Tokens and text of the trace with the reply at its end."""
        tokens = trace.tokens + (completion.tokens or ())
        return tokens, self._text(trace, tokens, completion)

    def _text(self, trace: Trace, tokens: tuple[int, ...], completion: Completion) -> str:
        """The text of the whole trace; a prompt's own stop text is left out, a step's is kept."""
        if self._door.tokenizer is None or completion.tokens is None:
            return trace.text + completion.text + (completion.stopped_by or "")
        text = self._door.tokenizer.decode(tokens)
        ends = [at for stop in self._door.sampler.stop if (at := text.find(stop)) >= 0]
        return text[: min(ends)] if ends else text


def reduced(completion: Completion, vocabulary: int | None) -> Completion:
    """The likely tokens at every position as two numbers a token: the rest would fill the disk."""
    likely = completion.alternatives
    if likely is None:
        return completion
    from scaling_cli.laws.confidence import token_certainty, token_confidence

    certainty = None if vocabulary is None else token_certainty(likely, vocabulary)
    return replace(
        completion,
        alternatives=None,
        confidence=tuple(map(float, token_confidence(likely))),
        certainty=None if certainty is None else tuple(map(float, certainty)),
    )


def _longer(
    trace: Trace,
    record: Record,
    completion: Completion,
    *,
    tokens: tuple[int, ...],
    text: str,
    finish_reason: FinishReason | None,
    finished: bool,
    steps: tuple[int, ...],
    ends: tuple[StepEnd, ...],
) -> Trace:
    """The trace as it is now, and what is told of its tokens."""
    return Trace(
        tokens=tokens,
        text=text,
        rewards=trace.rewards,
        finished=finished,
        finish_reason=finish_reason,
        logprobs=_joined(trace.logprobs, completion.logprobs),
        calls=(*trace.calls, record.name),
        steps=steps,
        ends=ends,
        confidence=_joined(trace.confidence, completion.confidence),
        certainty=_joined(trace.certainty, completion.certainty),
        spent=trace.spent,
    )


def _scored(trace: Trace, reward: float) -> Trace:
    """The trace with one more reward; by name, since `replace` takes three times as long."""
    return Trace(
        tokens=trace.tokens,
        text=trace.text,
        rewards=(*trace.rewards, reward),
        finished=trace.finished,
        finish_reason=trace.finish_reason,
        logprobs=trace.logprobs,
        calls=trace.calls,
        steps=trace.steps,
        ends=trace.ends,
        confidence=trace.confidence,
        certainty=trace.certainty,
        spent=trace.spent,
    )


def _joined(
    before: tuple[float, ...] | None, new: tuple[float, ...] | None
) -> tuple[float, ...] | None:
    return None if before is None or new is None else before + new


def call_name(question_id: str, name: str | int) -> str:
    """A call's name within its cell."""
    return f"{question_id}#{name}"


def call_index(name: str) -> int:
    """The sample's index in a bank call's name."""
    return call_sample(name)[1]


def call_sample(name: str) -> tuple[str, int]:
    """A bank call's question and the number of its sample; -1 for a call of a search."""
    question_id, _, index = name.rpartition("#")
    return question_id, int(index) if index.isdecimal() else -1


def call_question(name: str) -> str:
    """The question a call belongs to."""
    return name.rpartition("#")[0]
