"""What earlier runs show of a cell that is only planned: how long its answers are, how right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scaling_cli.errors import ScaleError, StoreError
from scaling_cli.planning.absent import is_absent
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.tables import mean_tokens
from scaling_cli.store import CellRecord, RunFolder


@dataclass(frozen=True, slots=True)
class Earlier:
    """A cell of some run with graded answers."""

    folder: RunFolder
    key: str
    record: CellRecord

    @property
    def source(self) -> str:
        """What a reader of the plan calls it."""
        return self.folder.name


def earlier_cells(
    folders: Iterable[RunFolder], say: Callable[[str], None] = lambda line: None
) -> list[Earlier]:
    """Every cell with graded answers of the runs; a run that cannot be read is said and skipped."""
    found: dict[tuple[str, str], Earlier] = {}
    for folder in folders:
        try:
            present = set(folder.cells("candidates"))
            for key, record in folder.read_manifest().ordered():
                if key in present:
                    found[str(folder.path.resolve()), key] = Earlier(folder, key, record)
        except ScaleError as error:
            say(f"left out of the plan's evidence: {error.message}")
    return [*found.values()]


def kin(cell: PreparedCell, earlier: Iterable[Earlier]) -> list[Earlier]:
    """Cells that tell something of `cell`: the same model and task, asked in the same way.

    The cell itself stands first, then those with the same prompt, then the larger ones.
    """
    alike = [one for one in earlier if _alike(cell, one)]
    return sorted(alike, key=lambda one: _rank(cell, one))


def _alike(cell: PreparedCell, one: Earlier) -> bool:
    details = one.record.details
    names = cell.model.name, cell.cell.task.name, cell.cell.strategy, dict(cell.cell.params)
    theirs = tuple(details.get(name) for name in ("model", "task", "strategy", "params"))
    led_by = None if cell.verifier is None else cell.verifier.spec.label
    if led_by != (details.get("verifier") or {}).get("label"):
        return False
    return names == theirs and cell.cell.greedy == (details.get("temperature") == 0)


def _rank(cell: PreparedCell, one: Earlier) -> tuple[bool, bool, bool, int]:
    details = one.record.details
    size = int(details.get("samples", 0)) * int(details.get("questions", 0))
    return (
        one.key != cell.key,
        not _same_prompt(cell, one),
        details.get("temperature") != cell.cell.sampler.temperature,
        -size,
    )


def _same_prompt(cell: PreparedCell, one: Earlier) -> bool:
    return one.record.prompt_hash == str(cell.identity["prompt"])


def length_of(cell: PreparedCell, earlier: Sequence[Earlier]) -> tuple[float, str] | None:
    """Mean new tokens a sample and the run that shows it; None where none does.

    Only a cell with a token limit as high tells, a lower one hides lengths; and none with
    another prompt, where both prompts are known.
    """
    limit = cell.cell.sampler.max_tokens
    for one in kin(cell, earlier):
        known = one.record.prompt_hash is not None and not is_absent(cell)
        if known and not _same_prompt(cell, one):
            continue
        if int(one.record.details["max_tokens"]) >= limit:
            try:
                mean = mean_tokens(one.folder, one.key)
            except StoreError:
                continue  # evidence that cannot be read is none
            if mean is not None:
                return min(mean, float(limit)), one.source
    return None
