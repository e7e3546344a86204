"""Which cells of a run hold graded answers, and what to do where none does."""

from __future__ import annotations

from scaling_cli.errors import StoreError
from scaling_cli.store.folder import RunFolder
from scaling_cli.store.manifest import Run


def answered_cells(folder: RunFolder) -> set[str]:
    """The cells whose graded answers are at hand.

    Raises `StoreError` where there is none: a run that was published as a summary says where
    its answers come from, one that is not yet run that it is not.
    """
    run = folder.read_manifest()
    found = set(folder.cells("candidates")) & set(run.cells)
    if found:
        return found
    if not summary_alone(folder):
        raise StoreError(f"{folder.path} holds no graded answers yet", "scale run fills it")
    raise StoreError(
        f"{folder.path} holds only a summary: its graded answers are not at hand",
        f"{_source(folder, run)}; scale report and scale export read the summary as it is",
    )


def summary_alone(folder: RunFolder) -> bool:
    """Whether the accuracy rows are there and no answers they were made from."""
    return folder.has_part("summary") and not folder.cells("candidates")


def _source(folder: RunFolder, run: Run) -> str:
    """How the answers come back: imported once more, or put where they were."""
    imports = [cell.details["import"] for cell in run.cells.values() if "import" in cell.details]
    if not imports:
        return "put its candidates/ and questions.parquet beside run.json"
    files = sorted({f"{one['format']} {one['file']}" for one in imports})
    more = f", and {len(files) - 1} more" if len(files) > 1 else ""
    return f"import them again: scale import {files[0]} --out {folder.path}{more}"
