"""The contract every engine keeps: one test body, run on each engine that is here."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio

from scaling_cli import models
from scaling_cli.engines import open_engine
from scaling_cli.engines.fake import OPTIONS as FAKE
from scaling_cli.engines.fake import FakeEngine, fake_model
from scaling_cli.running.bench import for_engine
from scaling_cli.running.progress import Progress
from scaling_cli.sweep import EngineSpec
from scaling_cli.types import Engine, Message, Model, Question, Request, Sampler
from tests.engines.served import serving

SMALL = "smollm2-135m-instruct"
QUESTION = Question("t/s/1", "t", "What is 2+3?", "5")

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None and models.is_here(SMALL)


OPTIONS: dict[str, dict[str, Any]] = {
    "completions": {},
    "fake": {"questions": {QUESTION.id: QUESTION}, "mean_tokens": 20},
    "llamacpp": {"slots": 4, "context": 512, "threads": 1},
    "vllm": {"max_num_seqs": 8, "max_model_len": 512, "kv_cache_gb": 1, "cores": "0"},
}


_SERVERS: list[Any] = []
"""Servers live as long as something names them."""


@dataclass(frozen=True)
class Opened:
    """An engine with the model it serves."""

    engine: Engine
    model: Model

    def request(self, number: int = 0, **sampler: object) -> Request:
        assert self.model.tokenizer is not None
        text = self.model.tokenizer.chat([Message("user", QUESTION.text)])
        return Request(
            name=f"r{number}",
            question_id=QUESTION.id,
            prompt=tuple(self.model.tokenizer.encode(text)),
            prompt_text=text,
            sampler=replace(Sampler(temperature=0.8, max_tokens=24), **sampler),  # type: ignore[arg-type]
            seed=1000 + number,
        )


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        "fake",
        "completions",
        *(
            pytest.param(
                name,
                marks=pytest.mark.skipif(
                    not _has("xllamacpp"), reason="no llama.cpp or no weights"
                ),
            )
            for name in ("llamacpp", "completions-llama-server")
        ),
        pytest.param(
            "vllm",
            marks=[
                pytest.mark.vllm,
                pytest.mark.skipif(not _has("vllm"), reason="no vLLM or no weights"),
            ],
        ),
    ],
)
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    name, _, behind = request.param.partition("-")
    model = (
        fake_model() if name == "fake" or request.param == "completions" else models.resolve(SMALL)
    )
    with ExitStack() as stack:
        options = OPTIONS[name]
        if name == "completions":
            url = _llama_server(model) if behind else stack.enter_context(_fake_server(model))
            options = {"base_url": url, "seeded": True}
        ready = for_engine(model, EngineSpec(name), Progress())
        engine = await open_engine(name, ready, options, 0)
        yield Opened(engine, model)
        await engine.close()
        await engine.close()


def _fake_server(model: Model) -> AbstractContextManager[str]:
    return serving(FakeEngine(model.name, {**FAKE, **OPTIONS["fake"]}, 0), QUESTION.id)


def _llama_server(model: Model) -> str:
    """The base URL of a llama-server; it ends with this process."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model.path)
    params.n_parallel, params.n_ctx, params.kv_unified = 4, 4 * 512, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.port, params.warmup, params.verbosity = _free_port(), False, -1
    _SERVERS.append(xllamacpp.Server(params))
    return f"{_SERVERS[-1].listening_address}/v1"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


async def test_what_was_sampled_is_what_is_reported(opened: Opened) -> None:
    reply = await opened.engine.generate(opened.request())
    assert reply.tokens is not None and reply.new_tokens == len(reply.tokens)
    assert reply.prompt_tokens == len(opened.request().prompt)
    assert reply.cached_tokens is None or 0 <= reply.cached_tokens <= reply.prompt_tokens
    assert reply.logprobs is not None and len(reply.logprobs) == len(reply.tokens)
    assert all(value <= 1e-6 for value in reply.logprobs)
    assert opened.model.tokenizer is not None
    assert reply.text == opened.model.tokenizer.decode(reply.tokens)
    assert reply.seconds >= 0


async def test_the_limit_is_kept_and_said(opened: Opened) -> None:
    reply = await opened.engine.generate(opened.request(max_tokens=3, ignore_eos=True))
    assert reply.new_tokens == 3 and reply.finish_reason == "length"


async def test_an_end_is_told_from_a_limit(opened: Opened) -> None:
    replies = await asyncio.gather(
        *(opened.engine.generate(opened.request(i, max_tokens=200)) for i in range(6))
    )
    for reply in replies:
        assert reply.tokens is not None and opened.model.tokenizer is not None
        ended = reply.tokens[-1] in opened.model.tokenizer.stop_ids
        assert (reply.finish_reason == "stop") == ended
    assert any(reply.finish_reason == "stop" for reply in replies)


async def test_greedy_is_repeatable(opened: Opened) -> None:
    request = opened.request(temperature=0.0)
    first = await opened.engine.generate(request)
    second = await opened.engine.generate(replace(request, name="again", seed=5))
    assert first.tokens == second.tokens


async def test_a_seed_names_its_sample(opened: Opened) -> None:
    assert opened.engine.facts.seeds_requests
    requests = [opened.request(i) for i in range(6)]
    first = await asyncio.gather(*map(opened.engine.generate, requests))
    again = [replace(r, name=f"{r.name}again") for r in reversed(requests)]
    second = await asyncio.gather(*map(opened.engine.generate, again))
    # Numerics may differ with the batch; the law and nearly every sample may not.
    same = sum(a.tokens == b.tokens for a, b in zip(first, reversed(second), strict=True))
    assert same >= 5
    assert len({reply.tokens for reply in first}) > 1


async def test_many_at_once_all_come_back(opened: Opened) -> None:
    replies = await asyncio.gather(
        *(opened.engine.generate(opened.request(i, max_tokens=4)) for i in range(20))
    )
    assert [reply.new_tokens is not None and reply.new_tokens <= 4 for reply in replies] == [
        True
    ] * 20


async def test_a_streaming_engine_tells_every_token(opened: Opened) -> None:
    if not opened.engine.facts.streams:
        pytest.skip("this engine does not stream")
    told: list[int] = []
    reply = await opened.engine.generate(
        opened.request(3), lambda tokens, logprobs: told.extend(tokens)
    )
    assert tuple(told) == reply.tokens


async def test_text_ends_before_a_stop_string(opened: Opened) -> None:
    if opened.engine.facts.name == "fake":
        pytest.skip("the fake engine's texts hold no stop string")
    stop = " "
    reply = await opened.engine.generate(opened.request(4, stop=(stop,)))
    assert stop not in reply.text
