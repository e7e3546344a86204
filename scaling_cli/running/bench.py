"""The verifiers of a run, each opened once with the engine it asks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from scaling_cli import models
from scaling_cli.engines import open_engine
from scaling_cli.errors import ScaleError, StoreError
from scaling_cli.grading import GraderPool
from scaling_cli.running.manifest import rename_scorer
from scaling_cli.running.prepare import PreparedCell, PreparedVerifier
from scaling_cli.running.progress import Progress
from scaling_cli.running.score import score_bank, unscored
from scaling_cli.running.scoring import Scoring
from scaling_cli.searched import searches
from scaling_cli.store import RunFolder
from scaling_cli.sweep import EngineSpec
from scaling_cli.types import Engine, Model, Question, Trace, Verifier
from scaling_cli.verifiers import open_verifier


@dataclass(slots=True)
class Bench:
    """What a run's verifiers share. `engines` are open already, by weights and settings: a
    verifier that asks the policy's own model asks the policy's own engine."""

    stack: AsyncExitStack
    folder: RunFolder
    grader: GraderPool
    progress: Progress
    engines: dict[tuple[str, EngineSpec], Engine] = field(default_factory=dict)
    verifiers: dict[str, Verifier] = field(default_factory=dict)

    async def alternatives(self, prepared: PreparedVerifier) -> int:
        """How many likely tokens a verifier must be told; those with a model need none."""
        if prepared.model is not None:
            return 0
        return (await self.verifier(prepared)).facts.alternatives

    async def verifier(self, prepared: PreparedVerifier) -> Verifier:
        """The verifier, opened at its first use."""
        if prepared.key not in self.verifiers:
            spec, model = prepared.spec, prepared.model
            if spec.engine is not None and model is not None:
                model = for_engine(model, spec.engine, self.progress)
            found = await open_verifier(spec.name, dict(spec.options), model=model)
            self.stack.push_async_callback(found.close)
            self.verifiers[prepared.key] = found
        return self.verifiers[prepared.key]

    async def scoring(
        self, prepared: PreparedVerifier, style: Any, equality: Any, questions: Sequence[Question]
    ) -> Scoring:
        """The verifier with its engine, and how answers are told right from wrong."""
        verifier = await self.verifier(prepared)
        engine = None if verifier.facts.own_engine else await self._engine(prepared, questions)
        tokenizer = None if prepared.model is None else prepared.model.tokenizer

        async def is_right(question: Question, trace: Trace) -> bool:
            (grade,) = await self.grader.grade(
                [trace.text],
                [trace.finish_reason],
                question.answer,
                style=style,
                equality=equality,
            )
            return grade.verdict == "correct"

        return Scoring(verifier, engine, tokenizer, is_right)

    async def _engine(
        self, prepared: PreparedVerifier, questions: Sequence[Question]
    ) -> Engine | None:
        spec, model = prepared.spec.engine, prepared.model
        if spec is None or model is None:
            return None
        key = (model.weights_hash, spec)
        if key not in self.engines:
            self.progress.say(f"starting {spec.name} with {model.name} for {prepared.label}")
            options: dict[str, Any] = dict(spec.options)
            if spec.name == "fake":
                options["questions"] = {question.id: question for question in questions}
            ready = for_engine(model, spec, self.progress)
            engine = await open_engine(spec.name, ready, options, 0)
            self.stack.push_async_callback(engine.close)
            self.engines[key] = engine
        return self.engines[key]


def for_engine(model: Model, spec: EngineSpec, progress: Progress) -> Model:
    """vLLM reads safetensors: a GGUF file is dequantised once and kept."""
    if spec.name != "vllm" or model.format != "gguf" or model.path is None:
        return model
    path = models.as_safetensors(model.path, say=progress.say)
    return replace(model, path=path, format="safetensors")


def score_run(
    folder: RunFolder, scorer: PreparedVerifier, grader: GraderPool, progress: Progress
) -> list[tuple[str, str]]:
    """Score every bank of a recorded run; (sample, error) of what failed.

    The caller holds the folder's lock. StoreError where there is no bank, or where another
    verifier is called like this one.
    """
    rename_scorer(folder, scorer)
    return asyncio.run(_score_run(folder, scorer, grader, progress))


async def _score_run(
    folder: RunFolder, scorer: PreparedVerifier, grader: GraderPool, progress: Progress
) -> list[tuple[str, str]]:
    failed: list[tuple[str, str]] = []
    questions = folder.read_questions()
    banks = [
        (key, record)
        for key, record in folder.read_manifest().ordered()
        if not searches(record)
        and record.details["temperature"] != 0
        and folder.has_part("candidates", key)
    ]
    if not banks:
        raise StoreError(
            f"{folder.name} has no samples to score", "a search is scored while it runs"
        )
    async with AsyncExitStack() as stack:
        bench = Bench(stack, folder, grader, progress)
        for key, record in banks:
            if not unscored(folder, key, scorer.key):
                continue  # no engine need start
            details = record.details
            style, equality = details.get("style", "math"), details.get("equality", "math")
            scoring = await bench.scoring(scorer, style, equality, questions)
            failed += await score_bank(folder, key, record, scorer, scoring, progress)
    return failed


async def score_banks(
    prepared: Sequence[PreparedCell], folder: RunFolder, grader: GraderPool, progress: Progress
) -> list[tuple[str, str]]:
    """Score the banks of a sweep by its verifiers, one verifier after the other."""
    failed: list[tuple[str, str]] = []
    scorers = {scorer.key: scorer for cell in prepared for scorer in cell.scorers}
    for key, scorer in scorers.items():
        cells = [
            cell
            for cell in prepared
            if key in {one.key for one in cell.scorers} and folder.has_part("candidates", cell.key)
        ]
        todo = [cell for cell in cells if unscored(folder, cell.key, key)]
        if not todo:
            continue
        async with AsyncExitStack() as stack:
            bench = Bench(stack, folder, grader, progress)
            for cell in todo:
                progress.say(f"scoring {cell.label} by {scorer.label}")
                scoring = await bench.scoring(scorer, cell.style, cell.equality, cell.questions)
                record = folder.read_manifest().cells[cell.key]
                try:
                    failed += await score_bank(folder, cell.key, record, scorer, scoring, progress)
                except ScaleError as error:
                    failed.append((cell.label, error.message))
    return failed
