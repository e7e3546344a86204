"""Tokens/s of sampling through `scale run` against a bare AsyncLLM loop, in one process.

    python benchmarks/sampling.py [--model NAME] [--pairs 7] [--tokens 20000] [--concurrency 64]
                                  [--length 160] [--cores 0-1] [--native] [--json]

One engine serves both sides in turn, so they have the same weights, cores, log-probabilities
and concurrency; every completion has the same fixed length. Ours goes through the session, the
journal, the grader, the progress display and the store. The bare loop hands the engine the same
requests with the same sampling parameters, all at once, and only counts tokens. With `--native` a
second bare loop has vLLM's own sampler draw (a temperature, no logits processor). Time runs from
the first request to the last reply; starting the engine and one warm-up are left out, and the
prefix cache is emptied before each side. The order of the sides rotates from round to round. Exit
code 1 below the limit. Needs vLLM, and the model's weights (`scale models pull`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scaling_cli import models
from scaling_cli.cli.display import shown
from scaling_cli.engines import open_engine
from scaling_cli.grading import GraderPool
from scaling_cli.running.cell import BankCell
from scaling_cli.running.prepare import PreparedCell, prepare
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import _fill
from scaling_cli.running.session import call_name, seed_of
from scaling_cli.store import RunFolder
from scaling_cli.sweep import EngineSpec, ModelSpec, Sweep, TaskSpec
from scaling_cli.types import Completion, Engine, EngineFacts, OnTokens, Request

LIMIT = 0.97
SAMPLES = 16
OURS, BARE, NATIVE = "scale", "bare", "bare, vLLM's sampler"


@dataclass
class Clocked:
    """An engine that notes when its first request came and its last reply went."""

    engine: Engine
    tokens: int = 0
    first: float = float("inf")
    last: float = 0.0
    facts: EngineFacts = field(init=False)

    def __post_init__(self) -> None:
        self.facts = self.engine.facts

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        self.first = min(self.first, time.perf_counter())
        reply = await self.engine.generate(request, on_tokens)
        self.tokens += reply.new_tokens or 0
        self.last = time.perf_counter()
        return reply

    async def close(self) -> None:
        await self.engine.close()


@dataclass(frozen=True)
class Speed:
    """Tokens, and seconds from the first request to the last reply. `whole` adds for our side
    what comes after the last reply: the last grading and the store."""

    tokens: int
    seconds: float
    whole: float

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds


Side = Callable[[int], Awaitable[Speed]]
"""One side's work of one round."""


def write_questions(path: Path, count: int) -> None:
    """Made-up sums, long enough that a prompt is what a prompt is."""
    rows = (
        {
            "question": f"A baker sells {7 + n} loaves in the morning and {5 + 2 * n} in the "
            f"afternoon, each for {2 + n % 5} dollars. How many dollars does the baker take "
            "on that day?",
            "answer": str((12 + 3 * n) * (2 + n % 5)),
        }
        for n in range(count)
    )
    path.write_text("\n".join(json.dumps(row) for row in rows))


def make_sweep(model: str, engine: EngineSpec, data: Path, questions: int, length: int) -> Sweep:
    """The sampled cell only: a greedy one would be another kind of work."""
    return Sweep(
        name="speed",
        models=(ModelSpec(model),),
        tasks=(TaskSpec(data.name, data=data, questions=questions),),
        engine=engine,
        samples=SAMPLES,
        max_tokens=(length,),
        greedy=False,
    )


def of_round(prepared: PreparedCell, number: int) -> PreparedCell:
    """The cell with seeds of its own, never stopping before its limit."""
    sampler = replace(prepared.cell.sampler, ignore_eos=True)
    return replace(prepared, cell=replace(prepared.cell, seed=number, sampler=sampler))


def requests_of(prepared: PreparedCell) -> list[Request]:
    """Every request the run of this cell makes, under the same names and seeds."""
    cell = prepared.cell
    return [
        Request(
            name=(call := call_name(question.id, index)),
            question_id=question.id,
            prompt=tuple(prepared.prompt_tokens(question)),
            prompt_text=prepared.rendered[question.id],
            sampler=cell.sampler,
            seed=seed_of(f"{prepared.key}/{cell.seed}/{call}"),
        )
        for question in prepared.questions
        for index in range(cell.samples)
    ]


