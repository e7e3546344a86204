"""A whole run: engines opened one after the other, their cells filled side by side."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import platform
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

from scaling_cli.engines import open_engine
from scaling_cli.errors import ScaleError, StoreError, first_error
from scaling_cli.grading import GraderPool
from scaling_cli.plan import plan
from scaling_cli.running import collecting
from scaling_cli.running.admission import Admission
from scaling_cli.running.bench import Bench, for_engine, score_banks
from scaling_cli.running.cell import BankCell
from scaling_cli.running.expected import ROLLING
from scaling_cli.running.manifest import add_start, count_starts, describe, note_work
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.progress import Progress
from scaling_cli.running.regrade import regrade_changed
from scaling_cli.running.search import SearchCell
from scaling_cli.running.tables import left_to_do, wanted
from scaling_cli.running.work import Work
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import add_session
from scaling_cli.sweep import EngineSpec, Sweep
from scaling_cli.types import Engine, EngineFacts, Model, Question

AnyCell = BankCell | SearchCell

TICK_SECONDS = 1.0
"""How often tokens in flight are journalled where calls can only be continued."""

IN_FLIGHT = 1.5
"""Requests admitted per slot of the engine: a queue long enough that no slot waits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: samples drawn, and the calls that failed with their errors."""

    drawn: int
    failed: tuple[tuple[str, str], ...]


def run_cells(
    prepared: Sequence[PreparedCell], sweep: Sweep, folder: RunFolder, progress: Progress
) -> Outcome:
    """Draw what `folder` lacks of the cells, and publish them.

    The caller holds the folder's lock. Raises EngineError when an engine cannot start or dies;
    everything recorded until then is in the journals and is taken up by the next call.
    """
    # Two cells of one key would fill the same bank: the plan refuses them.
    plan(wanted(prepared), lambda key: ())
    folder.write_questions(_questions(prepared))
    drawn = 0
    failed: list[tuple[str, str]] = []
    with GraderPool() as grader:
        regrade_changed(prepared, folder, grader, progress.say)
        describe(prepared, sweep, folder)
        for group in groups_by_engine(prepared):
            if _is_drawn(group, folder):
                asyncio.run(_publish(group, folder, grader, progress))
                continue
            outcome = asyncio.run(_run_group(group, sweep, folder, grader, progress))
            drawn += outcome.drawn
            failed += outcome.failed
        failed += asyncio.run(score_banks(prepared, folder, grader, progress))
    return Outcome(drawn, tuple(failed))


def _questions(prepared: Sequence[PreparedCell]) -> list[Question]:
    """Every question of the run once, in the order of the cells."""
    return list({q.id: q for cell in prepared for q in cell.questions}.values())


def groups_by_engine(prepared: Sequence[PreparedCell]) -> list[list[PreparedCell]]:
    """Cells that one start of an engine can serve."""
    groups: dict[tuple[str, EngineSpec], list[PreparedCell]] = {}
    for cell in prepared:
        groups.setdefault((cell.model.weights_hash, cell.cell.engine), []).append(cell)
    return list(groups.values())


def _is_drawn(group: Sequence[PreparedCell], folder: RunFolder) -> bool:
    """Whether nothing is left to draw, so that no engine need start."""
    return not any(one.missing for one in left_to_do(group, folder).todo)


async def _publish(
    group: Sequence[PreparedCell], folder: RunFolder, grader: GraderPool, progress: Progress
) -> None:
    """Write what is drawn but not written or graded, as after a kill between these steps."""
    for prepared in group:
        if prepared.cell.searches:
            continue
        if folder.journal_path(prepared.key).exists() or folder.has_ungraded(prepared.key):
            await BankCell(prepared, folder, None, grader, progress).publish()


async def _run_group(
    group: Sequence[PreparedCell],
    sweep: Sweep,
    folder: RunFolder,
    grader: GraderPool,
    progress: Progress,
) -> Outcome:
    model, spec = group[0].model, group[0].cell.engine
    start = count_starts(folder)
    seed = _engine_seed(folder, model, spec, start)
    progress.say(f"starting {spec.name} with {model.name}")
    ready = for_engine(model, spec, progress)
    async with AsyncExitStack() as stack:
        engine = await open_engine(spec.name, ready, engine_options(group, spec), seed)
        stack.push_async_callback(engine.close)
        add_start(folder, model, spec.name, engine.facts, seed)
        bench = Bench(stack, folder, grader, progress, {(model.weights_hash, spec): engine})
        cells = [await _open_cell(cell, bench, engine.facts) for cell in group]
        progress.restart_clock()
        with Work(engine.facts.slots) as work:
            try:
                await _fill(cells, work.watched(engine), sweep, start)
            finally:
                _keep_pace(folder, model.name, engine.facts, progress, cells)
        note_work(folder, start, work.facts())
        for cell in cells:
            await cell.publish()
        failed = tuple(failure for cell in cells for failure in cell.failed())
        return Outcome(sum(progress.cells[c.prepared.key].tokens for c in cells), failed)


async def _open_cell(prepared: PreparedCell, bench: Bench, facts: EngineFacts) -> AnyCell:
    """The cell of its lane, its verifier at hand."""
    folder, grader, progress = bench.folder, bench.grader, bench.progress
    if prepared.cell.searches:
        verifier = prepared.verifier
        scoring = None
        if verifier is not None:
            scoring = await bench.scoring(
                verifier, prepared.style, prepared.equality, prepared.questions
            )
        return SearchCell(prepared, folder, facts, grader, progress, scoring)
    likely = [await bench.alternatives(scorer) for scorer in prepared.scorers]
    return BankCell(prepared, folder, facts, grader, progress, max(likely, default=0))


def _keep_pace(
    folder: RunFolder,
    model: str,
    facts: EngineFacts,
    progress: Progress,
    cells: Sequence[AnyCell],
) -> None:
    """How fast this start of the engine sampled, whether it ended well or was stopped."""
    if not progress.drawn:
        return
    # How long it took is worth knowing and not worth failing over, a full disk included.
    with contextlib.suppress(StoreError):
        add_session(
            folder,
            {
                "model": model,
                "engine": facts.name,
                "device": str(facts.details.get("device", platform.machine())),
                "slots": facts.slots,
                "samples": sum(progress.cells[cell.prepared.key].drawn for cell in cells),
                "tokens": progress.drawn,
                "seconds": progress.elapsed,
                "verified": any(map(_asks, cells)),
            },
        )


def _asks(cell: AnyCell) -> bool:
    """Whether a verifier was asked while the cell was drawn."""
    verifier = cell.prepared.verifier
    return verifier is not None and (verifier.model is not None or verifier.spec.name == ROLLING)


def engine_options(group: Sequence[PreparedCell], spec: EngineSpec) -> dict[str, Any]:
    """The engine's options; the fake engine, which is a law about questions, is told them."""
    options = dict(spec.options)
    if spec.name == "vllm":
        options["plain_sampling"] = all(cell.cell.sampler.is_plain for cell in group)
    if spec.name == "fake":
        options["questions"] = {q.id: q for cell in group for q in cell.questions}
    return options


