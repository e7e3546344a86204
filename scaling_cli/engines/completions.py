"""Any server that speaks OpenAI's /v1/completions: vLLM, llama-server, SGLang, hosted ones."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scaling_cli.engines.replies import read_reply
from scaling_cli.engines.retry import wait_before
from scaling_cli.errors import EngineDied, EngineError
from scaling_cli.types import Completion, EngineFacts, Model, OnTokens, Request, Sampler

OPTIONS: dict[str, Any] = {
    "base_url": None,
    "model": None,
    "slots": 32,
    "timeout": 600.0,
    "retries": 6,
    "token_ids": "auto",
    "seeded": False,
    "dtype": None,
}
"""`base_url` else $SCALE_BASE_URL or $OPENAI_BASE_URL; the key only from $SCALE_API_KEY or
$OPENAI_API_KEY. `seeded: true` where the server is known to honour seeds."""

RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
REFUSED = frozenset({400, 415, 422})
"""What a server answers to a request it does not understand."""
DEAD_AFTER = 20
"""Calls in a row that fail before the server is taken for dead."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a server is asked: prompts as token ids or as text; with every sampler setting, or
    with OpenAI's alone."""

    ids: bool
    every_setting: bool


async def open_completions(
    model: Model, options: Mapping[str, Any], seed: int
) -> CompletionsEngine:
    """A client; the server is first asked when the first question is."""
    settings = {**OPTIONS, **{k: v for k, v in options.items() if v is not None}}
    base = (
        settings["base_url"]
        or os.environ.get("SCALE_BASE_URL")
        or os.environ.get("OPENAI_BASE_URL")
    )
    if not base:
        raise EngineError(
            "the engine completions needs a server",
            "set SCALE_BASE_URL, for example http://localhost:8000/v1",
        )
    return CompletionsEngine(str(base), settings["model"] or model.name, settings)