async def through_scale(
    prepared: PreparedCell,
    sweep: Sweep,
    engine: Engine,
    folder: RunFolder,
    grader: GraderPool,
    progress: Progress,
) -> Speed:
    """What `scale run` does once its engine stands: draw, journal, grade, show, publish."""
    clocked = Clocked(engine)
    folder.write_questions(prepared.questions)
    cell = BankCell(prepared, folder, engine.facts, grader, progress)
    await _fill([cell], clocked, sweep, 0)
    await cell.publish()
    if failed := cell.failed():
        raise RuntimeError(f"{len(failed)} calls failed: {failed[0][1]}")
    end = time.perf_counter()
    return Speed(clocked.tokens, clocked.last - clocked.first, end - clocked.first)


async def bare(llm: Any, prompts: Sequence[Sequence[int]], parameters: Sequence[Any]) -> Speed:
    """The loop a script would hold: every request at once, and a count."""

    async def one(number: int) -> int:
        prompt = {"prompt_token_ids": list(prompts[number])}
        async for reply in llm.generate(prompt, parameters[number], f"bare-{number}"):
            last = reply
        return len(last.outputs[0].token_ids)

    start = time.perf_counter()
    counts = await asyncio.gather(*(one(number) for number in range(len(prompts))))
    seconds = time.perf_counter() - start
    return Speed(sum(counts), seconds, seconds)


