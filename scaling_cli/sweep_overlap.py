"""Cells a sweep must not have: more than can be meant, or two that fill one bank."""

from __future__ import annotations

from dataclasses import replace

from scaling_cli.errors import SweepError
from scaling_cli.sweep import cells, count_cells
from scaling_cli.sweep_nouns import Cell, EngineSpec, ModelSpec, Sweep
from scaling_cli.sweep_yaml import Document, Place, brief

MAX_CELLS = 10_000


def check_cells(sweep: Sweep, document: Document) -> None:
    """SweepError where the sweep's cells are too many or overlap."""
    count = count_cells(sweep)
    if count > MAX_CELLS:
        hint = f"a sweep has at most {MAX_CELLS:,}"
        raise document.error((), f"this makes up to {brief(count)} cells", hint)
    banks: dict[Cell, Cell] = {}
    for cell in cells(sweep):
        other = banks.setdefault(_bank(cell), cell)
        if other != cell:
            raise _overlap(sweep, document, other, cell)


def _bank(cell: Cell) -> Cell:
    """The cell without what does not tell banks apart."""
    model = ModelSpec(cell.model.name, cell.model.path, cell.model.revision)
    task = replace(cell.task, questions=None, max_tokens=None)
    dtype = tuple(pair for pair in cell.engine.options if pair[0] == "dtype")
    engine = EngineSpec(cell.engine.name, dtype)
    return replace(cell, model=model, task=task, engine=engine, samples=0, scorers=())


def _overlap(sweep: Sweep, document: Document, first: Cell, second: Cell) -> SweepError:
    if first.model != second.model:
        place: Place = ("models", sweep.models.index(second.model))
        name = second.model.name
    else:
        place, name = ("tasks", sweep.tasks.index(second.task)), second.task.name
    hint = "keep one of the two, with the larger samples and all the questions"
    return document.error(place, f"{name} is asked for twice with the same settings", hint)
