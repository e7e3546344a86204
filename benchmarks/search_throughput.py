"""Search against plain sampling on an engine with a GPU's law of batch latency, in simulated time.

    python benchmarks/search_throughput.py [--questions 256] [--in-flight 128] [--json]

The engine batches as vLLM does: at every decode step the waiting requests take the free slots, and
the step takes what `Law` says. Solutions come in steps with a blank line behind each; lengths are
geometric. Beam search, REBASE and sampling run at width 16 as `scale run` runs them, on a clock
that jumps to the next event, so the figures do not depend on this machine. Throughput counts
prompt tokens that the prefix cache did not hold and new tokens alike. Exit code 1 where a search
keeps less than 0.85 of sampling's throughput, or is less than 4 times faster than itself with one
question at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaling_cli.engines.fake import END, FakeTokenizer, fake_model
from scaling_cli.running.cell import BankCell
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import _fill
from scaling_cli.running.scoring import Scoring
from scaling_cli.running.search import SearchCell
from scaling_cli.store import RunFolder
from scaling_cli.sweep import Cell, EngineSpec, ModelSpec, Sweep, TaskSpec
from scaling_cli.tasks.prompts import Prompt
from scaling_cli.types import (
    Completion,
    EngineFacts,
    Grade,
    OnTokens,
    Question,
    Request,
    Sampler,
    StepRule,
    Trace,
)
from scaling_cli.verifiers import open_verifier

KEPT_LIMIT, FASTER_LIMIT = 0.85, 4.0
WIDTH, STEPS, TOKENS_A_STEP, STEP_CAP = 16, 5, 60, 256
BLOCK = 16
END_OF_STEP = "\n\n"
PARAMS: dict[str, dict[str, Any]] = {
    "sampling": {},
    "beam": {"n": WIDTH, "m": 4, "max_depth": 40, "leaves": "finish"},
    "rebase": {
        "n": WIDTH, "temperature": 0.1, "max_depth": 25, "rounding": "largest-remainder",
        "leaves": "finish",
    },
}  # fmt: skip
PROMPT = "The lines of a prompt, as long as prompts of mathematics are.\n" * 4


@dataclass(frozen=True)
class Law:
    """Seconds of an H100-class GPU (SXM: 3.35 TB/s, 990 TFLOP/s dense BF16, NVIDIA's data sheet)
    with a model of 7.6e9 parameters in BF16 and 57 kB of keys and values a token (Qwen2.5-7B's
    published shape: 28 layers, 4 KV heads of 128), by the roofline of decoding.

    `step`: the weights read once, 15.2 GB at 80 % of the bandwidth, and 1.3 ms of scheduling and
    launches. `sequence`: one sequence more, 2 x 7.6e9 FLOPs at half the peak and the keys and
    values of 500 tokens. `prompt`: one prompt token, the same FLOPs. All of the cache fits.
    """

    step: float = 7e-3
    sequence: float = 42e-6
    prompt: float = 31e-6
    slots: int = 256


@dataclass
class Served:
    """A request in the engine: tokens it has still to sample, and who waits for it."""

    prompt: tuple[int, ...]
    tokens: tuple[int, ...]
    left: int
    done: asyncio.Future[int]
    cached: int = 0


class GpuLike:
    """Continuous batching under a law of latency, with a prefix cache of whole blocks."""

    def __init__(self, law: Law) -> None:
        self._law = law
        self._waiting: deque[Served] = deque()
        self._running: list[Served] = []
        self._blocks: set[int] = set()
        self._worker: asyncio.Task[None] | None = None
        self.new = self.uncached = self.prompt_tokens = 0
        self.facts = EngineFacts("gpu-like", "1", "none", True, False, True, slots=law.slots)

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        loop = asyncio.get_running_loop()
        started = loop.time()
        text, ended, stopped_by = _write(request)
        tokens = (*text.encode(), *([END] if ended else []))
        served = Served(request.prompt, tokens, len(tokens), loop.create_future())
        self._waiting.append(served)
        if self._worker is None or self._worker.done():
            self._worker = loop.create_task(self._work())
        cached = await served.done
        source = random.Random(request.seed)
        return Completion(
            text=FakeTokenizer().decode(tokens),
            finish_reason="stop",
            tokens=tokens,
            prompt_tokens=len(request.prompt),
            cached_tokens=cached,
            new_tokens=len(tokens),
            logprobs=tuple(-source.expovariate(3.0) for _ in tokens),
            seconds=loop.time() - started,
            stopped_by=stopped_by,
        )

    async def _work(self) -> None:
        """One decode step after the other, until nobody is left."""
        while self._waiting or self._running:
            uncached = sum(self._admit() for _ in range(self._free()))
            batch = len(self._running)
            law = self._law
            await asyncio.sleep(law.step + law.sequence * batch + law.prompt * uncached)
            for served in self._running:
                served.left -= 1
                if not served.left:
                    self._remember((*served.prompt, *served.tokens[:-1]))
                    served.done.set_result(served.cached)
            self.new += batch
            self._running = [served for served in self._running if served.left]

    def _free(self) -> int:
        return min(len(self._waiting), self._law.slots - len(self._running))

    def _admit(self) -> int:
        """Give the next request a slot; how many prompt tokens must be computed for it."""
        served = self._waiting.popleft()
        self._running.append(served)
        # The last prompt token is always computed: its output is the first new token.
        served.cached = (
            min(self._remember(served.prompt), (len(served.prompt) - 1)) // BLOCK * BLOCK
        )
        uncached = len(served.prompt) - served.cached
        self.uncached += uncached
        self.prompt_tokens += len(served.prompt)
        return uncached

    def _remember(self, tokens: tuple[int, ...]) -> int:
        """Keep every whole block; how many first tokens were kept already."""
        known, name, found = 0, 0, True
        for start in range(0, len(tokens) - BLOCK + 1, BLOCK):
            name = hash((name, tokens[start : start + BLOCK]))
            found = found and name in self._blocks
            known += BLOCK * found
            self._blocks.add(name)
        return known

    async def close(self) -> None:
        """Nothing to stop."""


def _write(request: Request) -> tuple[str, bool, str | None]:
    """What follows in a solution of `STEPS` steps and an answer: text, its end, its stop text."""
    source = random.Random(request.seed)
    stop = next(iter(request.sampler.stop), None)
    begun = request.prompt_text.count(END_OF_STEP)
    if stop is not None and begun < STEPS:
        return _sentence(source), False, stop
    return "".join(_sentence(source) for _ in range(begun, STEPS)) + "\\boxed{1}", True, None


def _sentence(source: random.Random) -> str:
    """A step of geometric length, never as long as the cap."""
    length = math.ceil(math.log(1 - source.random()) / math.log(1 - 1 / TOKENS_A_STEP))
    return "".join(source.choices("abcdefgh ", k=min(length, STEP_CAP - 8))) + END_OF_STEP


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Time jumps to the next event as soon as nothing is left to do now."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now = max(self.now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


class NoGrader:
    """Grading has processes of its own, which this clock does not know."""

    async def grade(self, texts: Sequence[str], *_: Any, **__: Any) -> list[Grade]:
        return [Grade(None, None, -1, -1, "unanswered", "unanswered") for _ in texts]


async def unknown(question: Question, trace: Trace) -> bool:
    return False


def make_cell(strategy: str, questions: int) -> PreparedCell:
    """The strategy on made-up questions whose prompts begin apart."""
    asked = tuple(Question(f"s/test/{n:012d}", "s", f"{n}?", "1") for n in range(questions))
    step = None if strategy == "sampling" else StepRule(max_tokens=STEP_CAP)
    cell = Cell(
        ModelSpec("m"), TaskSpec("s"), EngineSpec("fake"), strategy,
        tuple(sorted(PARAMS[strategy].items())), Sampler(temperature=1.0, max_tokens=2048),
        WIDTH, 0, step=step,
    )  # fmt: skip
    return PreparedCell(
        cell=cell, key="c" * 16, identity={}, model=fake_model("m"), task_revision="r",
        style="math", equality="math", prompt=Prompt("boxed"), questions=asked,
        rendered={question.id: f"{question.text:>9} {PROMPT}" for question in asked},
    )  # fmt: skip


async def _run(prepared: PreparedCell, engine: GpuLike, folder: RunFolder, in_flight: int) -> float:
    """Simulated seconds of the whole cell."""
    grader: Any = NoGrader()
    cell: SearchCell | BankCell
    if prepared.cell.step is None:
        cell = BankCell(prepared, folder, engine.facts, grader, Progress())
    else:
        scoring = Scoring(await open_verifier("confidence", {}), None, None, unknown)
        cell = SearchCell(prepared, folder, engine.facts, grader, Progress(), scoring)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await _fill([cell], engine, Sweep("x", (), (), questions_in_flight=in_flight), 0)
    return loop.time() - started


@dataclass(frozen=True)
class Speed:
    """What one run did in its simulated seconds."""

    questions: int
    seconds: float
    tokens: int
    new: int
    cached_share: float

    @property
    def rate(self) -> float:
        """Uncached prompt tokens and new tokens a second."""
        return self.tokens / self.seconds

    @property
    def each(self) -> float:
        """Seconds a question."""
        return self.seconds / self.questions


def run(strategy: str, questions: int, in_flight: int, law: Law = Law()) -> Speed:
    """One strategy on the simulated engine."""
    engine = GpuLike(law)
    loop = SimulatedLoop()
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder.create(Path(scratch) / "run")
        try:
            work = _run(make_cell(strategy, questions), engine, folder, in_flight)
            seconds = loop.run_until_complete(work)
        finally:
            loop.close()
    tokens = engine.uncached + engine.new
    cached_share = 1 - engine.uncached / engine.prompt_tokens
    return Speed(questions, seconds, tokens, engine.new, cached_share)


def measure(questions: int, in_flight: int, alone: int) -> list[dict[str, Any]]:
    """A row for each search; `alone` questions are run one at a time."""
    plain = run("sampling", questions, in_flight)
    rows = []
    for strategy in ("beam", "rebase"):
        together, single = run(strategy, questions, in_flight), run(strategy, alone, 1)
        kept, faster = together.rate / plain.rate, single.each / together.each
        rows.append(
            {
                "strategy": strategy,
                "questions": questions,
                "in_flight": in_flight,
                "sampling_tokens_per_second": plain.rate,
                "tokens_per_second": together.rate,
                "cached_share": together.cached_share,
                "kept": kept,
                "kept_limit": KEPT_LIMIT,
                "faster": faster,
                "faster_limit": FASTER_LIMIT,
                "ok": kept >= KEPT_LIMIT and faster >= FASTER_LIMIT,
            }
        )
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=256)
    parser.add_argument("--in-flight", type=int, default=128)
    parser.add_argument("--alone", type=int, default=32, help="questions run one at a time")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    rows = measure(args.questions, args.in_flight, args.alone)
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        _print(rows)
    return int(not all(row["ok"] for row in rows))


def _print(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        print(
            f"{row['strategy']}, {row['questions']} questions, {row['in_flight']} in flight, "
            f"{row['cached_share']:.0%} of prompt tokens cached"
        )
        print(
            f"  {row['tokens_per_second']:,.0f} tokens/s, {row['kept']:.2f} of sampling's "
            f"{row['sampling_tokens_per_second']:,.0f} (limit {row['kept_limit']})"
        )
        verdict = "ok" if row["ok"] else "too slow"
        print(
            f"  {row['faster']:.1f} times faster than one at a time "
            f"(limit {row['faster_limit']:.0f}): {verdict}"
        )


if __name__ == "__main__":
    sys.exit(main())
