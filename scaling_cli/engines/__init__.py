"""The table of engines: how each is opened, and the options it takes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from scaling_cli.errors import EngineError
from scaling_cli.types import Engine, Model

ENGINES: dict[str, str] = {
    "llamacpp": "scaling_cli.engines.llamacpp:open_llamacpp",
    "vllm": "scaling_cli.engines.vllm:open_vllm",
    "completions": "scaling_cli.engines.completions:open_completions",
    "fake": "scaling_cli.engines.fake:open_fake",
}

EXTRAS = {"llamacpp": "pip install 'scaling-cli[llamacpp]'", "vllm": "see the README, vLLM"}


async def open_engine(name: str, model: Model, options: Mapping[str, Any], seed: int) -> Engine:
    """Start an engine on a model; EngineError with the remedy where it cannot be."""
    if name not in ENGINES:
        raise EngineError(f"there is no engine {name}", f"valid: {', '.join(ENGINES)}")
    module, _, function = ENGINES[name].partition(":")
    try:
        opener = getattr(importlib.import_module(module), function)
        engine: Engine = await opener(model, options, seed)
    except ImportError as error:
        raise EngineError(
            f"the engine {name} cannot be imported: {error}", EXTRAS.get(name, "install it")
        ) from error
    return engine


def options_of(name: str) -> Mapping[str, Any]:
    """An engine's option names with their defaults."""
    module = importlib.import_module(ENGINES[name].partition(":")[0])
    options: Mapping[str, Any] = module.OPTIONS
    return options


def dtype_of(name: str, model: Model, options: Mapping[str, Any]) -> str:
    """The precision a bank is drawn in, which is part of what the bank is."""
    if "dtype" in options:
        return str(options["dtype"])
    if name == "vllm":
        return str(options_of("vllm")["dtype"])
    return model.quantisation or "unknown"
