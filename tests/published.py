"""A committed run as a clone holds it: a summary, whatever imports have put beside it here."""

from __future__ import annotations

import shutil
from pathlib import Path

from scaling_cli.store import RunFolder

RESULTS = Path(__file__).parents[1] / "results"


def published(folder: Path, name: str) -> RunFolder:
    """A copy of the run's manifest and summary at `folder/name`."""
    copy = RunFolder.create(folder / name)
    for file in ("run.json", "summary.parquet"):
        shutil.copy(RESULTS / name / file, copy.path)
    return copy
