"""llama.cpp's replies as completions, whatever it leaves out; no weights needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from scaling_cli.engines.fake import FakeTokenizer, fake_model
from scaling_cli.engines.llamacpp import OPTIONS, LlamaCppEngine
from scaling_cli.types import Completion, Request, Sampler

pytest.importorskip("xllamacpp")


class Server:
    """Answers with one reply."""

    def __init__(self, reply: Mapping[str, Any]) -> None:
        self.reply = reply
        self.body: Mapping[str, Any] = {}

    def handle_completions(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.body = body
        return self.reply


def reply(
    tokens: Sequence[int], told: Sequence[int], *, count: int | None = None, stop: str = ""
) -> dict[str, Any]:
    """All `tokens` in the server's own form, the chances of some in OpenAI's: -0.5, -1.5, ..."""
    content = [
        {
            "id": token,
            "logprob": -0.5 - place,
            "top_logprobs": [{"id": token, "logprob": -0.5 - place}, {"id": 0, "logprob": -9.0}],
        }
        for place, token in enumerate(told)
    ]
    return {
        "choices": [{"text": "as told", "finish_reason": "stop", "logprobs": {"content": content}}],
        "usage": {"completion_tokens": len(tokens) if count is None else count, "prompt_tokens": 1},
        "__verbose": {"tokens": list(tokens), "stopping_word": stop},
    }


async def completion(told: Mapping[str, Any], *, stop: str = "", likely: int = 0) -> Completion:
    server = Server(told)
    engine = LlamaCppEngine(server, fake_model(), FakeTokenizer(), {**OPTIONS, "slots": 1})
    sampler = Sampler(max_tokens=9, stop=(stop,) if stop else ())
    done = await engine.generate(Request("q#0", "q", (1,), "p", sampler, 3, likely))
    await engine.close()
    assert server.body["return_tokens"] and server.body["verbose"]
    return done


def known(done: Completion) -> list[float | None]:
    assert done.logprobs is not None
    return [None if math.isnan(value) else value for value in done.logprobs]


async def test_the_tokens_of_a_stop_text_are_kept_and_their_chances_unknown() -> None:
    done = await completion(reply(b"ab\n\n", b"ab", stop="\n\n"), stop="\n\n", likely=2)
    assert done.tokens == tuple(b"ab\n\n") and done.new_tokens == 4
    assert known(done) == [-0.5, -1.5, None, None]
    assert done.alternatives is not None
    assert [len(position) for position in done.alternatives] == [2, 2, 0, 0]
    assert (done.text, done.stopped_by, done.finish_reason) == ("ab", "\n\n", "stop")


async def test_tokens_inside_a_character_are_kept_and_their_chances_unknown() -> None:
    tokens = "né!".encode()
    done = await completion(reply(tokens, [tokens[0], *tokens[2:]]))
    assert done.tokens == tuple(tokens) and done.text == "né!"
    assert known(done) == [-0.5, None, -1.5, -2.5]


async def test_a_reply_told_whole_has_every_chance() -> None:
    done = await completion(reply(b"aab", b"aab"))
    assert known(done) == [-0.5, -1.5, -2.5] and done.alternatives is None


async def test_a_step_of_nothing_but_a_stop_text_has_no_chances_known() -> None:
    done = await completion(reply(b"\n\n", b"", stop="\n\n"), stop="\n\n")
    assert known(done) == [None, None] and done.text == ""


async def test_what_cannot_be_placed_is_not_told() -> None:
    """Chances of tokens that were not sampled, or not all tokens: nothing is made up."""
    strange = await completion(reply(b"ab", b"ax"), likely=2)
    assert (strange.tokens, strange.logprobs, strange.alternatives) == (tuple(b"ab"), None, None)
    short = await completion(reply(b"ab", b"ab", count=3))
    assert (short.tokens, short.logprobs, short.new_tokens) == (None, None, 3)
    assert short.text == "as told"
