"""How large a page may become: estimated from the files' sizes before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from scaling_cli.errors import StoreError
from scaling_cli.reporting.plain import LONGEST
from scaling_cli.store import RunFolder
from scaling_cli.store.extent import extent

LIMIT = 100_000_000
"""Bytes: above this browsers are slow and mail servers refuse."""
SAMPLE_BYTES = 45
"""Of one recorded answer on the page, measured on GSM8K."""
CALL_BYTES = 60
"""Of one call of a search."""
ESCAPES = 1.1
"""How much longer a text becomes in JSON."""


def check_size(folders: Sequence[RunFolder], questions: int | None, *, texts: bool) -> None:
    """StoreError with the remedy where the page would be too large to send."""
    size = sum(estimate(folder, questions, texts=texts) for folder in folders)
    if size > LIMIT:
        raise too_large(size, texts=texts)


def too_large(size: float, *, texts: bool) -> StoreError:
    remedies = ["--questions 20 keeps the figures whole and lists twenty questions"]
    if texts:
        remedies.append("--no-texts leaves out what the models wrote")
    return StoreError(
        f"the report would be about {size / 1e6:,.0f} MB, more than the {LIMIT / 1e6:.0f} MB that "
        "a browser opens and a mail carries",
        "; ".join(remedies),
    )


def estimate(folder: RunFolder, questions: int | None, *, texts: bool) -> float:
    """Bytes that the questions of a run take on the page."""
    held = _rows(folder, "questions", "") if folder.has_part("questions") else 0
    share = min(questions / held, 1.0) if questions is not None and held else 1.0
    size: float = 0.0
    for kind, each in (("candidates", SAMPLE_BYTES), ("charges", CALL_BYTES)):
        size += each * sum(_rows(folder, kind, cell) for cell in folder.cells(kind))
    if texts:
        size += ESCAPES * sum(_text_bytes(folder, cell) for cell in folder.cells("bank"))
    return share * size


def _rows(folder: RunFolder, kind: str, cell: str) -> int:
    return extent(folder.part_path(kind, cell), kind, "question_id").rows


def _text_bytes(folder: RunFolder, cell: str) -> int:
    found = extent(folder.part_path("bank", cell), "bank", "text")
    return min(found.bytes, found.rows * LONGEST)
