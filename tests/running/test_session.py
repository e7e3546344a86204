"""The door: names before the first await, seeds from names, interrupted calls gone on with."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.engines.fake import END, OPTIONS, FakeEngine, FakeTokenizer
from scaling_cli.errors import CallFailed, EngineError
from scaling_cli.running.journal import Journal
from scaling_cli.running.session import Door, QuestionSession, call_index, call_name, seed_of
from scaling_cli.types import (
    Completion,
    EngineFacts,
    OnTokens,
    Question,
    Request,
    Sampler,
    Trace,
)

QUESTION = Question("a/b/c#d", "t", "1 + 1?", "2")


class Echo:
    """An engine that answers with its call's name, late and in any order, and keeps the list."""

    fails = "#3"

    def __init__(self, *, seeds: bool = True, streams: bool = False) -> None:
        self.facts = EngineFacts("echo", "1", "x", seeds, streams, True, 8)
        self.asked: list[Request] = []
        self._source = random.Random(0)

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        self.asked.append(request)
        for _ in range(self._source.randrange(5)):
            await asyncio.sleep(0)
        if request.name.endswith(self.fails):
            raise EngineError("no reply", "try again")
        tokens = tuple(request.name.encode())
        return Completion(request.name, "stop", tokens, 2, 0, len(tokens), None, 0.1)

    async def close(self) -> None:
        """Nothing to close."""


def session_of(path: Path, engine: Any, *, ticks: bool = False, **settings: Any) -> QuestionSession:
    door = Door(
        cell="c", engine=engine, journal=Journal(path / "c.jsonl", ticks=ticks),
        tokenizer=FakeTokenizer(), sampler=Sampler(max_tokens=20),
    )  # fmt: skip
    return QuestionSession(door, QUESTION, prompt_text="p<assistant>", prompt=(1,), **settings)


async def test_names_do_not_depend_on_timing_and_order_is_kept(tmp_path: Path) -> None:
    engine = Echo()
    engine.fails = "#none"
    session = session_of(tmp_path, engine)
    twice = await asyncio.gather(session.extend([Trace()] * 3), session.extend([Trace()] * 4))
    names = [[trace.calls[0] for trace in traces] for traces in twice]
    assert names == [[call_name(QUESTION.id, i) for i in r] for r in (range(3), range(3, 7))]
    assert [t.text for t in twice[0]] == names[0]
    asked = [request.name for request in engine.asked]
    assert len(asked) == len(set(asked)) == 7
    assert {r.seed for r in engine.asked} == {seed_of(f"c/0/{name}") for name in asked}


async def test_branches_have_names_of_their_own(tmp_path: Path) -> None:
    engine = Echo()
    session = session_of(tmp_path, engine)
    second = session.branch(1)
    children = [session, session.branch(0), second, second.branch(0)]
    await asyncio.gather(*(child.extend([Trace()] * 2) for child in children))
    names = [request.name for request in engine.asked]
    assert len(names) == len(set(names)) == 8


async def test_a_failed_call_ends_the_question_once_all_are_recorded_and_is_asked_again(
    tmp_path: Path,
) -> None:
    engine = Echo()
    with pytest.raises(CallFailed, match="#3: no reply"):
        await session_of(tmp_path, engine).extend([Trace()] * 5)
    again = Echo()
    again.fails = "#none"
    traces = await session_of(tmp_path, again).extend([Trace()] * 5)
    assert all(trace.finished for trace in traces)
    assert [request.name for request in again.asked] == [call_name(QUESTION.id, 3)]


async def test_numbers_give_missing_samples_the_names_they_always_had(tmp_path: Path) -> None:
    engine = Echo()
    await session_of(tmp_path, engine, numbers=[2, 5]).extend([Trace()] * 2)
    assert [call_index(request.name) for request in engine.asked] == [2, 5]


@given(question=st.text(min_size=1), index=st.integers(0, 10**6))
def test_the_index_is_read_back_whatever_the_question_is_called(question: str, index: int) -> None:
    assert call_index(call_name(question, index)) == index


