"""Answers, servers and disks at their worst: every sample is kept, counted and repaired."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from scaling_cli.engines import completions
from scaling_cli.grading import GraderPool
from scaling_cli.running import run as run_module
from scaling_cli.store import RunFolder
from scaling_cli.store.tables import whole_text
from tests.cli.command import Scale
from tests.engines.served import listening

# --- answers ------------------------------------------------------------------------------------

DEEP = 400

HOSTILE = {
    "a tower of powers": r"\boxed{9^{9^{9^{9}}}}",
    "100 kB of a sum": "\\boxed{" + "1+" * 50_000 + "1}",
    "100 kB of digits": "\\boxed{" + "7" * 100_000 + "}",
    "nested fractions": "\\boxed{" + "\\frac{1}{" * DEEP + "x" + "}" * DEEP + "}",
    "boxes never closed": "\\boxed{" * 5_000,
    "nothing": "",
    "a lone surrogate": "\ud800\x00 \\boxed{3}",
    "terminal escapes": "\x1b[31m[bold] \\boxed{[/red]\x1b]0;x\x07}",
    "never stops": "x + x + " * 2_000,
    "the right answer": "\\boxed{x+1}",
}
"""What a model wrote, asked for x + 1, which is compared by algebra."""


def reply(text: str, *, finish: str = "stop") -> bytes:
    choice = {"text": text, "finish_reason": finish, "logprobs": {"token_logprobs": [-0.5]}}
    usage = {"prompt_tokens": 9, "completion_tokens": 1 + len(text) // 4}
    return json.dumps({"choices": [choice], "usage": usage}).encode()


def sweep(scale: Scale, url: str, *, samples: int, questions: int = 1) -> Path:
    scale.write()
    rows = [
        {"question": f"what follows x? ({i})", "answer": "x+1", "id": f"q{i}"}
        for i in range(questions)
    ]
    (scale.folder / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)))
    file = scale.folder / "s.yaml"
    file.write_text(SWEEP.format(url=url, data=scale.folder / "sums.jsonl", samples=samples))
    return file


SWEEP = """
engine: {{name: completions, base_url: '{url}', seeded: true, retries: 3}}
models: [m]
tasks: [{{name: sums.jsonl, data: {data}, prompt: few-shot}}]
samples: {samples}
max_tokens: 120
"""


def rows(scale: Scale, kind: str = "candidates") -> list[dict[str, Any]]:
    folder = RunFolder(scale.results / "s")
    return [
        {**row, "cell": key}
        for key in folder.cells(kind)
        for row in folder.read_part(kind, key).to_pylist()
    ]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Graders that give up soon, and no waiting between two attempts."""
    monkeypatch.setattr(run_module, "GraderPool", partial(GraderPool, timeout=0.5))
    monkeypatch.setattr(completions, "wait_before", lambda *_: 0.0)


VERDICTS = {
    "a tower of powers": "timeout",
    "nothing": "unanswered",
    "boxes never closed": "unanswered",
    "never stops": "unanswered",
    "the right answer": "correct",
}


def test_hostile_answers_are_graded_kept_and_counted(scale: Scale) -> None:
    """A comparison that hangs is a timeout, an answer of another value is wrong; none is lost."""
    names, sent, lock = list(HOSTILE), 0, Lock()

    def answer(body: Mapping[str, Any]) -> tuple[int, bytes]:
        nonlocal sent
        with lock:
            sent += 1
            name = names[sent % len(names)]
        return 200, reply(HOSTILE[name], finish="length" if name == "never stops" else "stop")

    samples = 2 * len(names)
    with listening(answer) as url:
        said = scale.run(sweep(scale, url, samples=samples), "--json")
    assert said.code == 0, said
    assert _verdicts(scale) == {name: {VERDICTS.get(name, "wrong")} for name in names}
    assert len(rows(scale)) == samples + 1
    drawn = [row for row in rows(scale) if row["cell"] == _sampled(scale)]
    curve = scale("accuracy", scale.results / "s", "--json").rows
    (one,) = (
        row
        for row in curve
        if row["strategy"] == "sampling" and row["selector"] == "first"
        and (row["k"], row["max_tokens"]) == (1, 120)
    )  # fmt: skip

    def share(*verdicts: str) -> Any:
        return pytest.approx(sum(row["verdict"] in verdicts for row in drawn) / samples)

    assert one["accuracy"] == share("correct")
    assert one["unanswered"] == share("unanswered", "timeout")


def _sampled(scale: Scale) -> str:
    """The cell of the samples; the other is the greedy one."""
    folder = RunFolder(scale.results / "s")
    return max(folder.cells("candidates"), key=lambda key: len(folder.read_part("bank", key)))


def _verdicts(scale: Scale) -> dict[str, set[str]]:
    """The verdicts of each hostile text."""
    written = {(r["cell"], r["question_id"], r["sample"]): r["text"] for r in rows(scale, "bank")}
    names = {whole_text(text): name for name, text in HOSTILE.items()}
    found: dict[str, set[str]] = {}
    for row in rows(scale):
        text = written[row["cell"], row["question_id"], row["index"]]
        found.setdefault(names[text], set()).add(row["verdict"])
    return found


# --- servers ------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[int, bytes] | None] = {
    "429": (429, b"slow down"),
    "500": (500, b"<html>oops"),
    "half a JSON": (200, reply("\\boxed{x+1}")[:40]),
    "no choices": (200, b'{"choices": []}'),
    "a dropped connection": None,
}


