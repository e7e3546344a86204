"""One worker process, started when first needed and replaced when it hangs or dies.

math-verify guards itself with signals, which fail in threads, and some inputs outlive them. Here
it runs in a process of its own: a comparison that takes too long ends with that process.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from scaling_cli.errors import ScaleError
from scaling_cli.grading.child import READY, UNDECIDED

START_SECONDS = 120.0
DYING_SECONDS = 5.0
START_ATTEMPTS = 3
LATE = "late"
GONE = "gone"
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from scaling_cli.grading.child import main; main(float(sys.argv[2]), int(sys.argv[3]))"
)
_ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "TMPDIR")


class Worker:
    """Compares one pair at a time; closed from any thread."""

    def __init__(self, *, cpu_seconds: float, memory_bytes: int) -> None:
        self._cpu_seconds = cpu_seconds
        # CPU time ends a comparison; this only ends one that sleeps or waits for memory.
        self._wall_seconds = 10 * cpu_seconds + 10
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._busy = threading.Lock()
        self._guard = threading.Lock()
        self._closed = False
        self.replaced = 0

    @property
    def pid(self) -> int | None:
        """The live process's id; None before the first comparison and after a kill."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def equal(self, gold: str, answer: str) -> bool | None:
        """Whether `answer` equals `gold`; None where that could not be decided in time.

        A process that dies of anything but its time limit gets the pair once more: whatever
        killed it may have nothing to do with the pair.
        """
        line = json.dumps([gold, answer]).encode() + b"\n"
        with self._busy:
            for _ in range(2):
                process = self._running()
                reply = _asked(process, line, self._wall_seconds)
                if isinstance(reply, bool):
                    return reply
                code = self._discard(late=reply == LATE)
                if self._closed or reply in (LATE, UNDECIDED) or code == -signal.SIGPROF:
                    return None
            return None

    def close(self) -> None:
        """End the process, whatever it is doing, and start no other."""
        with self._guard:
            self._closed = True
            if self._process is not None:
                self._process.kill()
        # A comparison in flight sees its process die and lets go.
        with self._busy:
            self._discard(late=True)

    def _running(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is not None and process.poll() is None:
            return process
        reason = ""
        for _ in range(START_ATTEMPTS):
            self._discard(late=True)
            process = self._started()
            reply = _read_line(process, START_SECONDS)
            if reply == READY:
                return process
            reason = reply["error"] if isinstance(reply, dict) else f"its process is {reply}"
        self._discard(late=True)
        raise ScaleError(
            f"the answer grader cannot start: {reason}",
            "install math-verify into this environment, or grade with --equality string",
        )

    def _started(self) -> subprocess.Popen[bytes]:
        paths = json.dumps([str(path) or os.getcwd() for path in sys.path])
        limits = [str(self._cpu_seconds), str(self._memory_bytes)]
        with self._guard:
            if self._closed:
                raise RuntimeError("this grader is closed")
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOT, paths, *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # A process that reads hostile text has no need of the user's tokens.
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                bufsize=0,
            )
            return self._process

    def _discard(self, *, late: bool) -> int | None:
        """Reap the process, if any: killed at once where it is late, else as it ends by itself."""
        with self._guard:
            process, self._process = self._process, None
        if process is None:
            return None
        self.replaced += not self._closed
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if not late:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(DYING_SECONDS)
        process.kill()
        return process.wait()


def _asked(process: subprocess.Popen[bytes], line: bytes, seconds: float) -> Any:
    assert process.stdin is not None
    try:
        process.stdin.write(line)
    except OSError:
        return GONE
    return _read_line(process, seconds)


def _read_line(process: subprocess.Popen[bytes], seconds: float) -> Any:
    """The reply; LATE where none comes within `seconds`, GONE where the process has ended."""
    assert process.stdout is not None
    handle = process.stdout.fileno()
    deadline = time.monotonic() + seconds
    data = b""
    while not data.endswith(b"\n"):
        if not select.select([handle], [], [], max(deadline - time.monotonic(), 0))[0]:
            return LATE
        chunk = os.read(handle, 65536)
        if not chunk:
            return GONE
        data += chunk
    return json.loads(data)
