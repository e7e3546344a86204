"""Workers: right, replaced when they hang or die, shared by threads, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scaling_cli.errors import ScaleError
from scaling_cli.grading import GraderPool, worker

TOWER = "9^{9^{9^{9}}}"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def pool() -> Iterator[GraderPool]:
    with GraderPool(timeout=0.5) as graders:
        yield graders


def gone(pid: int) -> bool:
    """Neither running nor a zombie of ours."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return gone(pid)


def test_no_process_before_it_is_needed() -> None:
    with GraderPool() as graders:
        grades = asyncio.run(
            graders.grade([r"\boxed{0.5}"], ["stop"], "1/2", style="math", equality="math")
        )
        assert grades[0].verdict == "correct"
        assert graders.pids == []


def test_verdicts(pool: GraderPool) -> None:
    assert pool.compare("(x+1)^2", "x^2+2x+1") is True
    assert pool.compare("(x+1)^2", "x^2+2x+2") is False
    assert pool.compare("5", "\x00\ud800") is False


@pytest.mark.parametrize("hanging", [TOWER, "{" * 900 + "x" + "}" * 900])
def test_a_hanging_comparison_is_undecided_and_the_next_one_is_not(
    pool: GraderPool, hanging: str
) -> None:
    before = pool.replaced
    assert pool.compare("x+1", hanging) is None
    # The pair is remembered: a second worker must not be lost to it.
    assert pool.compare("x+1", hanging) is None
    assert pool.replaced == before + 1
    assert pool.compare("x+1", "1+x") is True


def test_a_worker_killed_from_outside_does_not_spoil_the_verdict(pool: GraderPool) -> None:
    assert pool.compare("a+b", "b+a") is True
    (pid,) = pool.pids
    os.kill(pid, signal.SIGKILL)
    assert pool.compare("a+c", "c+a") is True
    assert pool.pids != [pid] and gone(pid)


def test_ctrl_c_leaves_the_worker_alone(pool: GraderPool) -> None:
    assert pool.compare("a+d", "d+a") is True
    (pid,) = pool.pids
    os.kill(pid, signal.SIGINT)
    assert pool.compare("a+e", "e+a") is True
    assert pool.pids == [pid]


def test_threads_share_it(pool: GraderPool) -> None:
    letters = "bcdefghk"
    with ThreadPoolExecutor(8) as threads:
        equal = threads.map(lambda c: pool.compare(f"2+{c}", f"{c}+2"), letters)
        assert list(equal) == [True] * len(letters)


def test_a_worker_has_bounded_memory_and_none_of_the_users_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    with GraderPool(memory_bytes=700 << 20) as graders:
        assert graders.compare("x+1", "1+x") is True
        environment = Path(f"/proc/{graders.pids[0]}/environ")
        if not environment.exists():
            pytest.skip("needs /proc")
        assert b"SOME_API_KEY" not in environment.read_bytes()
        limits = Path(f"/proc/{graders.pids[0]}/limits").read_text().splitlines()
        assert str(700 << 20) in next(line for line in limits if "address space" in line)


def test_closing_ends_a_comparison_in_flight() -> None:
    graders = GraderPool(timeout=PATIENCE)
    assert graders.compare("x+1", "1+x") is True
    (pid,) = graders.pids
    verdicts: list[bool | None] = []
    asking = threading.Thread(target=lambda: verdicts.append(graders.compare("7", TOWER)))
    asking.start()
    time.sleep(0.2)
    graders.close()
    graders.close()
    asking.join(PATIENCE)
    assert verdicts == [None] and gone(pid) and graders.pids == []
    with pytest.raises(RuntimeError):
        graders.compare("x+2", "2+x")


def test_a_cancelled_run_does_not_wait_for_the_rest_of_the_group(pool: GraderPool) -> None:
    before = pool.replaced

    async def cancelled() -> None:
        texts = [rf"\boxed{{x+{TOWER}+{number}}}" for number in range(50)]
        grading = pool.grade(texts, ["stop"] * 50, "8", style="math", equality="math")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(grading, 0.1)

    asyncio.run(cancelled())
    assert pool.replaced - before <= 2


def test_a_grader_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    without = "import sys; sys.modules['math_verify'] = None; "
    monkeypatch.setattr(worker, "_BOOT", without + worker._BOOT)
    with GraderPool() as graders, pytest.raises(ScaleError, match="math_verify") as raised:
        graders.compare("x+1", "1+x")
    assert "install" in raised.value.hint


ORPHAN = """
import sys, threading
from scaling_cli.grading import GraderPool
if __name__ != "__main__":
    raise SystemExit("the worker ran its parent's script")
graders = GraderPool(timeout=float(sys.argv[1]))
assert graders.compare("x+1", "1+x") is True
print(graders.pids[0], flush=True)
if sys.argv[2] == "busy":
    graders.compare("7", "9^{9^{9^{9}}}")
threading.Event().wait()
"""


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_a_killed_parent_leaves_no_worker(tmp_path: Path, state: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(ORPHAN)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    parent = subprocess.Popen(
        [sys.executable, script, "1", state], stdout=subprocess.PIPE, env=environment
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until_gone(pid)


def test_importing_grading_is_light() -> None:
    code = (
        "import sys, scaling_cli.grading; "
        "print([m for m in ('sympy', 'math_verify', 'numpy', 'torch') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "[]"
