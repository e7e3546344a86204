"""What the tests of readers share: the samples and the refusals that a reader yields."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scaling_cli.importing import FORMATS, ImportedSample, Skipped

LOGS = Path(__file__).parent / "logs"


def taken(name: str, path: Path) -> list[ImportedSample]:
    return [row for row in FORMATS[name](path) if isinstance(row, ImportedSample)]


def skipped(name: str, path: Path) -> list[Skipped]:
    return [row for row in FORMATS[name](path) if isinstance(row, Skipped)]


def json_lines(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text(
        "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    )
    return path
