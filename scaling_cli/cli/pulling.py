"""Fetching weights with progress, on request or before a run that needs them."""

from __future__ import annotations

import sys
import time

from scaling_cli import models
from scaling_cli.cli.output import say
from scaling_cli.sweep import Sweep


class PullProgress:
    """Shows bytes as they come: redrawn on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._last = 0.0
        self._what = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        finished = done >= total
        pause = 0.2 if sys.stderr.isatty() else 10.0
        if what == self._what and not finished and time.monotonic() - self._last < pause:
            return
        if what == self._what and finished and not sys.stderr.isatty():
            return
        self._last, self._what = time.monotonic(), what
        line = f"{what}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        if sys.stderr.isatty():
            print(f"\r\x1b[K{line}", end="\n" if finished else "", file=sys.stderr, flush=True)
        else:
            say(line)


def ensure_weights(sweep: Sweep) -> None:
    """Fetch the registered models a sweep uses and this machine lacks."""
    asked = [(spec, spec.engine or sweep.engine) for spec in sweep.models]
    asked += [(v.model, v.engine) for v in sweep.verifiers if v.model and v.engine]
    for spec, used in asked:
        engine = used.name
        if (
            spec.path is None
            and spec.name in models.MODELS
            and engine not in ("fake", "completions")
        ):
            models.pull(spec.name, progress=PullProgress())