def native_parameters(request: Request, log_probabilities: bool) -> Any:
    """vLLM's own draw at the same temperature."""
    from vllm.sampling_params import RequestOutputKind, SamplingParams

    return SamplingParams(
        temperature=request.sampler.temperature,
        max_tokens=request.sampler.max_tokens,
        ignore_eos=True,
        logprobs=0 if log_probabilities else None,
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


async def interleave(
    sides: dict[str, Side], rounds: int, reset: Callable[[], Awaitable[Any]]
) -> list[dict[str, Speed]]:
    """Every side once a round, each round starting with the next one."""
    names, found = list(sides), []
    for number in range(rounds):
        first = number % len(names)
        speeds = {}
        for name in names[first:] + names[:first]:
            await reset()
            speeds[name] = await sides[name](number)
            print(f"round {number} {name}: {speeds[name].rate:.1f} tokens/s", file=sys.stderr)
        found.append(speeds)
    return found


def ratios(rounds: Sequence[dict[str, Speed]], rival: str) -> list[float]:
    """Our rate over the rival's, round by round; the work must have been the same."""
    for speeds in rounds:
        if speeds[OURS].tokens != speeds[rival].tokens:
            raise RuntimeError(f"{OURS} and {rival} did not sample the same number of tokens")
    return [speeds[OURS].rate / speeds[rival].rate for speeds in rounds]


def report(model: str, rounds: Sequence[dict[str, Speed]]) -> list[dict[str, Any]]:
    """One row a rival: the ratio of each round, their median, and the verdict."""
    rows = []
    for rival in (name for name in rounds[0] if name != OURS):
        found = ratios(rounds, rival)
        whole = [s[OURS].tokens / s[OURS].whole / s[rival].rate for s in rounds]
        rows.append(
            {
                "model": model,
                "against": rival,
                "tokens_a_side": rounds[0][OURS].tokens,
                "ratios": found,
                "median": statistics.median(found),
                "median_with_publishing": statistics.median(whole),
                "scale_tokens_per_second": [s[OURS].rate for s in rounds],
                "bare_tokens_per_second": [s[rival].rate for s in rounds],
                "limit": LIMIT if rival == BARE else None,
                "ok": statistics.median(found) >= LIMIT if rival == BARE else None,
            }
        )
    return rows


async def measure(args: argparse.Namespace, scratch: Path) -> list[dict[str, Any]]:
    """One engine, all rounds."""
    wave = max(args.concurrency // SAMPLES, 1)
    questions = -(-args.tokens // (args.length * SAMPLES))
    questions = -(-questions // wave) * wave  # whole waves: half a batch would measure its tail
    write_questions(scratch / "sums.jsonl", questions)
    options: dict[str, Any] = {"max_num_seqs": args.concurrency}
    if args.cores:
        options["cores"] = args.cores
    spec = EngineSpec("vllm", tuple(sorted(options.items())))
    sweep = make_sweep(args.model, spec, scratch / "sums.jsonl", questions, args.length)
    (prepared,) = prepare(sweep)
    model = prepared.model
    assert model.path is not None
    path = models.as_safetensors(model.path) if model.format == "gguf" else model.path
    ready = replace(model, path=path, format="safetensors")
    engine: Any = await open_engine("vllm", ready, options, 0)
    try:
        with GraderPool() as grader, shown() as progress:
            sides = _sides(prepared, sweep, engine, scratch, grader, progress)
            if not args.native:
                del sides[NATIVE]
            await _warm_up(prepared, engine, args.concurrency)
            rounds = await interleave(sides, args.pairs, engine._llm.reset_prefix_cache)
    finally:
        await engine.close()
    return report(args.model, rounds)


async def _warm_up(prepared: PreparedCell, engine: Any, concurrency: int) -> None:
    """One short wave, so that no side pays for what the engine does only once."""
    requests = requests_of(of_round(prepared, -1))[:concurrency]
    short = [replace(r, sampler=replace(r.sampler, max_tokens=8)) for r in requests]
    parameters = [engine._parameters(request, streaming=False) for request in short]
    await bare(engine._llm, [request.prompt for request in short], parameters)


def _sides(
    prepared: PreparedCell,
    sweep: Sweep,
    engine: Any,
    scratch: Path,
    grader: GraderPool,
    progress: Progress,
) -> dict[str, Side]:
    async def ours(number: int) -> Speed:
        folder = RunFolder.create(scratch / f"round-{number}")
        cell = of_round(prepared, number)
        return await through_scale(cell, sweep, engine, folder, grader, progress)

    async def same(number: int) -> Speed:
        requests = requests_of(of_round(prepared, number))
        parameters = [engine._parameters(request, streaming=False) for request in requests]
        return await bare(engine._llm, [request.prompt for request in requests], parameters)

    async def native(number: int) -> Speed:
        requests = requests_of(of_round(prepared, number))
        parameters = [native_parameters(request, True) for request in requests]
        return await bare(engine._llm, [request.prompt for request in requests], parameters)

    return {OURS: ours, BARE: same, NATIVE: native}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=20_000, help="at least, a side and round")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--length", type=int, default=160, help="tokens of each completion")
    parser.add_argument("--cores", default="", help="such as 0 or 0-1; all of them without it")
    parser.add_argument("--native", action="store_true", help="also against vLLM's own sampler")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _pin(cores: str) -> None:
    """Both sides and the engine on these cores only."""
    if cores:
        from scaling_cli.vllm_process import core_numbers

        os.sched_setaffinity(0, core_numbers(cores))


def main() -> None:
    args = _arguments()
    _pin(args.cores)
    with tempfile.TemporaryDirectory() as scratch:
        rows = asyncio.run(measure(args, Path(scratch)))
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        _print(rows)
    sys.exit(any(row["ok"] is False for row in rows))


def _print(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        print(f"{row['model']}, {row['tokens_a_side']:,} tokens a side, scale / {row['against']}")
        print("  rounds  " + "  ".join(f"{value:.3f}" for value in row["ratios"]))
        limit = "" if row["limit"] is None else f", limit {row['limit']}"
        verdict = {True: ": ok", False: ": too slow", None: ""}[row["ok"]]
        print(f"  median  {row['median']:.3f}{limit}{verdict}")
        print(f"  until published  {row['median_with_publishing']:.3f}")


# vLLM starts its engine in a process that imports this file again.
if __name__ == "__main__":
    main()