@given(st.text())
def test_a_seed_has_31_bits(name: str) -> None:
    assert 0 <= seed_of(name) < 2**31 and seed_of(name) == seed_of(name)


async def _reply(path: Path, told: list[int], engine: Any, max_tokens: int = 20) -> Completion:
    journal = Journal(path / "c.jsonl", ticks=True)
    journal.sampled("q#0", told, [-0.5] * len(told))
    journal.close()
    door = Door(
        cell="c", engine=engine, journal=Journal(path / "c.jsonl", ticks=True),
        tokenizer=FakeTokenizer(), sampler=Sampler(max_tokens=max_tokens),
    )  # fmt: skip
    request = Request("q#0", "q", (1,), "p<assistant>", Sampler(max_tokens=max_tokens), 0)
    record = await door.call(request)
    assert record.completion is not None
    return record.completion


async def test_an_interrupted_call_goes_on_from_its_tokens(tmp_path: Path) -> None:
    engine = Echo(seeds=False, streams=True)
    told = list(b"try 2:..")
    reply = await _reply(tmp_path, told, engine)
    (asked,) = engine.asked
    assert asked.prompt == (1, *told) and asked.prompt_text == "p<assistant>try 2:.."
    assert asked.sampler.max_tokens == 20 - len(told)
    assert reply.tokens == (*told, *b"q#0") and reply.text == "try 2:..q#0"
    assert (reply.new_tokens, reply.prompt_tokens) == (len(told) + 3, 1)


async def test_a_call_whose_last_token_was_journalled_is_not_sampled_past_its_end(
    tmp_path: Path,
) -> None:
    engine = Echo(seeds=False, streams=True)
    told = [*b"try 2: \\boxed{2}", END]
    reply = await _reply(tmp_path, told, engine)
    assert engine.asked == []
    assert reply.tokens == tuple(told) and reply.finish_reason == "stop"
    assert reply.logprobs is not None and len(reply.logprobs) == len(told)


async def test_a_call_whose_room_was_used_up_ends_by_length(tmp_path: Path) -> None:
    engine = Echo(seeds=False, streams=True)
    reply = await _reply(tmp_path, [46] * 20, engine)
    assert engine.asked == []
    assert reply.finish_reason == "length" and reply.new_tokens == 20


async def test_a_call_interrupted_at_every_token_in_turn_is_a_whole_solution(
    tmp_path: Path,
) -> None:
    """Wherever the kill fell, what is gone on with still is a text of the engine's law."""
    law = {**OPTIONS, "streams": True, "seeded": False, "mean_tokens": 5}
    law["questions"] = {"q": replace(QUESTION, id="q")}
    engine = FakeEngine("m", law, 4)
    request = Request("q#0", "q", (1,), "<assistant>", Sampler(max_tokens=200), 0)
    whole = (await engine.generate(request)).tokens or ()
    opening = whole.index(ord(":")) + 1
    for cut in range(opening, len(whole) + 1):
        reply = await _reply(_folder(tmp_path, cut), list(whole[:cut]), engine, 200)
        assert reply.tokens is not None and reply.tokens[:cut] == whole[:cut]
        answer = reply.text[4:].partition(":")[0]
        dots = reply.text.removeprefix(f"try {answer}:").removesuffix(f" \\boxed{{{answer}}}")
        assert set(dots) <= {"."} and reply.tokens.count(END) == 1, reply.text


def _folder(path: Path, number: int) -> Path:
    folder = path / str(number)
    folder.mkdir()
    return folder


def test_a_branch_is_made_once(tmp_path: Path) -> None:
    session = QuestionSession(None, None, prompt_text="", prompt=())  # type: ignore[arg-type]
    session.branch(0).branch(0)
    session.branch(1)
    with pytest.raises(ValueError, match="branch 0 of this session was made before"):
        session.branch(0)
