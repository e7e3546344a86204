"""llama.cpp in process: the embedded default, nothing to compile and no server to start."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from scaling_cli.engines.replies import read_reply
from scaling_cli.errors import EngineError
from scaling_cli.types import Completion, EngineFacts, Model, OnTokens, Request, Tokenizer

OPTIONS: dict[str, Any] = {
    "slots": 16,
    "context": 2048,
    "threads": None,
    "gpu_layers": 0,
}
"""`context` is the longest prompt and completion of one slot; `threads` defaults to all cores."""


async def open_llamacpp(model: Model, options: Mapping[str, Any], seed: int) -> LlamaCppEngine:
    """Load the GGUF file; takes seconds. Raises EngineError where it cannot."""
    settings = {**OPTIONS, **options}
    if model.format != "gguf" or model.path is None or model.tokenizer is None:
        raise EngineError(
            f"llamacpp reads GGUF files, and {model.name} is none",
            "name a GGUF file, or use the engine vllm",
        )
    server = await asyncio.to_thread(_start, model, settings)
    return LlamaCppEngine(server, model, model.tokenizer, settings)


def _start(model: Model, settings: Mapping[str, Any]) -> Any:
    import xllamacpp

    slots = int(settings["slots"])
    threads = int(settings["threads"] or os.cpu_count() or 1)
    params = xllamacpp.CommonParams()
    params.model.path = str(model.path)
    params.n_parallel = slots
    params.n_ctx = slots * int(settings["context"])
    params.kv_unified = False
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_threads_http = slots + 2
    params.n_gpu_layers = int(settings["gpu_layers"])
    params.warmup = False
    params.verbosity = -1
    try:
        return xllamacpp.Server(params)
    except Exception as error:
        raise EngineError(
            f"llama.cpp cannot load {model.name}: {error}", "scale doctor checks the file"
        ) from error


class LlamaCppEngine:
    """Blocking calls of the embedded server, each in a thread of its own."""

    def __init__(
        self, server: Any, model: Model, tokenizer: Tokenizer, settings: Mapping[str, Any]
    ) -> None:
        from importlib.metadata import version

        self._server = server
        self._tokenizer = tokenizer
        self._context = int(settings["context"])
        self._threads = ThreadPoolExecutor(int(settings["slots"]), "llamacpp")
        self._facts = EngineFacts(
            name="llamacpp",
            version=version("xllamacpp"),
            dtype=model.quantisation or "gguf",
            seeds_requests=True,
            streams=False,
            takes_token_ids=True,
            slots=int(settings["slots"]),
        )

    @property
    def facts(self) -> EngineFacts:
        return self._facts

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        """One completion; raises EngineError when the server refuses it."""
        room = self._context - len(request.prompt)
        if room < request.sampler.max_tokens:
            raise EngineError(
                f"{request.name} needs {len(request.prompt)} + {request.sampler.max_tokens} "
                f"tokens, a slot holds {self._context}",
                "set the engine's option context higher",
            )
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._ask, request)
        except EngineError:
            raise
        except Exception as error:
            raise EngineError(
                f"llama.cpp failed on {request.name}: {error}", "run the same command again"
            ) from error

    def _ask(self, request: Request) -> Completion:
        started = time.perf_counter()
        reply = self._server.handle_completions(_body(request))
        if "choices" not in reply:
            message = (reply.get("error") or {}).get("message", "no choices")
            raise EngineError(f"llama.cpp refuses {request.name}: {message}", "see its options")
        return self._completion(reply, request, time.perf_counter() - started)

    def _completion(self, reply: Mapping[str, Any], request: Request, seconds: float) -> Completion:
        told = read_reply(reply, request, seconds)
        return told if told.tokens is None else replace(told, text=self._text(told.tokens, request))

    def _text(self, ids: tuple[int, ...], request: Request) -> str:
        text = self._tokenizer.decode(ids)
        ends = [at for stop in request.sampler.stop if (at := text.find(stop)) >= 0]
        return text[: min(ends)] if ends else text

    async def close(self) -> None:
        """Let the model go; calling it twice does no harm."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._server = None


def _body(request: Request) -> dict[str, Any]:
    """Every sampler setting, said aloud: llama.cpp's own defaults cut the distribution."""
    sampler = request.sampler
    return {
        "prompt": list(request.prompt),
        "max_tokens": sampler.max_tokens,
        "temperature": sampler.temperature,
        "top_p": sampler.top_p,
        "top_k": sampler.top_k,
        "min_p": sampler.min_p,
        "typical_p": 1.0,
        "repeat_penalty": sampler.repetition_penalty,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "samplers": ["penalties", "top_k", "top_p", "min_p", "temperature"],
        "seed": request.seed,
        "stop": list(sampler.stop),
        "ignore_eos": sampler.ignore_eos,
        "logprobs": max(request.alternatives, 1),
        "n_probs": max(request.alternatives, 1),
        "verbose": bool(sampler.stop),
        "return_tokens": bool(sampler.stop),
        "post_sampling_probs": False,
        "cache_prompt": True,
    }
