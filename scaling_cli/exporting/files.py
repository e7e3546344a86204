"""Files of an export: written whole or not at all, by names that any system takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from scaling_cli.store.atomic import replace_file

LONGEST = 60
"""Characters of a name that become part of a file's name."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file of an export, and how many rows it holds."""

    path: Path
    rows: int


def write_text(path: Path, lines: Iterable[str], rows: int) -> Written:
    """Write lines as they come, so that no more than one is held."""

    def write(file: IO[bytes]) -> None:
        for line in lines:
            file.write(f"{line}\n".encode())

    replace_file(path, write)
    return Written(path, rows)


def write_json(path: Path, content: Mapping[str, Any], rows: int) -> Written:
    """Write readable JSON; what JSON cannot hold must have been made null before."""
    text = json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False)
    return write_text(path, [text], rows)


def safe_name(text: str) -> str:
    """A name without slashes, spaces and leading dots: it may not lead out of the folder."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text).lstrip(".")[:LONGEST] or "_"