class Server:
    """Right answers to every question, behind faults; what it answered is kept."""

    def __init__(self) -> None:
        self.answered: list[tuple[str, int]] = []
        self.faults: dict[tuple[str, int], list[str]] = {}
        self.dies_after: int | None = None
        self._lock = Lock()

    def __call__(self, body: Mapping[str, Any]) -> tuple[int, bytes] | None:
        name = str(body["prompt"]), int(body["seed"])
        with self._lock:
            if self.dies_after is not None and len(self.answered) >= self.dies_after:
                return None
            left = self.faults.setdefault(name, [])
            if left:
                return FAULTS[left.pop()]
            self.answered.append(name)
        return 200, reply("\\boxed{x+1}")


def test_a_server_with_every_fault_costs_no_sample(scale: Scale) -> None:
    server, sent = Server(), 0

    def answer(body: Mapping[str, Any]) -> tuple[int, bytes] | None:
        nonlocal sent
        name = str(body["prompt"]), int(body["seed"])
        if name not in server.faults:  # each sample meets two faults, all samples together all
            sent += 1
            kinds = [*FAULTS, *FAULTS]
            server.faults[name] = kinds[sent % len(FAULTS) :][:2]
        return server(body)

    with listening(answer) as url:
        said = scale.run(sweep(scale, url, samples=4, questions=3), "--json")
    assert said.code == 0, said
    assert len(server.answered) == len(set(server.answered)) == 3 * 5
    assert [row["verdict"] for row in rows(scale)] == ["correct"] * 15


def test_a_server_that_dies_in_mid_run_and_comes_back(scale: Scale) -> None:
    server, questions, samples = Server(), 12, 4
    with listening(server) as url:
        file = sweep(scale, url, samples=samples, questions=questions)
        server.dies_after = 20
        assert "calls failed" in scale.run(file).mistake
    assert "ConnectError" in scale.run(file).mistake, "nothing listens there now"
    kept = list(server.answered)
    status = scale("status", scale.results / "s", "--json").rows
    assert sum(row["done"] for row in status) == len(kept) == 20
    assert sum(row["samples"] for row in status) == questions * (samples + 1)
    server.dies_after = None
    with listening(server, int(url.rpartition(":")[2].partition("/")[0])):
        assert scale.run(file).code == 0
    assert len(server.answered) == len(set(server.answered)) == questions * (samples + 1)
    assert [row["verdict"] for row in rows(scale)] == ["correct"] * len(server.answered)


# --- disks --------------------------------------------------------------------------------------


def data_of(results: Path) -> dict[str, bytes]:
    """The parts of a run that hold samples, byte for byte."""
    return {
        str(file.relative_to(results)): file.read_bytes()
        for kind in ("bank", "candidates", "charges")
        for file in sorted(results.glob(f"s/{kind}/*.parquet"))
    }


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, float]]:
    """The calls that were answered: model, name, temperature."""
    from scaling_cli.engines.fake import FakeEngine

    asked: list[tuple[str, str, float]] = []
    generate = FakeEngine.generate

    async def counted(self: Any, request: Any, on_tokens: Any = None) -> Any:
        reply = await generate(self, request, on_tokens)
        asked.append((self._name, request.name, request.sampler.temperature))
        return reply

    monkeypatch.setattr(FakeEngine, "generate", counted)
    return asked


@pytest.mark.parametrize("room", [0, 8, 32, 64, 128])
def test_a_disk_that_fills_in_mid_run(
    scale: Scale, small_disk: Path, calls: list[Any], room: int
) -> None:
    """`room` kilobytes are left: it fills before the manifest, between calls, or while
    parts are written."""
    fresh = scale.results
    assert scale.run(scale.write()).code == 0
    whole = data_of(fresh)
    asked = len(calls)
    scale.results = small_disk / "results"
    ballast = small_disk / "ballast"
    free = os.statvfs(small_disk)
    ballast.write_bytes(b"x" * (free.f_bavail * free.f_frsize - room * 1024))
    mistake = scale.run(scale.write()).mistake
    assert "disk is full" in mistake or "No space left" in mistake
    known = recorded(scale)
    ballast.unlink()
    drawn = len(calls)
    again = scale.run(scale.write(), "--json")
    assert again.code == 0 and sum(row["done"] for row in again.rows) == asked
    assert len(calls) - drawn == asked - known, "no recorded call is made twice"
    assert data_of(scale.results) == whole


def test_a_journal_with_a_torn_last_line_costs_that_call_only(
    scale: Scale, calls: list[Any]
) -> None:
    file = scale.write(models="small", options="die_after: 30")
    assert "died" in scale.run(file).mistake
    journal = max(scale.results.glob("s/journal/*.jsonl"), key=lambda one: one.stat().st_size)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2])
    known = recorded(scale)
    assert known == 29
    again = scale.run(scale.write(models="small"), "--json")
    assert again.code == 0 and sum(row["done"] for row in again.rows) == 8 * 7
    assert len(calls) == 30 + 8 * 7 - known


def recorded(scale: Scale) -> int:
    """How many samples a run that stopped has kept."""
    said = scale("status", scale.results / "s", "--json")
    return 0 if said.code else sum(row["done"] for row in said.rows)


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.argv = ["scale", *sys.argv[2:]]
runpy.run_module("scaling_cli.cli.main", run_name="__main__")
"""


@pytest.mark.parametrize("limit", [500, 6_000])
def test_a_file_that_may_not_grow(scale: Scale, calls: list[Any], limit: int) -> None:
    """A quota on the size of a file, as another way for a write to fail: needs no rights."""
    file = scale.write()
    command = [sys.executable, "-c", LIMITED, limit, "run", file, "--results", scale.results]
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert ended.returncode == 2 and ended.stdout == "", ended
    assert "error: " in ended.stderr and "hint: " in ended.stderr
    assert "Traceback" not in ended.stderr
    known = recorded(scale)
    assert scale.run(file).code == 0
    assert len(calls) == 2 * 8 * 7 - known
