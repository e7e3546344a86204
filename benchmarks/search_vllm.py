"""Search against plain sampling on vLLM on a CPU: throughput kept, speed over one at a time.

    python benchmarks/search_vllm.py [--questions 16] [--width 4] [--cores 1] [--json]

The two ratios of `search_throughput.py`, measured on a real engine with real weights: uncached
prompt tokens and new tokens a second of beam search and REBASE over those of sampling, and
seconds a question of the search alone over all questions together. Every run asks questions of
its own, so that none finds another's prefixes. Runs in the environment of `.ci/vllm`. Nothing is
required of the ratios: the exit code is 0.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search_throughput import NoGrader, Speed, unknown

from scaling_cli import models
from scaling_cli.engines import open_engine
from scaling_cli.running.bench import for_engine
from scaling_cli.running.cell import BankCell
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import _fill
from scaling_cli.running.scoring import Scoring
from scaling_cli.running.search import SearchCell
from scaling_cli.store import RunFolder
from scaling_cli.strategies import parameters
from scaling_cli.sweep import Cell, EngineSpec, ModelSpec, Sweep, TaskSpec
from scaling_cli.tasks.prompts import Prompt
from scaling_cli.types import (
    Completion,
    Engine,
    EngineFacts,
    Message,
    Model,
    OnTokens,
    Question,
    Request,
    Sampler,
    StepRule,
)
from scaling_cli.verifiers import open_verifier

TEXT = (
    "Question {}: A shop sells {} apples a day at {} cents each, and half as many pears at twice "
    "the price. How many cents does it take in a week? Reason step by step, in short lines."
)


@dataclass
class Counted:
    """An engine whose replies are counted."""

    engine: Engine
    prompt: int = 0
    cached: int = 0
    new: int = 0

    @property
    def facts(self) -> EngineFacts:
        return self.engine.facts

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        reply = await self.engine.generate(request, on_tokens)
        self.prompt += reply.prompt_tokens or 0
        self.cached += reply.cached_tokens or 0
        self.new += reply.new_tokens or 0
        return reply

    async def close(self) -> None:
        """The engine is shared."""


def make_cell(
    strategy: str, model: Model, numbers: Sequence[int], args: argparse.Namespace
) -> PreparedCell:
    """The strategy on questions that no other run asks."""
    texts = {n: TEXT.format(n, 3 + n, 10 + n % 7) for n in numbers}
    asked = tuple(Question(f"s/test/{n:012d}", "s", text, "1") for n, text in texts.items())
    sampled = strategy == "sampling"
    params = {} if sampled else {**parameters(strategy), "n": args.width}
    if strategy == "beam":
        params["m"] = min(args.width, 4)
    cell = Cell(
        ModelSpec(model.name), TaskSpec("s"), EngineSpec("vllm"), strategy,
        tuple(sorted(params.items())), Sampler(temperature=1.0, max_tokens=args.length),
        args.width, 0, step=None if sampled else StepRule("newline", ("\n",), args.step),
    )  # fmt: skip
    assert model.tokenizer is not None
    return PreparedCell(
        cell=cell, key="c" * 16, identity={}, model=model, task_revision="r", style="math",
        equality="math", prompt=Prompt("boxed"), questions=asked,
        rendered={q.id: model.tokenizer.chat([Message("user", q.text)]) for q in asked},
    )  # fmt: skip


async def run(prepared: PreparedCell, engine: Engine, in_flight: int, folder: Path) -> Speed:
    """One strategy on all its questions, as `scale run` runs it but for grading."""
    counted = Counted(engine)
    grader: Any = NoGrader()
    place = RunFolder.create(folder)
    cell: SearchCell | BankCell
    if prepared.cell.step is None:
        cell = BankCell(prepared, place, engine.facts, grader, Progress())
    else:
        scoring = Scoring(await open_verifier("confidence", {}), None, None, unknown)
        cell = SearchCell(prepared, place, engine.facts, grader, Progress(), scoring)
    started = time.perf_counter()
    await _fill([cell], counted, Sweep("x", (), (), questions_in_flight=in_flight), 0)
    return Speed(
        questions=len(prepared.questions),
        seconds=time.perf_counter() - started,
        tokens=counted.prompt - counted.cached + counted.new,
        new=counted.new,
        cached_share=counted.cached / counted.prompt,
    )


async def measure(args: argparse.Namespace, scratch: Path) -> list[dict[str, Any]]:
    """A row for each search; all on one engine, after a run that nobody counts."""
    model = models.resolve(args.model)
    ready = for_engine(model, EngineSpec("vllm"), Progress())
    options = {
        "cores": args.cores or None, "block_size": args.block_size, "max_num_seqs": 64,
        "max_model_len": 768, "kv_cache_gb": 1,
    }  # fmt: skip
    engine = await open_engine("vllm", ready, options, 0)
    numbers = itertools.count()

    async def one(strategy: str, questions: int, in_flight: int) -> Speed:
        own = list(itertools.islice(numbers, questions))
        cell = make_cell(strategy, model, own, args)
        return await run(cell, engine, in_flight, scratch / f"{own[0]}")

    try:
        await one("sampling", 2, 2)
        return await _rows(one, args)
    finally:
        await engine.close()


async def _rows(one: Any, args: argparse.Namespace) -> list[dict[str, Any]]:
    plain = await one("sampling", args.questions, args.questions)
    rows = []
    for strategy in ("beam", "rebase"):
        together = await one(strategy, args.questions, args.questions)
        single = await one(strategy, args.alone, 1)
        rows.append(
            {
                "strategy": strategy,
                "questions": args.questions,
                "width": args.width,
                "sampling_tokens_per_second": plain.rate,
                "sampling_new_tokens": plain.new,
                "tokens_per_second": together.rate,
                "new_tokens": together.new,
                "cached_share": together.cached_share,
                "kept": together.rate / plain.rate,
                "faster": single.each / together.each,
            }
        )
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--questions", type=int, default=16, help="all of them in flight")
    parser.add_argument("--alone", type=int, default=2, help="questions run one at a time")
    parser.add_argument("--width", type=int, default=4)
    parser.add_argument("--length", type=int, default=96, help="tokens of a solution, at most")
    parser.add_argument("--step", type=int, default=32, help="tokens of a step, at most")
    parser.add_argument("--block-size", type=int, default=32, help="of the prefix cache")
    parser.add_argument("--cores", default="", help="such as 1; all of them without it")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        rows = asyncio.run(measure(args, Path(scratch)))
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        _print(rows)
    return 0


def _print(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        print(
            f"{row['strategy']}, width {row['width']}, {row['questions']} questions in flight: "
            f"{row['tokens_per_second']:,.0f} tokens/s, {row['kept']:.2f} of sampling's "
            f"{row['sampling_tokens_per_second']:,.0f}; {row['faster']:.1f} times faster than one "
            f"at a time; {row['cached_share']:.0%} of prompt tokens cached"
        )


if __name__ == "__main__":
    sys.exit(main())
