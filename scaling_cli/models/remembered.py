"""What a GGUF file says, kept in the cache: parsing 300,000 strings takes seconds."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scaling_cli.models.cache import cache_folder
from scaling_cli.models.gguf import architecture_of, read_gguf
from scaling_cli.models.tokenizer import TextTokenizer, from_json, to_json, tokenizer_of
from scaling_cli.types import Architecture

VERSION = 3
"""Raised when what is derived from a file changes."""


def read_remembered(file: Path, weights_hash: str) -> tuple[Architecture | None, TextTokenizer]:
    """The architecture and tokenizer of a GGUF file, parsed once per hash.

    No architecture for a family that is not known: its FLOPs are then null, never guessed.
    """
    kept = cache_folder() / "described" / f"{weights_hash[:16]}-{VERSION}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        fields = json.loads(kept.read_text())
        found = fields["architecture"]
        return (
            None if found is None else Architecture.from_facts(found),
            from_json(fields["tokenizer"]),
        )
    described = read_gguf(file)
    architecture, tokenizer = architecture_of(described), tokenizer_of(described)
    facts = None if architecture is None else asdict(architecture)
    _keep(kept, {"architecture": facts, "tokenizer": to_json(tokenizer)})
    return architecture, tokenizer


def _keep(path: Path, fields: dict[str, Any]) -> None:
    # A cache that cannot be written only costs time.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        unfinished.write_text(json.dumps(fields))
        unfinished.replace(path)
