"""The HTTP engine against servers that misbehave."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import httpx
import pytest

from scaling_cli.engines.completions import DEAD_AFTER, OPTIONS, CompletionsEngine
from scaling_cli.engines.retry import LONGEST_WAIT, wait_before
from scaling_cli.errors import EngineDied, EngineError
from scaling_cli.types import Request, Sampler

REQUEST = Request("r", "q", (1, 2, 3), "abc", Sampler(temperature=0.8, max_tokens=7), 42)
GOOD = {
    "choices": [
        {"text": " 5", "finish_reason": "stop", "logprobs": {"token_logprobs": [-0.5, -0.1]}}
    ],
    "usage": {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 1},
    },
}


class Server:
    """Answers with each of `replies` in turn, then with the last for ever."""

    def __init__(self, *replies: httpx.Response | Exception | Callable[[Any], httpx.Response]):
        self.replies = list(replies)
        self.bodies: list[dict[str, Any]] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(json.loads(request.content))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply(self.bodies[-1]) if callable(reply) else reply

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def engine(self, **options: Any) -> CompletionsEngine:
        settings = {**OPTIONS, "token_ids": True, **options}
        return CompletionsEngine(
            "http://server/v1", "m", settings, transport=httpx.MockTransport(self), sleep=self.sleep
        )


def good(*_: Any) -> httpx.Response:
    return httpx.Response(200, json=GOOD)


async def test_what_the_server_reports_is_kept() -> None:
    server = Server(good)
    reply = await server.engine().generate(REQUEST)
    assert (reply.text, reply.finish_reason, reply.tokens) == (" 5", "stop", None)
    assert (reply.prompt_tokens, reply.cached_tokens, reply.new_tokens) == (3, 1, 2)
    assert reply.logprobs == (-0.5, -0.1)
    body = server.bodies[0]
    assert body["prompt"] == [1, 2, 3] and body["seed"] == 42 and body["top_p"] == 1.0


async def test_what_it_does_not_report_is_none() -> None:
    bare = httpx.Response(200, json={"choices": [{"text": "", "finish_reason": "length"}]})
    reply = await Server(bare).engine().generate(REQUEST)
    assert reply.finish_reason == "length" and reply.text == ""
    assert [reply.prompt_tokens, reply.cached_tokens, reply.new_tokens, reply.logprobs] == [
        None
    ] * 4


@pytest.mark.parametrize(
    "broken",
    [
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(503),
        httpx.Response(200, content=b'{"choices": [{"te'),
        httpx.Response(200, json={"choices": []}),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("dropped in mid-reply"),
    ],
)
async def test_a_server_that_recovers_is_asked_again(broken: Any) -> None:
    server = Server(broken, broken, good)
    reply = await server.engine().generate(REQUEST)
    assert reply.text == " 5" and len(server.bodies) == 3 and len(server.slept) == 2


async def test_retry_after_is_honoured() -> None:
    server = Server(httpx.Response(429, headers={"Retry-After": "7"}), good)
    await server.engine().generate(REQUEST)
    assert server.slept == [7.0]


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("3", 3, 3), ("99999", LONGEST_WAIT, LONGEST_WAIT), ("soon", 1, 2),
     ("Mon, 01 Jan 2001 00:00:00 GMT", 0, 0)],
)  # fmt: skip
def test_how_long_to_wait(value: str, low: float, high: float) -> None:
    import random

    assert low <= wait_before(1, {"retry-after": value}, random.Random(0)) <= high


async def test_it_gives_up_in_a_sentence_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALE_API_KEY", "sk-secret")
    server = Server(httpx.Response(500, text="sk-secret"))
    with pytest.raises(EngineError, match="answers 500 after 3 attempts") as caught:
        await server.engine(retries=2).generate(REQUEST)
    assert "sk-secret" not in str(caught.value) and "server" in str(caught.value)


async def test_a_refusal_is_not_repeated() -> None:
    server = Server(httpx.Response(401, text="no\x1b[31m entry"))
    with pytest.raises(EngineError, match=r"refuses \(401\): no") as caught:
        await server.engine().generate(REQUEST)
    assert len(server.bodies) == 1 and "\x1b" not in str(caught.value)


async def test_a_reply_that_takes_too_long_is_not_drawn_again() -> None:
    server = Server(httpx.ReadTimeout("slow"))
    with pytest.raises(EngineError, match="did not finish"):
        await server.engine().generate(REQUEST)
    assert len(server.bodies) == 1


async def test_many_failures_in_a_row_end_the_run() -> None:
    engine = Server(httpx.Response(400, text="bad")).engine()
    for _ in range(DEAD_AFTER - 1):
        with pytest.raises(EngineError) as caught:
            await engine.generate(REQUEST)
        assert not isinstance(caught.value, EngineDied)
    with pytest.raises(EngineDied, match="last"):
        await engine.generate(REQUEST)


ASKED = Sampler(
    temperature=0.3, max_tokens=11, top_p=0.9, top_k=7, min_p=0.05, repetition_penalty=1.2,
    stop=("\n\n",), ignore_eos=True,
)  # fmt: skip


async def test_every_setting_is_sent() -> None:
    """A field that `Sampler` gains has to be named here, and sent."""
    names = {"repetition_penalty": ["repetition_penalty", "repeat_penalty"]}
    server = Server(good)
    await server.engine().generate(replace(REQUEST, sampler=ASKED, alternatives=5))
    (body,) = server.bodies
    for field in fields(Sampler):
        value = getattr(ASKED, field.name)
        assert value != field.default, "a neutral value would show nothing"
        for name in names.get(field.name, [field.name]):
            assert body[name] == (list(value) if isinstance(value, tuple) else value)
    assert (body["seed"], body["logprobs"], body["model"]) == (42, 5, "m")


async def test_neutral_settings_are_said_since_servers_have_defaults_of_their_own() -> None:
    server = Server(good)
    await server.engine().generate(REQUEST)
    neutral = {"top_p": 1.0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0,
               "repeat_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0,
               "ignore_eos": False}  # fmt: skip
    assert server.bodies[0].items() >= neutral.items() and "stop" not in server.bodies[0]


OPENAI = {"model", "prompt", "temperature", "top_p", "presence_penalty", "frequency_penalty",
          "max_tokens", "seed", "logprobs", "stop"}  # fmt: skip


def strict(body: dict[str, Any]) -> httpx.Response:
    unknown = sorted(body.keys() - OPENAI)
    return httpx.Response(400, text=f"unknown argument: {unknown[0]}") if unknown else good()


async def test_a_strict_server_is_asked_in_its_own_words_and_asked_once_how() -> None:
    server = Server(strict)
    engine = server.engine()
    for _ in range(3):
        assert (await engine.generate(REQUEST)).text == " 5"
    assert len(server.bodies) == 4 and server.bodies[-1]["prompt"] == [1, 2, 3]


@pytest.mark.parametrize("name", ["top_k", "min_p", "repetition_penalty", "ignore_eos"])
@pytest.mark.parametrize("known", [False, True])
async def test_a_setting_that_matters_is_never_dropped(name: str, known: bool) -> None:
    server = Server(strict)
    engine = server.engine()
    if known:
        await engine.generate(REQUEST)
    before = len(server.bodies)
    asked = replace(REQUEST, sampler=replace(REQUEST.sampler, **{name: getattr(ASKED, name)}))
    with pytest.raises(EngineError, match=name if known else "unknown argument"):
        await engine.generate(asked)
    assert all(body.keys() > OPENAI - {"stop"} for body in server.bodies[before:])


async def test_a_server_that_takes_only_text_gets_text() -> None:
    def only_text(body: dict[str, Any]) -> httpx.Response:
        return httpx.Response(422) if isinstance(body["prompt"], list) else good()

    server = Server(only_text)
    engine = server.engine(token_ids="auto")
    for _ in range(2):
        assert (await engine.generate(REQUEST)).text == " 5"
    assert [body["prompt"] for body in server.bodies[-2:]] == ["abc", "abc"]
    assert len(server.bodies) == 4 and "top_k" in server.bodies[-1]


async def test_one_request_that_is_refused_says_nothing_of_the_server() -> None:
    """A prompt that is too long is refused in every form; the next one is asked in full."""

    def short(body: dict[str, Any]) -> httpx.Response:
        return good() if len(body["prompt"]) <= 3 else httpx.Response(400, text="too long")

    server = Server(short)
    engine = server.engine(token_ids="auto")
    with pytest.raises(EngineError, match="too long"):
        await engine.generate(replace(REQUEST, prompt=(1, 2, 3, 4), prompt_text="abcd"))
    await engine.generate(REQUEST)
    assert server.bodies[-1]["prompt"] == [1, 2, 3] and "top_k" in server.bodies[-1]


async def test_a_prompt_in_text_only_is_not_sent_as_ids() -> None:
    server = Server(good)
    request = replace(REQUEST, prompt=())
    assert (await server.engine(token_ids="auto").generate(request)).text == " 5"
    assert server.bodies[-1]["prompt"] == "abc"
    with pytest.raises(EngineError, match="text only"):
        await server.engine(token_ids=True).generate(request)


async def test_llama_servers_form_is_read_too() -> None:
    def token(number: int, text: str, logprob: float) -> dict[str, Any]:
        told = {"id": number, "token": text, "logprob": logprob}
        return {**told, "top_logprobs": [{**told, "id": 9, "logprob": -0.01}]}

    choice = {"text": "ab", "finish_reason": "stop",
              "logprobs": {"content": [token(1, "a", -0.5), token(2, "b", -0.1)]}}  # fmt: skip
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    asked = replace(REQUEST, alternatives=1)
    whole = httpx.Response(200, json={"choices": [choice], "usage": usage})
    reply = await Server(whole).engine().generate(asked)
    assert (reply.tokens, reply.logprobs) == ((1, 2), (-0.5, -0.1))
    assert reply.alternatives == (((9, -0.01),), ((9, -0.01),))
    native = {"stopping_word": "c", "tokens": [1, 2, 3]}
    told = {"choices": [choice], "usage": {**usage, "completion_tokens": 3}, "__verbose": native}
    reply = await Server(httpx.Response(200, json=told)).engine().generate(asked)
    assert (reply.tokens, reply.stopped_by, reply.new_tokens) == ((1, 2, 3), "c", 3)
    assert reply.logprobs is None, "one of three is not told"


async def test_no_server_named_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    from scaling_cli.engines import open_engine
    from scaling_cli.types import Model

    for name in ("SCALE_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(EngineError, match="needs a server"):
        await open_engine("completions", Model("m", "h"), {}, 0)
