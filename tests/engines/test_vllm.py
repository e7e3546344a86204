"""What vLLM is told: every option of a sweep reaches its engine arguments. Needs no vLLM."""

from __future__ import annotations

import os
import sys
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from scaling_cli import vllm_process
from scaling_cli.cli.sweeps import read_sweep
from scaling_cli.engines import open_engine
from scaling_cli.engines.fake import FakeTokenizer
from scaling_cli.errors import EngineError
from scaling_cli.types import Model

PARALLEL = {
    "tensor_parallel_size": 2,
    "data_parallel_size": 4,
    "pipeline_parallel_size": 2,
    "data_parallel_backend": "ray",
    "enable_expert_parallel": True,
    "gpu_memory_utilization": 0.85,
    "max_num_batched_tokens": 16384,
    "kv_cache_dtype": "fp8",
    "quantization": "awq",
    "enforce_eager": True,
    "enable_prefix_caching": False,
}
"""Options that only vLLM knows, and two for which we have a default of our own."""

YAML = """
engine: {{name: vllm, dtype: float16, {options}}}
models: [smollm2-135m-instruct]
tasks: [{{name: gsm_symbolic, size: 3}}]
samples: 2
"""


class Arguments:
    """vLLM's engine arguments: they keep what they are given, and know no `warp_drive`."""

    def __init__(self, **given: Any) -> None:
        if "warp_drive" in given:
            raise TypeError("unexpected keyword argument 'warp_drive'")
        self.given = given


class Llm:
    started: list[dict[str, Any]]

    @classmethod
    def from_engine_args(cls, arguments: Arguments) -> Llm:
        cls.started.append(arguments.given)
        return cls()

    def shutdown(self) -> None:
        """Nothing runs."""


@pytest.fixture(params=[False, True], ids=["gpu", "cpu"])
def started(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What each engine was started with, on a machine with a GPU or without."""

    class Platform:
        is_cpu = staticmethod(lambda: request.param)

    names = {
        "vllm": {"__version__": "0"},
        "vllm.engine": {},
        "vllm.engine.arg_utils": {"AsyncEngineArgs": Arguments},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.async_llm": {"AsyncLLM": Llm},
        "vllm.v1.executor": {},
        "vllm.v1.executor.uniproc_executor": {"UniProcExecutor": object},
        "vllm.platforms": {"current_platform": Platform},
    }
    for name, contents in names.items():
        module = ModuleType(name)
        module.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, module)
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(vllm_process, "_told", {})
    monkeypatch.setattr(vllm_process, "_start_reaper", lambda: None)
    monkeypatch.setattr(Llm, "started", [], raising=False)
    return Llm.started


def options_in(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Engine options as a sweep file gives them."""
    words = ", ".join(f"{name}: {str(value).lower()}" for name, value in options.items())
    file = folder / "s.yaml"
    file.write_text(YAML.format(options=words))
    return dict(read_sweep(file).engine.options)


def model(folder: Path) -> Model:
    return Model("m", "h", folder, "safetensors", tokenizer=FakeTokenizer())


async def test_every_option_of_a_sweep_reaches_vllm(started: list[Any], tmp_path: Path) -> None:
    engine = await open_engine("vllm", model(tmp_path), options_in(tmp_path, PARALLEL), 7)
    await engine.close()
    (given,) = started
    assert {name: given[name] for name in PARALLEL} == PARALLEL
    assert (given["model"], given["dtype"], given["seed"]) == (str(tmp_path), "float16", 7)
    assert given["generation_config"] == "vllm", "the model's own settings must not decide"
    ours = {"cores", "kv_cache_gb", "log_probabilities", "plain_sampling"}
    assert not ours & given.keys(), "what vLLM does not know is not handed on"


@pytest.mark.parametrize("size", [1, 2])
async def test_parallel_workers_are_not_forced_into_one_process(
    started: list[Any], tmp_path: Path, size: int
) -> None:
    options = options_in(tmp_path, {"tensor_parallel_size": size})
    await (await open_engine("vllm", model(tmp_path), options, 0)).close()
    on_cpu = "logits_processors" in started[0]
    assert ("distributed_executor_backend" in started[0]) == (on_cpu and size == 1)


async def test_an_option_vllm_does_not_know_is_named(started: list[Any], tmp_path: Path) -> None:
    options = options_in(tmp_path, {"warp_drive": 9})
    with pytest.raises(EngineError, match=r"does not know an option.*warp_drive"):
        await open_engine("vllm", model(tmp_path), options, 0)
    assert not started


@pytest.mark.vllm
@pytest.mark.skipif(find_spec("vllm") is None, reason="no vLLM")
def test_vllm_has_these_options() -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs

    assert PARALLEL.keys() <= {field.name for field in fields(AsyncEngineArgs)}
