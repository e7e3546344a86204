"""The battery on real engines, small: every strategy led by confidence, on real weights.

Real engines may not give the same tokens twice, whose numerics change with the batch. What is
proved of them: all that was sampled is charged, steps are exactly the sampled tokens, every trace
is scored and whole, and a search that was killed or is run again is replayed, never asked twice.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from scaling_cli import models
from scaling_cli.engines import open_engine
from scaling_cli.grading import GraderPool
from scaling_cli.running.bench import Bench, for_engine
from scaling_cli.running.journal import Journal
from scaling_cli.running.prepare import PreparedCell, PreparedVerifier
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import _fill
from scaling_cli.running.search import SearchCell
from scaling_cli.store import RunFolder
from scaling_cli.strategies import STRATEGIES, needs_verifier, parameters
from scaling_cli.sweep import Cell, EngineSpec, ModelSpec, Sweep, TaskSpec, VerifierSpec
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
)  # fmt: skip

SMALL = "smollm2-135m-instruct"
SEARCHES = [name for name in STRATEGIES if needs_verifier(name)]
PARAMS: dict[str, dict[str, Any]] = {
    "beam": {"n": 2, "m": 2, "max_depth": 2},
    "lookahead": {"n": 2, "m": 2, "k": 1, "max_depth": 2},
    "dvts": {"n": 2, "m": 2, "max_depth": 2},
    "rebase": {"n": 2, "max_depth": 2},
    "mcts": {"n": 2, "width": 2, "expansions": 2, "max_depth": 2},
    "best_first": {"n": 2, "branching": 2, "expansions": 2, "max_depth": 2},
}
QUESTIONS = tuple(Question(f"s/test/{i}", "s", f"{i} + 1?", str(i + 1)) for i in (1, 2))
OPTIONS = {
    "llamacpp": {"slots": 4, "context": 256, "threads": 1},
    "vllm": {
        "max_num_seqs": 8,
        "max_model_len": 256,
        "kv_cache_gb": 1,
        "block_size": 32,
        "cores": "0",
    },
}
TOKENS, STEP = 20, 7

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None and models.is_here(SMALL)


@dataclass
class Watched:
    """Notes every reply of a real engine, and may be killed after some."""

    engine: Engine
    dies_after: int = 10**9
    replies: dict[str, tuple[Request, Completion]] = field(default_factory=dict)

    @property
    def facts(self) -> EngineFacts:
        return self.engine.facts

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        assert request.name not in self.replies, "a recorded call was made again"
        if len(self.replies) >= self.dies_after:
            raise KeyError("killed")
        reply = await self.engine.generate(request, on_tokens)
        self.replies[request.name] = (request, reply)
        return reply

    async def close(self) -> None:
        """The engine is shared."""


@dataclass(frozen=True)
class Opened:
    engine: Engine
    model: Model


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        pytest.param(
            "llamacpp",
            marks=pytest.mark.skipif(not _has("xllamacpp"), reason="no llama.cpp or no weights"),
        ),
        pytest.param(
            "vllm",
            marks=[
                pytest.mark.vllm,
                pytest.mark.skipif(not _has("vllm"), reason="no vLLM or no weights"),
            ],
        ),
    ],
)
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    model = models.resolve(SMALL)
    ready = for_engine(model, EngineSpec(request.param), Progress())
    engine = await open_engine(request.param, ready, OPTIONS[request.param], 0)
    yield Opened(engine, model)
    await engine.close()


def prepared(strategy: str, model: Model) -> PreparedCell:
    spec = VerifierSpec("confidence", "confidence")
    values = {**parameters(strategy), **PARAMS[strategy]}
    cell = Cell(
        ModelSpec(SMALL), TaskSpec("s"), EngineSpec("fake"), strategy,
        tuple(sorted(values.items())), Sampler(temperature=0.8, max_tokens=TOKENS), 1, 0,
        verifier=spec, step=StepRule("sentence", (".",), STEP),
    )  # fmt: skip
    assert model.tokenizer is not None
    return PreparedCell(
        cell=cell, key="c" * 16, identity={}, model=model, task_revision="r", style="math",
        equality="string", prompt=Prompt("boxed"), questions=QUESTIONS,
        rendered={q.id: model.tokenizer.chat([Message("user", q.text)]) for q in QUESTIONS},
        verifier=PreparedVerifier(spec, "v" * 16, {}, None),
    )  # fmt: skip


async def search(path: Path, cell: PreparedCell, engine: Watched) -> RunFolder:
    folder = RunFolder.create(path)
    folder.write_questions(QUESTIONS)
    async with AsyncExitStack() as stack:
        progress = Progress()
        with GraderPool() as grader:
            bench = Bench(stack, folder, grader, progress)
            assert cell.verifier is not None
            scoring = await bench.scoring(cell.verifier, cell.style, cell.equality, QUESTIONS)
            one = SearchCell(cell, folder, engine.facts, grader, progress, scoring)
            await _fill([one], engine, Sweep("x", (), (), questions_in_flight=8), 0)
            await one.publish()
            assert not one.failed()
    return folder


def rows(folder: RunFolder, kind: str, cell: PreparedCell) -> list[dict[str, Any]]:
    return list(folder.read_part(kind, cell.key).to_pylist())


@pytest.mark.parametrize("strategy", SEARCHES)
async def test_the_battery(tmp_path: Path, opened: Opened, strategy: str) -> None:
    cell = prepared(strategy, opened.model)

    # Killed on the way and run again: no recorded call is made twice, and there is no gap.
    killed, again = Watched(opened.engine, dies_after=4), Watched(opened.engine)
    with pytest.raises(BaseExceptionGroup) as died:
        await search(tmp_path, cell, killed)
    assert died.group_contains(KeyError, match="killed")
    recorded = Journal.peek(RunFolder(tmp_path).journal_path(cell.key))
    assert recorded
    folder = await search(tmp_path, cell, again)
    assert not recorded & {*again.replies}
    kept = {name: reply for name, reply in killed.replies.items() if name in recorded}
    made = {**kept, **again.replies}

    # Charged is what was sampled and reported, pruned branches included.
    charges, candidates = (rows(folder, kind, cell) for kind in ("charges", "candidates"))
    charged = {f"{c['question_id']}#{c['call']}": c for c in charges}
    assert charged.keys() == made.keys() and len(charged) == len(charges)
    for name, (request, reply) in made.items():
        row = charged[name]
        assert row["new_tokens"] == reply.new_tokens == len(reply.tokens or ()) > 0
        assert row["prompt_tokens"] == row["context"] == len(request.prompt)
        assert 0 <= row["known_tokens"] <= row["context"] and row["role"] == "policy"

    # Each prefix is exactly the tokens sampled before it, so that the prefix cache hits.
    for name, (request, _) in made.items():
        parent = charged[name]["parent"]
        if parent is not None:
            before, reply = made[f"{request.question_id}#{parent}"]
            assert request.prompt == before.prompt + (reply.tokens or ())
    assert any(row["cached_tokens"] for row in charges)

    # Every trace is whole and scored; a chance that the engine does not tell is no number.
    assert {row["question_id"] for row in candidates} == {q.id for q in QUESTIONS}
    for row in candidates:
        assert row["error"] is None and row["score_error"] is None
        assert row["rewards"] and all(0 <= reward <= 1 for reward in row["rewards"])
        assert row["logprob_mean"] is not None and math.isfinite(row["logprob_mean"])
        assert row["logprob_mean"] <= 0 and row["new_tokens"] > 0

    # Run once more, nothing is asked, and the tables are the same.
    idle = Watched(opened.engine)
    before = rows(folder, "charges", cell)
    await search(tmp_path, cell, idle)
    assert not idle.replies and rows(folder, "charges", cell) == before


async def test_a_search_is_replayed_from_its_journal_byte_for_byte(
    tmp_path: Path, opened: Opened
) -> None:
    """The journal of a search that ended, and no engine: the same tables."""
    cell = prepared("beam", opened.model)
    first = tmp_path / "first"
    journal = RunFolder.create(tmp_path / "second").journal_path(cell.key)
    forget = Journal.forget

    def kept(self: Journal, published: Any) -> None:
        journal.parent.mkdir(parents=True, exist_ok=True)
        journal.write_bytes(self.path.read_bytes())
        forget(self, published)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "forget", kept)
        folder = await search(first, cell, Watched(opened.engine))
    replayed = await search(tmp_path / "second", cell, Watched(opened.engine, dies_after=0))
    for kind in ("charges", "candidates"):
        one, two = (f.part_path(kind, cell.key).read_bytes() for f in (folder, replayed))
        assert one == two