def _engine_seed(folder: RunFolder, model: Model, spec: EngineSpec, start: int) -> int:
    text = f"{folder.name}/{model.weights_hash}/{spec.name}/{start}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


async def _fill(cells: Sequence[AnyCell], engine: Engine, sweep: Sweep, start: int) -> None:
    """Feed the engine question by question until every cell is full."""
    admission = Admission(
        room=int(engine.facts.slots * IN_FLIGHT), questions=sweep.questions_in_flight
    )
    try:
        with collecting.seldom():
            await _feed(cells, engine, admission, start)
    except* ScaleError as failed:
        # A dead engine, a full disk: every question in flight says the same.
        raise first_error(failed) from None
    finally:
        for cell in cells:
            cell.journal.close()


async def _feed(cells: Sequence[AnyCell], engine: Engine, admission: Admission, start: int) -> None:
    async with asyncio.TaskGroup() as group:
        ticker = group.create_task(_tick(cells))
        async with asyncio.TaskGroup() as tasks:
            for cell, question in _interleaved(cells):
                draw = partial(cell.draw, question, engine, start)
                await admission.start(tasks, cell.width, draw)
        ticker.cancel()


async def _tick(cells: Sequence[AnyCell]) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        for cell in cells:
            cell.journal.flush()


def _interleaved(cells: Sequence[AnyCell]) -> Iterator[tuple[AnyCell, Question]]:
    """The cells' questions in turn, so that no cell is left alone at the end."""
    for row in zip_longest(*(cell.questions for cell in cells)):
        for cell, question in zip(cells, row, strict=True):
            if question is not None:
                yield cell, question
