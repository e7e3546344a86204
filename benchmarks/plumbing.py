"""Microseconds a request that are ours: the session, the journal, the ledger and the charges.

    python benchmarks/plumbing.py [--requests 20000] [--tokens 60] [--repeats 3] [--json]

Beam search at width 16 in steps of that many tokens with log-probabilities, five steps deep, run
as `scale run` runs it: 128 questions in flight, every reply journalled, every trace scored, every
call charged, the tables published. The engine hands out replies made beforehand, and the verifier
a number read off the trace: what they and the event loop take is measured by a bare loop over the
same engine, and taken away. Grading has processes of its own and is left out. CPU seconds of one
process on one core; the smallest of the repeats. Exit code 1 above the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaling_cli.engines.fake import END, FakeTokenizer, fake_model
from scaling_cli.running import collecting
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import _fill
from scaling_cli.running.scoring import Scoring
from scaling_cli.running.search import SearchCell
from scaling_cli.store import RunFolder
from scaling_cli.sweep import Cell, EngineSpec, ModelSpec, Sweep, TaskSpec
from scaling_cli.tasks.prompts import Prompt
from scaling_cli.types import (
    Asking,
    Completion,
    EngineFacts,
    Grade,
    OnTokens,
    Question,
    Request,
    Reward,
    Sampler,
    StepRule,
    Trace,
    VerifierFacts,
)

LIMIT_MICROSECONDS = 100.0
WIDTH, DEPTH, IN_FLIGHT = 16, 5, 128
REQUESTS_A_QUESTION = WIDTH * DEPTH
REPLIES = 512
PROMPT = "Ten lines of a prompt, as long as prompts of mathematics are.\n" * 4


class Ready:
    """Replies made beforehand: a step of `tokens` tokens, or the solution's end as the fifth."""

    def __init__(self, tokens: int) -> None:
        source = random.Random(0)
        self._steps = [_reply(source, tokens, ends=False) for _ in range(REPLIES)]
        self._ends = [_reply(source, tokens, ends=True) for _ in range(REPLIES)]
        self._last = len(PROMPT) + (DEPTH - 1) * tokens
        self.calls = 0
        self.requests: list[Request] | None = None
        self.facts = EngineFacts("ready", "1", "none", True, False, True, slots=4096)

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        self.calls += 1
        if self.requests is not None:
            self.requests.append(request)
        replies = self._ends if len(request.prompt) >= self._last else self._steps
        await asyncio.sleep(0)
        return replies[request.seed % REPLIES]

    async def close(self) -> None:
        """Nothing to stop."""


def _reply(source: random.Random, tokens: int, *, ends: bool) -> Completion:
    letters = [source.choice(b"abcdefgh ") for _ in range(tokens - 2)]
    ids = (*letters, *((ord("."), END) if ends else b"\n\n"))
    return Completion(
        text=FakeTokenizer().decode(ids),
        finish_reason="stop",
        tokens=ids,
        prompt_tokens=len(PROMPT),
        cached_tokens=0,
        new_tokens=len(ids),
        logprobs=tuple(-source.expovariate(2.0) for _ in ids),
        seconds=0.01,
        stopped_by=None if ends else "\n\n",
    )


@dataclass(frozen=True)
class Free:
    """A verifier that takes no time: the last token's chance."""

    facts: VerifierFacts = field(
        default_factory=lambda: VerifierFacts("free", "process", at_once=True)
    )

    async def score(self, trace: Trace, asking: Asking) -> Reward:
        return Reward(trace.logprobs[-1] if trace.logprobs else 0.0)

    async def close(self) -> None:
        """Nothing to stop."""


class NoGrader:
    """Grading has processes and a benchmark of its own."""

    async def grade(self, texts: Sequence[str], *_: Any, **__: Any) -> list[Grade]:
        return [Grade(None, None, -1, -1, "unanswered", "unanswered") for _ in texts]


async def _unknown(question: Question, trace: Trace) -> bool:
    return False