class CompletionsEngine:
    """Requests with retries; what the server does not report stays None."""

    def __init__(
        self,
        base_url: str,
        model: str,
        settings: Mapping[str, Any],
        *,
        transport: Any = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        import httpx

        key = os.environ.get("SCALE_API_KEY") or os.environ.get("OPENAI_API_KEY")
        self._client = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(float(settings["timeout"]), connect=10.0),
            limits=httpx.Limits(max_connections=int(settings["slots"])),
            transport=transport,
        )
        self._model = model
        self._settings = settings
        self._sleep = sleep
        self._jitter = random.Random(0)
        ids = {"true": [True], "false": [False]}.get(
            str(settings["token_ids"]).lower(), [True, False]
        )
        self._forms = [Form(i, every) for i in ids for every in (True, False)]
        self._failed_in_a_row = 0
        self._slots = asyncio.Semaphore(int(settings["slots"]))
        self._facts = EngineFacts(
            name="completions",
            version="v1",
            dtype=str(settings["dtype"] or "unknown"),
            seeds_requests=bool(settings["seeded"]),
            streams=False,
            takes_token_ids=ids != [False],
            slots=int(settings["slots"]),
        )

    @property
    def facts(self) -> EngineFacts:
        return self._facts

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        """One completion, asked again while the server is busy or broken.

        Raises EngineError when it stays so, EngineDied after many such calls in a row.
        """
        async with self._slots:
            started = time.perf_counter()
            try:
                reply = await self._ask(request)
            except EngineDied:
                raise
            except EngineError as error:
                self._failed_in_a_row += 1
                if self._failed_in_a_row >= DEAD_AFTER:
                    raise EngineDied(
                        f"the last {DEAD_AFTER} calls failed: {error.message}",
                        "see to the server and run the same command again: it resumes",
                    ) from error
                raise
            self._failed_in_a_row = 0
            return read_reply(reply, request, time.perf_counter() - started)

    async def _ask(self, request: Request) -> dict[str, Any]:
        """The first form the server understands is its form from then on.

        Raises the server's refusal of the fullest form where it refuses them all.
        """
        refusal: EngineError | None = None
        only_elsewhere = _beyond_openai(request.sampler)
        for form in list(self._forms):
            if form.ids and not request.prompt:
                continue
            if only_elsewhere and not form.every_setting:
                refusal = refusal or EngineError(
                    f"{self._host} takes OpenAI's settings only, and {only_elsewhere[0]} is none",
                    "leave it out, or use a server that takes it (vLLM, SGLang, llama-server)",
                )
                continue
            try:
                reply = await self._post(self._body(request, form))
            except _Refused as error:
                if error.status not in REFUSED:
                    raise
                refusal = refusal or error
                continue
            self._keep(form, request)
            return reply
        raise refusal or EngineError(
            f"{request.name} has a prompt in text only", "set the engine's option token_ids to auto"
        )

    def _keep(self, form: Form, request: Request) -> None:
        """Ask in this form from now on; a prompt in text only says nothing about ids."""
        kept = [
            one
            for one in self._forms
            if one.every_setting == form.every_setting
            and (one.ids == form.ids or not request.prompt)
        ]
        self._forms = kept or self._forms

    def _body(self, request: Request, form: Form) -> dict[str, Any]:
        """Every setting said aloud: a server's own defaults would cut the distribution."""
        sampler = request.sampler
        body: dict[str, Any] = {
            "model": self._model,
            "prompt": list(request.prompt) if form.ids else request.prompt_text,
            "temperature": sampler.temperature,
            "top_p": sampler.top_p,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "max_tokens": sampler.max_tokens,
            "seed": request.seed,
            "logprobs": max(request.alternatives, 1),  # llama-server takes 0 for none at all
        }
        if sampler.stop:
            body["stop"] = list(sampler.stop)
        if not form.every_setting:
            return body
        # Token ids are what banks store; with a stop text, llama-server tells which it was.
        asked = {"return_token_ids": True}
        if sampler.stop:
            asked |= {"verbose": True, "return_tokens": True}
        return body | _settings(sampler) | asked

    async def _post(self, body: Mapping[str, Any]) -> dict[str, Any]:
        import httpx

        retries = int(self._settings["retries"])
        for attempt in range(retries + 1):
            headers: Mapping[str, str] = {}
            try:
                reply = await self._client.post("/completions", json=dict(body))
                if reply.status_code == 200:
                    return _checked(reply)
                problem, headers = f"answers {reply.status_code}", reply.headers
                if reply.status_code not in RETRIED:
                    raise _Refused(self._host, reply.status_code, _message(reply))
            except httpx.ReadTimeout as error:
                # What was being sampled is longer than usual: asking again would favour short ones.
                raise EngineError(
                    f"{self._host} did not finish within {self._settings['timeout']} s",
                    "set the engine's option timeout higher",
                ) from error
            except (httpx.TransportError, ValueError) as error:
                problem = f"{type(error).__name__}"
            if attempt < retries:
                await self._sleep(wait_before(attempt, headers, self._jitter))
        raise EngineError(
            f"{self._host} {problem} after {retries + 1} attempts", "run the same command again"
        )

    @property
    def _host(self) -> str:
        return f"the server {self._client.base_url.host}"

    async def close(self) -> None:
        """Close the connections; calling it twice does no harm."""
        await self._client.aclose()


class _Refused(EngineError):
    def __init__(self, host: str, status: int, message: str) -> None:
        hint = "check the key" if status in (401, 403) else "check the model's name and the options"
        super().__init__(f"{host} refuses ({status}): {message}", hint)
        self.status = status


def _message(reply: Any) -> str:
    """The server's words, short and without control characters."""
    text = "".join(c if c.isprintable() else " " for c in reply.text)
    return text[:200]


def _checked(reply: Any) -> dict[str, Any]:
    content = reply.json()
    if not isinstance(content, dict) or not content.get("choices"):
        raise ValueError("no choices")
    return content


def _settings(sampler: Sampler) -> dict[str, Any]:
    """The settings OpenAI's API has no name for, by their names in vLLM, SGLang, llama-server."""
    return {
        "top_k": sampler.top_k or -1,  # 0 means off in most, -1 in all
        "min_p": sampler.min_p,
        "repetition_penalty": sampler.repetition_penalty,
        "repeat_penalty": sampler.repetition_penalty,
        "ignore_eos": sampler.ignore_eos,
    }


def _beyond_openai(sampler: Sampler) -> list[str]:
    """Settings that matter and that OpenAI's API has no name for."""
    neutral = _settings(Sampler())
    return [name for name, value in _settings(sampler).items() if value != neutral[name]]
