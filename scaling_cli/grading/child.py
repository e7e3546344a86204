"""The worker process: one line with two answers in, one line with a verdict out."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys

READY = "ready"
UNDECIDED = "undecided"
ORPHAN_CHECK_SECONDS = 10.0


def main(cpu_seconds: float, memory_bytes: int) -> None:
    """Answer until the pipe closes, as it does when the parent is gone."""
    # Ctrl-C is the parent's to handle: a comparison it interrupts would be recorded as undecided.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    try:
        _restrain(memory_bytes)
        _warm_up()
    except Exception as error:
        _reply({"error": f"{type(error).__name__}: {error}"})
        return
    _reply(READY)
    while line := _next_line(parent):
        gold, answer = json.loads(line)
        verdict = _timed(gold, answer, cpu_seconds)
        _reply(verdict)
        if verdict == UNDECIDED:
            return


def _restrain(memory_bytes: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        os.nice(5)


def _warm_up() -> None:
    """Everything the first comparison would otherwise import or build on its own time."""
    import logging

    from scaling_cli.grading.equality import slow_equal

    logging.disable(logging.CRITICAL)
    slow_equal(r"\frac{x+1}{2}", r"x/2")


def _timed(gold: str, answer: str, cpu_seconds: float) -> bool | str:
    """The verdict; the kernel ends this process once the comparison has used its CPU time.

    CPU time, so that the verdict does not depend on what else the machine is doing.
    """
    from scaling_cli.grading.equality import slow_equal

    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        return slow_equal(gold, answer)
    except MemoryError:
        return UNDECIDED
    except Exception:
        return False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _next_line(parent: int) -> bytes:
    """The next line; empty when the parent is gone, even if the pipe is held open elsewhere."""
    while not select.select([0], [], [], ORPHAN_CHECK_SECONDS)[0]:
        if os.getppid() != parent:
            return b""
    return sys.stdin.buffer.readline()


def _reply(value: object) -> None:
    sys.stdout.buffer.write(json.dumps(value).encode() + b"\n")
    sys.stdout.buffer.flush()