def make_cell(questions: int, tokens: int) -> PreparedCell:
    """Beam search on made-up questions, on a model without a folder of weights."""
    asked = tuple(Question(f"s/test/{n:012d}", "s", f"{n}?", str(n)) for n in range(questions))
    params = {"n": WIDTH, "m": 4, "max_depth": 40, "leaves": "finish"}
    cell = Cell(
        ModelSpec("m"), TaskSpec("s"), EngineSpec("fake"), "beam", tuple(sorted(params.items())),
        Sampler(temperature=1.0, max_tokens=20 * tokens), 1, 0, step=StepRule(max_tokens=256),
    )  # fmt: skip
    return PreparedCell(
        cell=cell, key="c" * 16, identity={}, model=fake_model("m"), task_revision="r",
        style="math", equality="math", prompt=Prompt("boxed"), questions=asked,
        rendered={question.id: PROMPT for question in asked},
    )  # fmt: skip


async def through_scale(prepared: PreparedCell, engine: Ready, folder: RunFolder) -> None:
    """What `scale run` does once its engine stands, but for grading."""
    folder.write_questions(prepared.questions)
    scoring = Scoring(Free(), None, None, _unknown)
    grader: Any = NoGrader()
    cell = SearchCell(prepared, folder, engine.facts, grader, Progress(), scoring)
    await _fill([cell], engine, Sweep("x", (), (), questions_in_flight=IN_FLIGHT), 0)
    await cell.publish()


async def bare(engine: Ready, requests: Sequence[Request]) -> None:
    """The same requests, as many of them at once."""
    with collecting.seldom():
        for start in range(0, len(requests), WIDTH * IN_FLIGHT):
            some = requests[start : start + WIDTH * IN_FLIGHT]
            await asyncio.gather(*(engine.generate(request) for request in some))


def cpu_seconds(work: Callable[[], Awaitable[None]]) -> float:
    """CPU seconds of this process, all its threads."""

    async def awaited() -> float:
        start = time.process_time()
        await work()
        return time.process_time() - start

    return asyncio.run(awaited())


def measure(requests: int, tokens: int, repeats: int, scratch: Path) -> list[dict[str, Any]]:
    """One row: microseconds a request, the engine's own taken away."""
    prepared = make_cell(max(requests // REQUESTS_A_QUESTION, 1), tokens)
    ours, theirs = [], []
    for number in range(repeats):
        engine = Ready(tokens)
        engine.requests = asked = []
        folder = RunFolder.create(scratch / f"run-{number}")
        ours.append(cpu_seconds(lambda e=engine, f=folder: through_scale(prepared, e, f)))  # type: ignore[misc]
        engine.requests = None
        theirs.append(cpu_seconds(lambda e=engine, a=asked: bare(e, a)))  # type: ignore[misc]
    rows = len(folder.read_part("charges", prepared.key))
    if rows != len(asked):
        raise RuntimeError(f"{len(asked)} requests were made and {rows} charged")
    value = 1e6 * (min(ours) - min(theirs)) / rows
    row = {
        "what": "plumbing, microseconds a request",
        "requests": rows,
        "tokens_a_request": tokens,
        "value": value,
        "bare": 1e6 * min(theirs) / rows,
        "limit": LIMIT_MICROSECONDS,
        "ratio": value / LIMIT_MICROSECONDS,
        "ok": value <= LIMIT_MICROSECONDS,
    }
    return [row]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--tokens", type=int, default=60, help="of each step")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    # One core, as the limit says: what threads of the store take is counted all the same.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as scratch:
        rows = measure(args.requests, args.tokens, args.repeats, Path(scratch))
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        _print(rows)
    return int(not all(row["ok"] for row in rows))


def _print(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        verdict = "ok" if row["ok"] else "too slow"
        print(f"{row['requests']:,} requests of {row['tokens_a_request']} tokens")
        print(f"  {row['value']:.1f} µs a request are ours, {row['bare']:.1f} the engine's")
        print(f"  {row['ratio']:.2f} of the limit of {row['limit']:.0f} µs: {verdict}")


if __name__ == "__main__":
    sys.exit(main())
