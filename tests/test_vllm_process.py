"""What vLLM's processes are told, and by whom."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scaling_cli import vllm_process
from scaling_cli.errors import EngineError
from scaling_cli.vllm_process import Resources, core_numbers, descendants


@pytest.fixture(autouse=True)
def cpu_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(vllm_process, "_told", {})
    monkeypatch.setattr(vllm_process, "_is_cpu_build", lambda: True)


def test_a_second_start_gets_cores_of_its_own() -> None:
    vllm_process._set_environment(Resources("0", 2))
    vllm_process._set_environment(Resources("1-2", 1))
    assert os.environ["VLLM_CPU_KVCACHE_SPACE"] == "1"
    assert os.environ["VLLM_CPU_OMP_THREADS_BIND"] == "1-2"
    assert os.environ["OMP_NUM_THREADS"] == "2"
    assert os.environ["GOMP_CPU_AFFINITY"] == "1 2"


def test_what_the_user_says_stays() -> None:
    os.environ["VLLM_CPU_OMP_THREADS_BIND"] = "3"
    vllm_process._set_environment(Resources(0, 2))
    vllm_process._set_environment(Resources("1", 2))
    assert os.environ["VLLM_CPU_OMP_THREADS_BIND"] == "3"
    assert os.environ["GOMP_CPU_AFFINITY"] == "1"


@pytest.mark.parametrize(
    ("cores", "numbers"), [("0", [0]), ("0-2", [0, 1, 2]), ("0-1,4", [0, 1, 4])]
)
def test_cores_are_read(cores: str, numbers: list[int]) -> None:
    assert core_numbers(cores) == numbers


@pytest.mark.parametrize("cores", ["", "a", "2-1", "1,,2"])
def test_no_cores_are_refused(cores: str) -> None:
    with pytest.raises(EngineError, match="names no cores"):
        core_numbers(cores)


def test_core_0_as_a_number_is_core_0() -> None:
    vllm_process._set_environment(Resources(0, 2))
    assert os.environ["VLLM_CPU_OMP_THREADS_BIND"] == "0"


def test_a_process_and_its_own_are_found() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen(
        [sys.executable, "-c", f"print(flush=True); {child}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={},
    ) as parent:
        assert parent.stdout is not None and parent.stdout.readline()
        found: list[int] = []
        while len(found) < 2:
            found = [pid for pid in descendants(os.getpid()) if pid == parent.pid]
            found += descendants(parent.pid)
        assert parent.poll() is None
        parent.communicate(b"\n")
    assert parent.pid not in descendants(os.getpid())
