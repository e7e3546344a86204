"""vLLM in process: one adapter for GPUs and for CPUs, tokens in and tokens out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from scaling_cli.errors import EngineError
from scaling_cli.types import (
    Alternatives,
    Completion,
    EngineFacts,
    Model,
    OnTokens,
    Request,
    Tokenizer,
)
from scaling_cli.vllm_process import Resources, VllmProcess, start_vllm

OPTIONS: dict[str, Any] = {
    "dtype": "bfloat16",
    "max_num_seqs": 64,
    "max_model_len": 4096,
    "cores": None,
    "kv_cache_gb": 2,
    "stream_interval": 1,
    "log_probabilities": True,
    "plain_sampling": True,
}
"""Our option names with their defaults; every other option goes to vLLM's engine arguments."""

_OURS = {"cores", "kv_cache_gb", "log_probabilities", "plain_sampling"}

SEED = "scale_seed"
TEMPERATURE = "scale_temperature"
"""Keys under which a request carries its seed and temperature to `engines.gumbel`."""


async def open_vllm(model: Model, options: Mapping[str, Any], seed: int) -> VllmEngine:
    """Start AsyncLLM on `model`'s folder of safetensors; takes about half a minute on a CPU."""
    settings = {**OPTIONS, **options}
    if model.tokenizer is None or model.path is None:
        raise EngineError(
            f"vllm needs the weights of {model.name} on this machine", "run scale models pull"
        )
    started = await start_vllm(
        model.name,
        model.path,
        Resources(settings["cores"], settings["kv_cache_gb"]),
        {
            **{name: value for name, value in settings.items() if name not in _OURS},
            "generation_config": "vllm",
            "seed": seed % 2**31,
        },
        cpu_arguments={"logits_processors": ["scaling_cli.engines.gumbel:GumbelMax"]},
    )
    return VllmEngine(started, model.tokenizer, settings)


class VllmEngine:
    """AsyncLLM behind the engine protocol.

    On a CPU vLLM cannot seed a request (it kills the engine): there our own logits processor
    samples, from the request's seed, wherever the plain softmax is asked for. Truncated
    distributions (top_p, top_k, min_p) and penalties fall back to vLLM's unseeded sampler.
    """

    def __init__(
        self, process: VllmProcess, tokenizer: Tokenizer, settings: Mapping[str, Any]
    ) -> None:
        import vllm

        self._process = process
        self._llm = process.llm
        self._tokenizer = tokenizer
        self._settings = settings
        self._on_cpu = on_cpu = process.on_cpu
        self._facts = EngineFacts(
            name="vllm",
            version=str(vllm.__version__),
            dtype=str(settings["dtype"]),
            seeds_requests=not on_cpu or bool(settings["plain_sampling"]),
            streams=True,
            takes_token_ids=True,
            slots=int(settings["max_num_seqs"]),
            details={"device": "cpu" if on_cpu else "gpu"},
        )

    @property
    def facts(self) -> EngineFacts:
        return self._facts

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        """Sample one completion; raises EngineError when the engine refuses or has died."""
        started = time.perf_counter()
        ids: list[int] = []
        logprobs: list[float] | None = [] if self._settings["log_probabilities"] else None
        parameters = self._parameters(request, streaming=on_tokens is not None)
        prompt = {"prompt_token_ids": list(request.prompt)}
        likely: list[Alternatives] = []
        try:
            async for reply in self._llm.generate(prompt, parameters, request.name):
                last = reply
                output = reply.outputs[0]
                new = list(output.token_ids)
                new_logprobs = _chosen(new, output.logprobs) if logprobs is not None else None
                ids += new
                if request.alternatives:
                    likely += [_likeliest(p, request.alternatives) for p in output.logprobs or ()]
                if logprobs is not None and new_logprobs is not None:
                    logprobs += new_logprobs
                if on_tokens is not None and new:
                    on_tokens(new, new_logprobs)
        except Exception as error:
            raise EngineError(
                f"vllm failed on {request.name}: {error}", "run the command again: it resumes"
            ) from error
        return Completion(
            text=self._text(request, ids),
            finish_reason="length" if output.finish_reason == "length" else "stop",
            tokens=tuple(ids),
            prompt_tokens=len(last.prompt_token_ids or request.prompt),
            cached_tokens=last.num_cached_tokens,
            new_tokens=len(ids),
            logprobs=tuple(logprobs) if logprobs is not None else None,
            seconds=time.perf_counter() - started,
            stopped_by=output.stop_reason if isinstance(output.stop_reason, str) else None,
            alternatives=tuple(likely) if request.alternatives else None,
        )

    def _parameters(self, request: Request, *, streaming: bool) -> Any:
        from vllm.sampling_params import RequestOutputKind, SamplingParams

        sampler = request.sampler
        gumbel = self._on_cpu and sampler.temperature > 0 and sampler.is_plain
        noise = {SEED: request.seed, TEMPERATURE: sampler.temperature} if gumbel else None
        stop_ids = [] if sampler.ignore_eos else list(self._tokenizer.stop_ids)
        return SamplingParams(
            temperature=0.0 if gumbel else sampler.temperature,
            extra_args=noise,
            top_p=sampler.top_p,
            top_k=sampler.top_k,
            min_p=sampler.min_p,
            repetition_penalty=sampler.repetition_penalty,
            max_tokens=sampler.max_tokens,
            seed=None if self._on_cpu else request.seed,
            stop_token_ids=stop_ids,
            ignore_eos=sampler.ignore_eos,
            logprobs=request.alternatives or (0 if self._settings["log_probabilities"] else None),
            stop=list(sampler.stop) or None,
            detokenize=bool(sampler.stop),
            output_kind=RequestOutputKind.DELTA if streaming else RequestOutputKind.FINAL_ONLY,
        )

    def _text(self, request: Request, ids: list[int]) -> str:
        text = self._tokenizer.decode(ids)
        ends = [at for stop in request.sampler.stop if (at := text.find(stop)) >= 0]
        return text[: min(ends)] if ends else text

    async def close(self) -> None:
        """Stop the engine's processes; calling it twice does no harm."""
        await self._process.close()


def _chosen(ids: list[int], logprobs: Any) -> list[float]:
    """Log-probability of each sampled token."""
    return [float(position[token].logprob) for token, position in zip(ids, logprobs, strict=True)]


def _likeliest(position: Any, count: int) -> Alternatives:
    """The `count` most likely tokens at one position; the sampled one may stand beside them."""
    ranked = sorted(position.items(), key=lambda item: (-item[1].logprob, item[0]))
    return tuple((int(token), float(known.logprob)) for token, known in ranked[:count])
