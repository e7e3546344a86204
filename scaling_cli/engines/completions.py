"""Any server that speaks OpenAI's /v1/completions: vLLM, llama-server, SGLang, hosted ones."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from scaling_cli.engines.retry import wait_before
from scaling_cli.errors import EngineDied, EngineError
from scaling_cli.types import Alternatives, Completion, EngineFacts, Model, OnTokens, Request

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
DEAD_AFTER = 20
"""Calls in a row that fail before the server is taken for dead."""


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
        self._ids: bool | None = {"true": True, "false": False}.get(
            str(settings["token_ids"]).lower()
        )
        self._failed_in_a_row = 0
        self._slots = asyncio.Semaphore(int(settings["slots"]))
        self._facts = EngineFacts(
            name="completions",
            version="v1",
            dtype=str(settings["dtype"] or "unknown"),
            seeds_requests=bool(settings["seeded"]),
            streams=False,
            takes_token_ids=self._ids is not False,
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
            return _completion(reply, request, time.perf_counter() - started)

    async def _ask(self, request: Request) -> dict[str, Any]:
        if self._ids is None and request.prompt:
            self._ids = await self._takes_ids(request)
        return await self._post(self._body(request, ids=bool(self._ids and request.prompt)))

    async def _takes_ids(self, request: Request) -> bool:
        """Some servers take only text: they refuse a list of ids at once."""
        body = {**self._body(request, ids=True), "max_tokens": 1}
        try:
            await self._post(body)
        except _Refused as error:
            if error.status in (400, 415, 422):
                return False
            raise
        return True

    def _body(self, request: Request, *, ids: bool) -> dict[str, Any]:
        sampler = request.sampler
        body: dict[str, Any] = {
            "model": self._model,
            "prompt": list(request.prompt) if ids else request.prompt_text,
            "temperature": sampler.temperature,
            "top_p": sampler.top_p,
            "max_tokens": sampler.max_tokens,
            "seed": request.seed,
            "logprobs": request.alternatives,
        }
        if sampler.stop:
            body["stop"] = list(sampler.stop)
        # Not OpenAI's: sent only where they say something, since strict servers refuse them.
        extras = {
            "top_k": sampler.top_k or None,
            "min_p": sampler.min_p or None,
            "repetition_penalty": sampler.repetition_penalty
            if sampler.repetition_penalty != 1
            else None,
            "ignore_eos": sampler.ignore_eos or None,
        }
        return body | {key: value for key, value in extras.items() if value is not None}

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


def _whole(logprobs: list[float | None]) -> tuple[float, ...] | None:
    """All log-probabilities, or None where one is missing."""
    told = [float(value) for value in logprobs if value is not None]
    return tuple(told) if told and len(told) == len(logprobs) else None


def _alternatives(choice: Mapping[str, Any], request: Request) -> tuple[Alternatives, ...] | None:
    """The most likely tokens at each position by their text; None where they are not told."""
    told = (choice.get("logprobs") or {}).get("top_logprobs")
    if not request.alternatives or not told or not all(isinstance(p, dict) for p in told):
        return None
    return tuple(
        tuple(sorted(((str(t), float(v)) for t, v in p.items()), key=lambda pair: -pair[1]))
        for p in told
    )


def _completion(reply: Mapping[str, Any], request: Request, seconds: float) -> Completion:
    choice = reply["choices"][0]
    usage = reply.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    logprobs = (choice.get("logprobs") or {}).get("token_logprobs")
    ids = choice.get("token_ids")
    known = logprobs or []
    return Completion(
        text=str(choice.get("text") or ""),
        finish_reason="length" if choice.get("finish_reason") == "length" else "stop",
        tokens=tuple(ids) if ids else None,
        prompt_tokens=usage.get("prompt_tokens"),
        cached_tokens=details.get("cached_tokens"),
        new_tokens=usage.get("completion_tokens"),
        logprobs=_whole(known),
        seconds=seconds,
        stopped_by=reason if isinstance(reason := choice.get("stop_reason"), str) else None,
        alternatives=_alternatives(choice, request),
    )
