"""Reward models through vLLM against plain transformers: the same weights give the same scores."""

from __future__ import annotations

import asyncio
import importlib.util
import math
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio

from scaling_cli import models
from scaling_cli.errors import EngineError
from scaling_cli.types import Trace
from scaling_cli.verifiers import open_verifier
from scaling_cli.verifiers.reward import RewardModel
from scaling_cli.vllm_process import descendants

from . import reward_checkpoints as made
from . import reward_references as published
from .asking import QUESTION, FakeAsking

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no vLLM"),
    pytest.mark.asyncio(loop_scope="module"),
]

SOLUTIONS = [
    "First add 2 and 3.\n\nThe sum is 5:\n2+3 = 5\n\nSo the answer is 5.",
    "2+3 is 6 - 1.\n\nThat is five.\n\n\nThe answer: 5\n\nDone.\n",
    "The answer is 7.",
    "Add -2 and +3, then one more.\n\n\\boxed{2}",
]
"""Of several steps and of one, with lines inside a step and blank lines of more than one line."""

CLOSE = 1e-5
"""In float32 the two differ by the order of sums alone: 1.2e-6 at most when measured."""


@dataclass(frozen=True)
class Opened:
    """A verifier, and the scores of steps that published code gives on the same folder."""

    verifier: RewardModel
    reference: Callable[[str, str], list[float]]

    async def score(self, solution: str, reduce: str = "last") -> Any:
        verifier = replace(self.verifier, reduce=reduce)
        return await verifier.score(Trace(text=solution), FakeAsking())

    def expected(self, solution: str) -> list[float]:
        return self.reference(QUESTION.text, solution)


FAMILIES = {
    "outcome": (made.outcome, published.outcome),
    "qwen-prm": (made.qwen_prm, published.qwen_prm),
    "skywork-prm": (made.skywork_prm, published.skywork_prm),
    "math-shepherd": (made.math_shepherd, published.math_shepherd),
    "rlhflow": (made.rlhflow, published.rlhflow),
}


def engines() -> list[int]:
    """vLLM's processes that live under this one."""
    found = []
    for pid in descendants(os.getpid()):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"VLLM" in command or b"spawn_main" in command:
            found.append(pid)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=FAMILIES)
async def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Opened]:
    make, reference = FAMILIES[request.param]
    folder = make(tmp_path_factory.mktemp("models") / request.param)
    options = {
        "family": request.param if request.param in ("math-shepherd", "rlhflow") else None,
        "dtype": "float32",
        "max_model_len": 512,
        "max_num_seqs": 8,
        "kv_cache_gb": 1,
        "cores": str(min(os.sched_getaffinity(0))),
        "vllm": {"block_size": 32},
    }
    assert not engines()
    with pytest.MonkeyPatch.context() as environment:
        # Compiling a helper of the sampler takes longer than all scores here.
        environment.setenv("TORCHDYNAMO_DISABLE", "1")
        verifier = await open_verifier("reward", options, model=models.resolve(str(folder)))
    try:
        assert engines()
        yield Opened(cast(RewardModel, verifier), reference(folder))
    finally:
        await verifier.close()
    assert not engines()


async def test_scores_are_those_of_transformers(opened: Opened) -> None:
    expected = [opened.expected(solution) for solution in SOLUTIONS]
    everything = [score for scores in expected for score in scores]
    assert max(everything) - min(everything) > 0.5, "scores alike would prove nothing"
    furthest = 0.0
    for solution, scores in zip(SOLUTIONS, expected, strict=True):
        for reduce, value in {
            "last": scores[-1],
            "min": min(scores),
            "mean": sum(scores) / len(scores),
            "prod": math.prod(scores),
        }.items():
            found = await opened.score(solution, reduce)
            furthest = max(furthest, abs(found.value - value))
    assert furthest < CLOSE


async def test_many_at_once_are_scored_as_one_by_one(opened: Opened) -> None:
    solutions = [f"{solution} So {n}." for solution in SOLUTIONS for n in range(5)]
    together = await asyncio.gather(*map(opened.score, solutions))
    for solution, reply in zip(solutions, together, strict=True):
        assert reply.value == pytest.approx(opened.expected(solution)[-1], abs=CLOSE)


async def test_what_is_charged_is_what_was_read(opened: Opened) -> None:
    verifier = opened.verifier
    solution = "First of all this, which no other solution has said yet: " + SOLUTIONS[0]
    first, _, _ = solution.partition("The sum")
    before = await opened.score(first)
    reply = await opened.score(solution)
    steps = [f"{step}\n\n" for step in solution.split("\n\n")]
    whole = verifier.family.prompts(QUESTION.text, steps)[-1]
    assert reply.prompt_tokens == pytest.approx(len(whole.tokens), abs=2)
    assert before.prompt_tokens < reply.prompt_tokens
    assert reply.new_tokens == (1 if verifier.family.reader == "next_token" else 0)
    again = await opened.score(solution)
    assert again.value == pytest.approx(reply.value, abs=CLOSE)
    if verifier.facts.reads_cache:
        # Whole blocks of 32 that stood in the step before, or in the same prompt.
        assert reply.cached_tokens >= 32 and reply.cached_tokens % 32 == 0
        assert again.cached_tokens >= reply.cached_tokens
        assert again.prompt_tokens - again.cached_tokens <= 32
    else:
        assert reply.cached_tokens == again.cached_tokens == 0


async def test_one_that_is_too_long_fails_alone(opened: Opened) -> None:
    long, short = await asyncio.gather(
        opened.score("1 + 1 = 2. " * 200), opened.score(SOLUTIONS[2]), return_exceptions=True
    )
    assert isinstance(long, EngineError) and "512" in str(long)
    assert short.value == pytest.approx(opened.expected(SOLUTIONS[2])[-1], abs=CLOSE)
